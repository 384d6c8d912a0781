import { expect, it } from "vitest";
import { FailureNews } from "./news";

it("a failure is news when its reason is another, and after it was over", () => {
  const news = new FailureNews();
  expect(news.isNews("no device; tried again in 1 s")).toBe(true);
  expect(news.isNews("no device; tried again in 2 s")).toBe(false);
  expect(news.isNews("permission denied")).toBe(true);
  news.over();
  expect(news.isNews("permission denied")).toBe(true);
});
