import { describe, expect, it } from "vitest";
import { BadData, bad, type ChannelValue, judged, uncertain } from "./values";

const channel = { sensor: "temperature", unit: "Cel", range: [-40, 85] } as const;
const of = (value: ChannelValue) => {
  const { sensor, unit, ...judgement } = judged(channel, () => value);
  expect([sensor, unit]).toEqual(["temperature", "Cel"]);
  return judgement;
};
const outOfRange = (got: number) => ({ ...bad(`out of range: expected -40 to 85 Cel, got ${got}`) });

describe("the reading of a channel", () => {
  it.each([
    [21.5, { value: 21.5, quality: "good" }],
    [-40, { value: -40, quality: "good" }],
    [-0, { value: 0, quality: "good" }],
    [85.1, outOfRange(85.1)],
    [Number.NaN, bad("the conversion gave no number")],
    [Number.NEGATIVE_INFINITY, bad("the conversion gave no number")],
    ["2026-11-20", { value: "2026-11-20", quality: "good" }],
    [false, { value: false, quality: "good" }],
  ])("of %s", (value, expected) => {
    expect(of(value)).toStrictEqual(expected);
  });

  it("of doubtful values is bad when they cannot be", () => {
    expect(of(uncertain(85, "warming up"))).toStrictEqual(uncertain(85, "warming up"));
    expect(of(uncertain(-0, "warming up"))).toStrictEqual(uncertain(0, "warming up"));
    expect(of(uncertain("open", "by hand"))).toStrictEqual(uncertain("open", "by hand"));
    expect(of(uncertain(85.1, "warming up"))).toStrictEqual(outOfRange(85.1));
    expect(of(uncertain(Number.NaN, "no light"))).toStrictEqual(bad("no light"));
  });

  it("of bad ones keeps the reason", () => {
    expect(of(bad("open circuit"))).toStrictEqual(bad("open circuit"));
    expect(of({ value: 200, quality: "bad", reason: "frozen" })).toStrictEqual({ ...bad("frozen"), value: 200 });
  });

  it("of damaged data is bad, and a mistake in a conversion stays one", () => {
    const thrown = (error: Error) => () =>
      judged(channel, () => {
        throw error;
      });
    expect(thrown(new BadData("CRC error"))()).toMatchObject(bad("CRC error"));
    expect(thrown(new TypeError("a mistake"))).toThrow("a mistake");
  });
});
