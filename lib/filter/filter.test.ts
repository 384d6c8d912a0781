import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, reading, series, throughJson } from "../../test/support/series";
import type { Reading } from "../reading";
import { createFilter } from "./create";

type Options = Parameters<typeof createFilter>[0];

const all: Options[] = [
  { method: "movingAverage", window: 4 },
  { method: "movingMedian", window: 4 },
  { method: "hampel", window: 5 },
  { method: "ewma", alpha: 0.3 },
  { method: "ewma", smoothing: "timeConstant", timeConstant: 2 },
  { method: "kalman" },
  { method: "butterworth", order: 3, cutoff: 0.1 },
  { method: "savitzkyGolay", points: 5, degree: 2 },
  { method: "savitzkyGolay", points: 5, degree: 2, position: "centre" },
  { method: "deadband", deadband: 1, maxSilence: 7 },
  { method: "rateLimit", count: 3, interval: 4 },
  { method: "slewLimit", rate: 0.5 },
  { method: "range", min: -1, max: 1 },
  { method: "calibration", gain: 2, offset: 1 },
];
const usesWindowsOnly = all.filter(({ method }) => !["deadband", "rateLimit", "calibration"].includes(method));
const name = (options: Options): string => `${options.method} ${options.smoothing ?? options.position ?? ""}`.trim();

function push(filter: ReturnType<typeof createFilter>, input: readonly Reading[]): Reading[] {
  const out: Reading[] = [];
  for (const item of input) filter.push(item, out);
  return out;
}

const value = fc.oneof(
  { weight: 8, arbitrary: finite(-4, 4) },
  { weight: 1, arbitrary: fc.constantFrom<Reading["value"]>(null, true, "off") },
);
const readings = fc.array(fc.tuple(value, fc.integer({ min: -500, max: 3000 })), { maxLength: 40 }).map((items) => {
  let time = 1_700_000_000_000;
  return items.map(([x, step]) => {
    time += step;
    return reading(x, time, { quality: x === null ? "bad" : "good" });
  });
});

describe.each(all.map((options) => [name(options), options] as const))("%s", (_, options) => {
  it("continues after snapshot and restore as if never stopped", () => {
    fc.assert(
      fc.property(readings, readings, fc.constantFrom(0, 2), (before, after, gap) => {
        const whole = createFilter({ ...options, gap });
        push(whole, before);
        const restored = createFilter({ ...options, gap });
        restored.restore(throughJson(whole.snapshot()));
        expect(push(restored, after)).toEqual(push(whole, after));
        expect(throughJson(restored.snapshot())).toEqual(throughJson(whole.snapshot()));
      }),
    );
  });

  it("gives only finite numbers, whatever comes", () => {
    const extreme = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(extreme, { maxLength: 30 }), (values) => {
        const filter = createFilter(options);
        const out = push(filter, series(values));
        filter.reset(out);
        for (const item of out)
          expect(item.value === null ? item.quality === "bad" : Number.isFinite(item.value)).toBe(true);
      }),
    );
  });

  it("never changes a reading it was given", () => {
    const input = series([1, 5, -3, 2, 2, 9]).map((item) => Object.freeze(item));
    expect(() => push(createFilter(options), input)).not.toThrow();
  });

  it("is as new after a reset", () => {
    const filter = createFilter(options);
    const input = series([3, 1, 4, 1, 5, 9, 2, 6]);
    const first = push(filter, input);
    filter.reset([]);
    expect(push(filter, input)).toEqual(first);
  });

  it("refuses a state that is none, and works on", () => {
    const filter = createFilter({ ...options, gap: 5 });
    expect(() => filter.restore("nonsense")).toThrow(/saved state/);
    expect(push(filter, [reading(1)]).length).toBeLessThanOrEqual(1);
  });
});

describe.each(usesWindowsOnly.map((options) => [name(options), options] as const))("%s", (_, options) => {
  it("lets bad readings, texts and booleans pass as they are, and takes nothing from them", () => {
    const odd = [
      reading(999, 1, { quality: "bad" }),
      reading(null, 1, { quality: "bad" }),
      reading("x", 1),
      reading(true, 1),
    ];
    const good = series([1, 2, 1, 3, 2, 1, 2]);
    const clean = push(createFilter(options), good);
    const mixed = push(
      createFilter(options),
      good.flatMap((item, i) => [item, odd[i % odd.length]!]),
    );
    expect(mixed.filter((item) => !odd.includes(item))).toEqual(clean);
    expect(mixed.filter((item) => odd.includes(item))).toHaveLength(good.length);
  });
});
