import { describe, expect, it } from "vitest";
import { gaussian, series, throughJson } from "../../test/support/series";
import { ContextMemory } from "./context-memory";
import { SeriesDetector } from "./series-detector";
import { type SubsequenceOptions, subsequenceFactory } from "./subsequence-distance";

function anomalies(values: readonly number[], options: Partial<SubsequenceOptions> = {}): number[] {
  const detector = new SeriesDetector(subsequenceFactory(options)(), { gap: 0, learnAnomalies: true, relearnAfter: 0 });
  return series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
}

/** A machine that works in cycles of 40 readings; every value in it is common. */
function cycles(count: number, seed: number): number[] {
  const next = gaussian(seed);
  return Array.from({ length: count }, (_, i) => (i % 40 < 15 ? 10 : 2) + 0.1 * next());
}

describe("context memory", () => {
  const of = (...values: number[]): Float64Array => Float64Array.from(values);

  it("keeps windows that resemble one another as one, and takes the nearest", () => {
    const memory = new ContextMemory(2, 4);
    const learn = (window: Float64Array): void => memory.learn(window, memory.nearest(window), 0.5);
    expect(memory.nearest(of(1, 1)).index).toBe(-1);
    learn(of(0, 0));
    learn(of(5, 5));
    learn(of(0.3, 0.3));
    // (5, 5) is away from (8, 9) by sqrt((9 + 16) / 2).
    expect(memory.nearest(of(8, 9))).toEqual({ index: 1, distance: Math.sqrt(12.5) });
    expect(memory.nearest(of(0, 0))).toMatchObject({ index: 0 });
    expect(memory.nearest(of(0, 0)).distance).toBeCloseTo(0.03, 12);
  });

  it("forgets the context that was met the longest ago when it is full", () => {
    const memory = new ContextMemory(1, 2);
    const learn = (value: number): void => memory.learn(of(value), memory.nearest(of(value)), 0.5);
    for (const value of [0, 10, 0, 20]) learn(value);
    expect([0, 10, 20].map((value) => memory.nearest(of(value)).distance)).toEqual([0, 10, 0]);
    const restored = new ContextMemory(1, 2);
    restored.restore(throughJson(memory.snapshot()));
    expect(restored.nearest(of(10))).toEqual(memory.nearest(of(10)));
    expect(() => restored.restore({ contexts: [1, 2], met: [1], windows: 1 })).toThrow(/contexts/);
    expect(() => restored.restore({ newest: [], differences: [0], met: [1], windows: 1 })).toThrow(/newest/);
    expect(() => restored.restore({ newest: [1], differences: [0, 0], met: [1], windows: 1 })).toThrow(/differences/);
    expect(restored.nearest(of(10))).toEqual(memory.nearest(of(10)));
  });

  it("keeps the pattern's digits at any height, also of steps that single precision cannot say", () => {
    for (const height of [0, 1e9, -1e12]) {
      const memory = new ContextMemory(3, 20);
      // More contexts than there is room for at first.
      for (let i = 0; i < 20; i++) {
        const window = of(height + 10 * i, height + 10 * i + 0.5, height);
        memory.learn(window, memory.nearest(window), 0.01);
      }
      const near = memory.nearest(of(height + 70.125, height + 70.625, height + 0.125));
      expect(near.index).toBe(7);
      expect(near.distance).toBeCloseTo(0.125, 4);
    }
    const memory = new ContextMemory(2, 4);
    for (const value of [1e150, 0, -1e150]) memory.learn(of(value, 1), memory.nearest(of(value, 1)), 1);
    expect(memory.nearest(of(0, 1))).toEqual({ index: 1, distance: 0 });
    expect(memory.nearest(of(1e150, 1)).distance).toBeLessThan(1e151);
  });

  it("goes on with what it saved when contexts were kept as their values", () => {
    const memory = new ContextMemory(2, 4);
    memory.restore({ contexts: [0, 1, 5, 7.5], met: [1, 2], windows: 2 });
    expect(memory.nearest(of(5, 7.5))).toEqual({ index: 1, distance: 0 });
    expect(memory.nearest(of(0, 3))).toEqual({ index: 0, distance: Math.sqrt(2) });
  });
});

describe("subsequence distance", () => {
  it("finds a cycle that stays away, of which every value is common", () => {
    const values = cycles(4000, 1);
    for (let i = 3000; i < 3015; i++) values[i] = 2;
    const found = anomalies(values, { length: 48 });
    expect(found.some((i) => i >= 3000 && i < 3060)).toBe(true);
    expect(found.filter((i) => i > 400 && (i < 3000 || i >= 3100)).length).toBeLessThan(8);
  });

  it("finds a stutter", () => {
    const values = cycles(4000, 2);
    for (let i = 3000; i < 3040; i++) values[i] = i % 2 === 0 ? 10 : 2;
    expect(anomalies(values).some((i) => i >= 3000 && i < 3056)).toBe(true);
  });

  it("gets used to a new pattern", () => {
    const next = gaussian(3);
    const other = Array.from({ length: 3000 }, (_, i) => (i % 30 < 5 ? 12 : 4) + 0.1 * next());
    const found = anomalies([...cycles(2000, 4), ...other]);
    expect(found.some((i) => i >= 2000 && i < 2100)).toBe(true);
    expect(found.filter((i) => i >= 3000).length).toBeLessThan(8);
  });

  it("refuses options that make no sense, and says which", () => {
    expect(() => subsequenceFactory({ length: 1 })).toThrow(/^length/);
    expect(() => subsequenceFactory({ contexts: 1 })).toThrow(/^contexts/);
    expect(() => subsequenceFactory({ oneIn: 2 })).toThrow(/^oneIn/);
    expect(() => subsequenceFactory({ minStd: -1 })).toThrow(/^minStd/);
    expect(() => subsequenceFactory({ high: 1 })).toThrow(/^severity/);
  });
});
