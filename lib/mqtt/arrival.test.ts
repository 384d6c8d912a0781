import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../reading";
import { ArrivalJudge } from "./arrival";

const NOW = 1_700_000_000_000;
const reading = (more: Partial<Reading> = {}): Reading => ({
  deviceId: "d",
  sensor: "t",
  value: 1,
  unit: "Cel",
  timestamp: NOW,
  quality: "good",
  ...more,
});
const judge = (more = {}): ArrivalJudge =>
  new ArrivalJudge({ lateAfterMs: 60_000, futureAfterMs: 5000, duplicates: true, ...more });

describe("ArrivalJudge", () => {
  it("passes what is on time as the same object", () => {
    const given = reading();
    expect(judge().judge(given, NOW)).toBe(given);
  });

  it("marks late and future beyond their limits, not at them", () => {
    const arrivals = judge();
    expect(arrivals.judge(reading({ timestamp: NOW - 60_000 }), NOW).marks).toBeUndefined();
    expect(arrivals.judge(reading({ timestamp: NOW - 60_001 }), NOW).marks).toEqual(["late"]);
    expect(arrivals.judge(reading({ timestamp: NOW + 5000 }), NOW).marks).toBeUndefined();
    expect(arrivals.judge(reading({ timestamp: NOW + 5001 }), NOW).marks).toEqual(["future"]);
    expect([arrivals.late, arrivals.future, arrivals.duplicate]).toEqual([1, 1, 0]);
  });

  it("marks nothing where the limit is 0", () => {
    const arrivals = judge({ lateAfterMs: 0, futureAfterMs: 0, duplicates: false });
    const given = reading({ timestamp: 0 });
    expect(arrivals.judge(given, NOW)).toBe(given);
    expect(arrivals.judge(given, NOW)).toBe(given);
  });

  it("knows a reading again by time, sensor and value", () => {
    const arrivals = judge();
    arrivals.judge(reading(), NOW);
    expect(arrivals.judge(reading(), NOW).marks).toEqual(["duplicate"]);
    expect(arrivals.judge(reading({ value: 2 }), NOW).marks).toBeUndefined();
    expect(arrivals.judge(reading({ sensor: "u" }), NOW).marks).toBeUndefined();
    expect(arrivals.judge(reading({ deviceId: "e" }), NOW).marks).toBeUndefined();
    expect(arrivals.judge(reading({ timestamp: NOW + 1 }), NOW).marks).toBeUndefined();
  });

  it("keeps the marks a reading came with", () => {
    const arrivals = judge();
    expect(arrivals.judge(reading({ marks: ["duplicate"], timestamp: NOW - 99_999 }), NOW).marks).toEqual([
      "duplicate",
      "late",
    ]);
  });

  it("takes a sequence that begins again as a restarted device", () => {
    const arrivals = judge();
    for (const seq of [998, 999, 1000]) arrivals.judge(reading({ seq, timestamp: NOW + seq }), NOW + seq);
    expect(arrivals.judge(reading({ seq: 0, timestamp: NOW + 2000 }), NOW + 2000).marks).toBeUndefined();
    expect(arrivals.judge(reading({ seq: 1, timestamp: NOW + 2001 }), NOW + 2001).marks).toBeUndefined();
    expect(arrivals.judge(reading({ seq: 1, timestamp: NOW + 2001 }), NOW + 2001).marks).toEqual(["duplicate"]);
  });

  it("finds exactly the repeated numbers while they stay within the window", () => {
    const jumps = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(jumps, (steps) => {
        const arrivals = judge({ lateAfterMs: 0, futureAfterMs: 0 });
        const seen = new Set<number>();
        let highest = 1000;
        arrivals.judge(reading({ seq: highest }), NOW);
        seen.add(highest);
        for (const step of steps) {
          const seq = Math.max(1, highest + step);
          const marks = arrivals.judge(reading({ seq }), NOW).marks;
          expect(marks?.includes("duplicate") ?? false).toBe(seen.has(seq));
          seen.add(seq);
          highest = Math.max(highest, seq);
        }
      }),
    );
  });

  it("forgets the least recently heard series at its cap", () => {
    const arrivals = judge({ cap: 2 });
    for (const deviceId of ["a", "b", "c"]) arrivals.judge(reading({ deviceId }), NOW);
    expect(arrivals.judge(reading({ deviceId: "c" }), NOW).marks).toEqual(["duplicate"]);
    expect(arrivals.judge(reading({ deviceId: "a" }), NOW).marks).toBeUndefined();
  });
});
