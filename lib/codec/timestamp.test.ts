import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoTime, secondsToMs, toWireTimestamp, wireTimestamp } from "./timestamp";

describe("timestamps on the wire", () => {
  it("are read back as they were written, to the millisecond at any time", () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (ms) => {
        expect(wireTimestamp(toWireTimestamp(ms)) + 0).toBe(ms + 0);
      }),
    );
  });

  it("are read back to the microsecond in our times", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e11, max: 4e12 }), fc.nat(999), (ms, micros) => {
        const time = ms + micros / 1000;
        expect(wireTimestamp(toWireTimestamp(time))).toBe(time);
        expect(Math.abs(secondsToMs(time / 1000) - time)).toBeLessThan(0.001);
      }),
    );
  });

  it("in seconds are exact to the millisecond until the year 9999", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (ms) => {
        expect(secondsToMs(ms / 1000)).toBe(ms);
      }),
      { numRuns: 5000 },
    );
  });

  // RFC 3339 section 5.8 and their times in UTC, in seconds.
  it.each([
    ["1985-04-12T23:20:50.52Z", 482196050.52],
    ["1996-12-19T16:39:57-08:00", 851042397],
    ["1937-01-01T12:00:27.87+00:20", -1041337172.13],
  ])("%s is %d s", (text, seconds) => {
    expect(wireTimestamp(text)).toBe(Math.round(seconds * 1000));
  });

  it("take the last day of February in leap years only, and the zone in short forms", () => {
    expect(isoTime("2024-02-29")?.wall).toBe(Date.UTC(2024, 1, 29));
    for (const none of [
      "2023-02-29",
      "1900-02-29",
      "2024-13-01",
      "2024-00-10",
      "2024-01-01T24:00:00",
      "2024-01-01T10:60",
      "2024-1-1",
      "24-01-01",
      "",
      "now",
    ]) {
      expect(isoTime(none), none).toBeUndefined();
    }
    expect(["+02", "+0230", "-02:30", "Z", "z"].map((zone) => isoTime(`2024-01-01 10:00${zone}`)?.offset)).toEqual([
      120, 150, -150, 0, 0,
    ]);
    expect(isoTime("2024-01-01T10:00")?.offset).toBeUndefined();
  });

  it("refuse what is no time", () => {
    for (const none of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      9e15,
      "noon",
      "1700000000",
      null,
      {},
      true,
      new Date(Number.NaN),
    ]) {
      expect(() => wireTimestamp(none)).toThrow("timestamp: expected");
    }
  });
});
