import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reading, series } from "../../test/support/series";
import type { Reading } from "../reading";
import { createFilter } from "./create";

function run(options: Parameters<typeof createFilter>[0], input: readonly Reading[]): Reading[] {
  const filter = createFilter(options);
  const out: Reading[] = [];
  for (const item of input) filter.push(item, out);
  return out;
}

const valuesOf = (readings: readonly Reading[]): unknown[] => readings.map((item) => item.value);

describe("deadband", () => {
  it("reports changes of the deadband or more since the last report", () => {
    const out = run({ method: "deadband", deadband: 1 }, series([10, 10.5, 10.9, 11, 11.5, 10.1, 10, 10]));
    expect(valuesOf(out)).toEqual([10, 11, 10]);
  });

  it("in percent is of the value reported last", () => {
    const out = run(
      { method: "deadband", deadbandMode: "percent", deadband: 10 },
      series([-100, -109, -110, -120, -121, 0, 0.001, 0]),
    );
    expect(valuesOf(out)).toEqual([-100, -110, -121, 0, 0.001, 0]);
  });

  it("of 0 reports every change and no repetition", () => {
    expect(valuesOf(run({ method: "deadband", deadband: 0 }, series([1, 1, 2, 2, 1])))).toEqual([1, 2, 1]);
  });

  it("never lets a change of the deadband or more be missed, and never reports a smaller one", () => {
    const deadbands = fc.double({ min: 0.001, max: 5, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1 }),
        deadbands,
        (values, deadband) => {
          const input = series(values);
          const reported = new Set(run({ method: "deadband", deadband }, input));
          let last = Number.NaN;
          for (const item of input) {
            const change = Math.abs((item.value as number) - last);
            expect(reported.has(item)).toBe(Number.isNaN(last) || change >= deadband);
            if (reported.has(item)) last = item.value as number;
          }
        },
      ),
    );
  });

  it("reports an unchanged value after the longest silence", () => {
    const out = run({ method: "deadband", deadband: 1, maxSilence: 3 }, series(new Array(10).fill(5)));
    expect(out.map((item) => item.timestamp)).toEqual([0, 3000, 6000, 9000]);
  });

  it("is not silenced for good by a reading dated far ahead", () => {
    const input = [reading(5, 4e12), ...series([5, 5, 5], 1000)];
    expect(run({ method: "deadband", deadband: 1, maxSilence: 60 }, input)).toHaveLength(2);
  });

  it("reports texts and booleans when they change", () => {
    expect(valuesOf(run({ method: "deadband" }, series([true, true, false, "idle", "idle", "run"])))).toEqual([
      true,
      false,
      "idle",
      "run",
    ]);
  });

  it("reports every bad reading and the first good one after it", () => {
    const bad = reading(null, 1000, { quality: "bad" });
    expect(
      run({ method: "deadband", deadband: 1 }, [reading(5, 0), bad, reading(5, 2000), reading(5, 3000)]),
    ).toHaveLength(3);
  });
});

describe("rate limit", () => {
  it("lets no more than the count pass in any interval, and never fewer than it could", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (gaps, count) => {
        let time = 0;
        const input = gaps.map((gap) => {
          time += gap;
          return reading(1, time);
        });
        const passed: number[] = [];
        const out = new Set(run({ method: "rateLimit", count, interval: 2 }, input));
        for (const item of input) {
          const recent = passed.filter((t) => item.timestamp - t < 2000).length;
          expect(out.has(item)).toBe(recent < count);
          if (out.has(item)) passed.push(item.timestamp);
        }
      }),
    );
  });

  it("goes on after a reading dated far ahead", () => {
    const input = [reading(1, 4e12), ...series([2, 3, 4], 1000)];
    expect(valuesOf(run({ method: "rateLimit", count: 1, interval: 2 }, input))).toEqual([1, 2, 4]);
  });

  it("counts texts and bad readings too", () => {
    const input = [reading("a", 0), reading(1, 1), reading(null, 2, { quality: "bad" })];
    expect(run({ method: "rateLimit", count: 1, interval: 1 }, input)).toEqual([input[0]]);
  });
});

describe("slew limit", () => {
  it("follows no faster than its rate and then exactly", () => {
    expect(valuesOf(run({ method: "slewLimit", rate: 2 }, series([0, 10, 10, 5, 5.1])))).toEqual([0, 2, 4, 5, 5.1]);
  });
});

describe("range check", () => {
  const input = series([-1, 0, 5, 10, 11]);
  it("sets values to the limit and marks them uncertain", () => {
    const out = run({ method: "range", min: 0, max: 10 }, input);
    expect(valuesOf(out)).toEqual([0, 0, 5, 10, 10]);
    expect(out.map((item) => item.quality)).toEqual(["uncertain", "good", "good", "good", "uncertain"]);
  });
  it("drops them", () => {
    expect(run({ method: "range", min: 0, max: 10, outside: "drop" }, input)).toEqual(input.slice(1, 4));
  });
  it("marks them bad and keeps the value", () => {
    const out = run({ method: "range", max: 10, outside: "bad" }, input);
    expect(out.at(-1)).toEqual({ ...input[4], quality: "bad" });
    expect(out.slice(0, 4)).toEqual(input.slice(0, 4));
  });
});

describe("calibration", () => {
  it("scales and shifts, with a new unit", () => {
    const out = run({ method: "calibration", gain: 1.8, offset: 32, unit: "[degF]" }, [reading(100, 0)]);
    expect(out).toEqual([reading(212, 0, { unit: "[degF]" })]);
  });
  it("by two points maps 4-20 mA to 0-10 bar", () => {
    const options = {
      method: "calibration",
      calibration: "twoPoint",
      rawLow: 4,
      trueLow: 0,
      rawHigh: 20,
      trueHigh: 10,
      unit: "bar",
    } as const;
    expect(valuesOf(run(options, series([4, 12, 20])))).toEqual([0, 5, 10]);
  });
  it("converts bad numbers too and gives a missing value the new unit", () => {
    const bad = { quality: "bad" } as const;
    const out = run({ method: "calibration", gain: 2, unit: "bar" }, [reading(3, 0, bad), reading(null, 1, bad)]);
    expect(out).toEqual([reading(6, 0, { ...bad, unit: "bar" }), reading(null, 1, { ...bad, unit: "bar" })]);
  });
  it("never gives a number that is not finite", () => {
    const [out] = run({ method: "calibration", gain: 1e50 }, [reading(1e300, 0)]);
    expect(out).toMatchObject({ value: null, quality: "bad" });
  });
});
