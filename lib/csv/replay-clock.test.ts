import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplayClock, speedOf, timeSpanOf } from ".";

const recorded = Date.UTC(2015, 1, 4);
const span = { first: recorded, last: recorded + 60_000 };
const now = 1_700_000_000_000;

describe("the clock of a replay", () => {
  it("plays at recorded intervals divided by the speed, and readings bear the time of playing", () => {
    const clock = new ReplayClock({ speed: 60, keepTime: false }, span, now);
    expect([0, 30_000, 60_000].map((ms) => clock.due(recorded + ms) - now)).toEqual([0, 500, 1000]);
    expect([0, 30_000, 60_000].map((ms) => clock.timestampOf(recorded + ms) - now)).toEqual([0, 500, 1000]);
  });

  it("keeps times when asked", () => {
    expect(new ReplayClock({ speed: 10, keepTime: true }, span, now).timestampOf(recorded + 5)).toBe(recorded + 5);
  });

  it("at full speed everything is due at once, and the recording ends now", () => {
    const clock = new ReplayClock({ speed: "max", keepTime: false }, span, now);
    expect([clock.due(recorded), clock.due(recorded + 60_000)]).toEqual([now, now]);
    expect([clock.timestampOf(recorded), clock.timestampOf(recorded + 60_000)]).toEqual([now - 60_000, now]);
  });

  it("never plays a row before the one ahead of it, and never in the past", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60_000)), fc.double({ min: 0.01, max: 1e4, noNaN: true }), (offsets, speed) => {
        const clock = new ReplayClock({ speed, keepTime: false }, span, now);
        const due = offsets.map((offset) => clock.due(recorded + offset));
        expect(due).toEqual(due.toSorted((a, b) => a - b));
        expect(due.every((time) => time >= now)).toBe(true);
      }),
    );
  });

  it("goes on where it stood after a pause", () => {
    const clock = new ReplayClock({ speed: 1, keepTime: false }, span, now);
    clock.due(recorded + 1000);
    const later = clock.delayedBy(5000);
    expect(later.due(recorded + 1000) - now).toBe(6000);
    expect(later.timestampOf(recorded + 2000) - now).toBe(7000);
  });
});

it("a speed is a number above 0 or max", () => {
  expect(["60", "0.5", "max", 3].map(speedOf)).toEqual([60, 0.5, "max", 3]);
  for (const wrong of ["0", "-1", "fast", "", "Infinity"])
    expect(() => speedOf(wrong)).toThrow(`expected a number above 0 or max, got "${wrong}"`);
});

it("the span of a recording is its earliest and latest time, in whatever order", async () => {
  async function* chunks(rows: number[], reason?: string) {
    const problems = reason ? [{ line: 2, reason }] : [];
    yield { rows: rows.map((timestamp) => ({ line: 1, timestamp, readings: [] })), problems };
  }
  expect(await timeSpanOf(chunks([5, 3, 9, 4]))).toEqual({ first: 3, last: 9 });
  await expect(timeSpanOf(chunks([], "bad"))).rejects.toThrow("line 2: bad");
});
