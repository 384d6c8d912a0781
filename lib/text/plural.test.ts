import { expect, it } from "vitest";
import { countOf } from "./plural";

it("counts one, and none or several, each in its own form", () => {
  expect([0, 1, 2].map((count) => countOf(count, "device"))).toEqual(["0 devices", "1 device", "2 devices"]);
  expect([1, 2].map((count) => countOf(count, "series", "series"))).toEqual(["1 series", "2 series"]);
});
