import { expect, it } from "vitest";
import { Once } from "./once";

it("has each key as news once, and no more of them than it may", () => {
  const once = new Once(2);
  expect(["a", "a", "b", "c", "a"].map((key) => once.isNews(key))).toEqual([true, false, true, false, false]);
  expect(once.isFull).toBe(true);
  once.forget((key) => key === "a");
  expect(["b", "c", "a"].map((key) => once.isNews(key))).toEqual([false, true, false]);
  once.forget();
  expect(once.isNews("b")).toBe(true);
});
