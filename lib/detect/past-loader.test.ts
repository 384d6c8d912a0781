import { describe, expect, it } from "vitest";
import { reading, series } from "../../test/support/series";
import type { Reading } from "../reading";
import type { HistoryQuery, HistoryService } from "../store/contract";
import { detectorFactory } from "./create";
import { PastLoader } from "./past-loader";

const DAY = 86_400_000;
const create = detectorFactory({ method: "history" });

/** A store that holds readings of one series, and says what it was asked. */
function storeOf(readings: readonly Reading[]): { history: HistoryService; asked: HistoryQuery[] } {
  const asked: HistoryQuery[] = [];
  const query = (what: HistoryQuery): Reading[] => {
    asked.push(what);
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, limit = 10_000 } = what;
    return readings.filter(({ timestamp }) => timestamp >= from && timestamp < to).slice(0, limit);
  };
  return { history: { append: () => {}, query, series: () => [] }, asked };
}

const alternating = (count: number, step: number, start = 0): Reading[] =>
  series(
    Array.from({ length: count }, (_, i) => (i % 2 ? 11 : 9)),
    step,
    start,
  );

describe("past loader", () => {
  it("teaches a series its last day, without the reading that is to be judged", async () => {
    // Every 10 s for two days: more than one slice, and half of it too old.
    const step = 10_000;
    const past = [...alternating(8640, step).map((item) => ({ ...item, value: 1e6 })), ...alternating(8641, step, DAY)];
    const { history, asked } = storeOf(past);
    const loader = new PastLoader(history, { span: DAY, onProblem: () => {} });
    const detector = create();
    const first = reading(11, 2 * DAY);
    expect(loader.isNew(detector)).toBe(true);
    await loader.load([{ reading: first, detector }]);
    expect(loader.isNew(detector)).toBe(false);
    expect(asked.length).toBe(3);
    const verdict = detector.push(first).anomaly;
    expect(verdict?.expected?.high).toBeCloseTo(12, 2);
    expect(verdict?.expected?.low).toBeCloseTo(8, 2);
  });

  it("teaches a restored detector only what it has missed", async () => {
    const past = alternating(100, 60_000);
    const whole = create();
    for (const item of past) whole.push(item);
    const restored = create();
    const before = create();
    for (const item of past.slice(0, 40)) before.push(item);
    restored.restore(JSON.parse(JSON.stringify(before.snapshot())));
    const loader = new PastLoader(storeOf(past).history, { span: DAY, onProblem: () => {} });
    const next = reading(13, 100 * 60_000);
    await loader.load([{ reading: next, detector: restored }]);
    expect(restored.push(next)).toEqual(whole.push(next));
  });

  it("goes on without the past when the store fails, says so once, and asks again later", async () => {
    let now = 0;
    const problems: unknown[] = [];
    const { history } = storeOf(alternating(100, 60_000));
    let broken = true;
    const query = (what: HistoryQuery) => {
      if (broken) throw new Error("the disk is gone");
      return history.query(what);
    };
    const loader = new PastLoader(
      { ...history, query },
      { span: DAY, onProblem: (error) => problems.push(error), now: () => now },
    );
    const newcomers = [create(), create()].map((detector) => ({ reading: reading(10, 6_000_000), detector }));
    await loader.load(newcomers);
    expect(problems).toHaveLength(1);
    expect(newcomers.map(({ detector }) => loader.isNew(detector))).toEqual([false, false]);
    // Readings go on meanwhile.
    for (const { detector } of newcomers) detector.push(reading(10, 6_000_001));
    broken = false;
    now = 60_000;
    expect(newcomers.map(({ detector }) => loader.isNew(detector))).toEqual([true, true]);
    await loader.load(newcomers);
    expect(newcomers.map(({ detector, reading: item }) => detector.push(item).anomaly !== undefined)).toEqual([
      true,
      true,
    ]);
  });
});
