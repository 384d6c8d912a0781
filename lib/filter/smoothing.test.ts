import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian, reading, series, twoPass } from "../../test/support/series";
import type { Reading } from "../reading";
import { createFilter, type FilterOptions } from "./create";

type Options = Parameters<typeof createFilter>[0];

function run(options: Options, input: readonly Reading[]): Reading[] {
  const filter = createFilter(options);
  const out: Reading[] = [];
  for (const item of input) filter.push(item, out);
  return out;
}

const valuesOf = (options: Options, input: readonly number[], step = 1000): unknown[] =>
  run(options, series(input, step)).map((item) => item.value);

const close = (actual: readonly unknown[], expected: readonly number[], digits = 12): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, digits);
  });
};

describe("moving average", () => {
  it("is the mean of the newest values, of fewer at the start", () => {
    close(valuesOf({ method: "movingAverage", window: 3 }, [3, 5, 10, 0, 2]), [3, 4, 6, 5, 4]);
  });

  it("is right near 1e8 with sigma 0.5, and the spread it keeps is no NaN", () => {
    const next = gaussian(3);
    const input = Array.from({ length: 5000 }, () => 1e8 + 0.5 * next());
    const smoothed = valuesOf({ method: "movingAverage", window: 50 }, input);
    for (const at of [49, 777, 4999]) {
      const { mean } = twoPass(input.slice(at - 49, at + 1));
      expect(smoothed[at]).toBeCloseTo(mean, 6);
    }
  });
});

describe("moving median", () => {
  it("removes a spike without a trace", () => {
    expect(valuesOf({ method: "movingMedian", window: 3 }, [1, 1, 900, 1, 1, 2])).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe("Hampel", () => {
  const spiky = [10, 11, 10, 12, 11, 95, 10, 11];

  it("replaces outliers by the median, marks them uncertain and leaves all others as they are", () => {
    const input = series(spiky);
    const out = run({ method: "hampel", window: 5 }, input);
    // Window 10 12 11 95 11 has the median 11 and the MAD 1 (deviations 1 1 0 84 0, middle 1).
    expect(out[5]).toEqual({ ...input[5], value: 11, quality: "uncertain" });
    out.forEach((item, i) => {
      if (i !== 5) expect(item).toBe(input[i]);
    });
  });

  it("drops or marks bad instead, by option", () => {
    expect(valuesOf({ method: "hampel", window: 5, outlier: "drop" }, spiky)).toEqual(spiky.filter((x) => x !== 95));
    const marked = run({ method: "hampel", window: 5, outlier: "bad" }, series(spiky));
    expect(marked.filter((item) => item.quality === "bad").map((item) => item.value)).toEqual([95]);
  });

  it("lets small twitches of a constant series pass within the tolerance", () => {
    const input = [5, 5, 5, 5, 5.1, 5, 5];
    expect(valuesOf({ method: "hampel", window: 5 }, input)).toEqual([5, 5, 5, 5, 5, 5, 5]);
    expect(valuesOf({ method: "hampel", window: 5, tolerance: 0.2 }, input)).toEqual(input);
  });

  it("follows a true step once it is the majority", () => {
    const out = valuesOf({ method: "hampel", window: 5 }, [1, 2, 1, 2, 1, 50, 51, 50, 51]);
    expect(out.slice(-2)).toEqual([50, 51]);
  });
});

describe("EWMA", () => {
  it("weighs the newest value with alpha", () => {
    close(valuesOf({ method: "ewma", alpha: 0.5 }, [4, 8, 0, 0]), [4, 6, 3, 1.5]);
  });

  it("with a time constant answers a step with 1 - 1/e after it, however many readings there are", () => {
    const options: Options = { method: "ewma", smoothing: "timeConstant", timeConstant: 10 };
    const step = (count: number): unknown => {
      const input = [reading(0, 0)];
      for (let i = 1; i <= count; i++) input.push(reading(1, (10_000 * i) / count));
      return run(options, input).at(-1)?.value;
    };
    for (const count of [1, 2, 7, 100]) expect(step(count)).toBeCloseTo(1 - Math.exp(-1), 12);
  });

  it("loses one step, and no more, to a reading dated far ahead", () => {
    const input = [...series([0, 0]), reading(0, 4e12), ...series([10, 10, 10], 60_000, 3000)];
    const out = run({ method: "ewma", smoothing: "timeConstant", timeConstant: 10 }, input);
    expect(out.at(-1)?.value).toBeGreaterThan(9);
  });
});

describe("Kalman", () => {
  it("settles at the gain that the steady state of the Riccati equation has", () => {
    // q = processNoise^2 dt = 0.25, r = 1: P = (q + sqrt(q^2 + 4 q r)) / 2, K = P / (P + r) (Durbin and Koopman 2012, 2.11).
    const predicted = (0.25 + Math.sqrt(0.25 ** 2 + 4 * 0.25)) / 2;
    const gain = predicted / (predicted + 1);
    const input = [...new Array(200).fill(0), 1];
    expect(valuesOf({ method: "kalman", measurementNoise: 1, processNoise: 0.5 }, input).at(-1)).toBeCloseTo(gain, 12);
  });

  it("without process noise is the mean of all values", () => {
    close(valuesOf({ method: "kalman", processNoise: 0 }, [2, 4, 9, 5]), [2, 3, 5, 5]);
  });

  it("trusts a reading after a long pause more", () => {
    const weightAfter = (pause: number): number =>
      run({ method: "kalman", processNoise: 0.1 }, [...series([0, 0, 0]), reading(1, 2000 + pause)]).at(-1)
        ?.value as number;
    expect(weightAfter(600_000)).toBeGreaterThan(weightAfter(1000) * 1.5);
  });
});

describe("every smoothing method", () => {
  const methods: Options[] = [
    { method: "movingAverage", window: 7 },
    { method: "movingMedian", window: 7 },
    { method: "hampel", window: 7 },
    { method: "ewma" },
    { method: "ewma", smoothing: "timeConstant" },
    { method: "kalman" },
    { method: "butterworth", order: 3 },
    { method: "savitzkyGolay", points: 7 },
    { method: "slewLimit", rate: 0.5 },
  ];

  it.each(methods)("gives a constant back exactly: $method $smoothing", (options) => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), (constant) => {
        for (const value of valuesOf(options, new Array(30).fill(constant))) {
          expect(Math.abs((value as number) - constant)).toBeLessThanOrEqual(Math.abs(constant) * 1e-15);
        }
      }),
    );
  });

  it.each(methods)("starts afresh after a gap: $method $smoothing", (options) => {
    const before = series([500, 500, 500, 500]);
    const after = series([1, 2, 1, 2, 1], 1000, 1_000_000);
    const alone = run(options, after);
    expect(run({ ...options, gap: 60 }, [...before, ...after]).slice(-5)).toEqual(alone);
    // A time constant forgets by itself.
    if (options.smoothing !== "timeConstant") expect(run(options, [...before, ...after]).slice(-5)).not.toEqual(alone);
  });
});

describe("filterFactory refuses what cannot work, naming the option", () => {
  const bad: [Partial<FilterOptions> & { method: FilterOptions["method"] }, RegExp][] = [
    [{ method: "movingMedian", window: 0 }, /^window: expected a whole number from 1 to 10000, got 0$/],
    [{ method: "movingAverage", window: 2.5 }, /^window/],
    [{ method: "hampel", window: 2 }, /^window/],
    [{ method: "ewma", alpha: 0 }, /^alpha/],
    [{ method: "ewma", smoothing: "timeConstant", timeConstant: 0 }, /^timeConstant/],
    [{ method: "kalman", measurementNoise: 0 }, /^measurementNoise/],
    [
      { method: "butterworth", cutoff: 0.5, samplingRate: 1 },
      /^cutoff: .*half the sampling rate \(0.5 Hz\), got 0.5 Hz$/,
    ],
    [{ method: "butterworth", order: 9 }, /^order/],
    [{ method: "savitzkyGolay", points: 6 }, /^points: expected an odd number/],
    [{ method: "savitzkyGolay", points: 3, degree: 3 }, /^degree/],
    [{ method: "rateLimit", count: 0 }, /^count/],
    [{ method: "range" }, /^range: expected a lowest value/],
    [{ method: "range", min: 2, max: 1 }, /^range: expected lowest <= highest/],
    [{ method: "calibration", calibration: "twoPoint", rawLow: 4, rawHigh: 4 }, /^calibration: .*4 twice/],
    [{ method: "movingAverage", gap: -1 }, /^gap/],
    [{ method: "movingAverage", gap: Number.NaN }, /^gap/],
  ];
  it.each(bad)("%j", (options, message) => {
    expect(() => createFilter(options)).toThrow(message);
  });
});
