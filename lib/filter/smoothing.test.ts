import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian, reading, series, twoPass } from "../../test/support/series";
import type { Reading } from "../reading";
import { butterworthLowPass } from "./butterworth";
import { createFilter, type FilterOptions } from "./create";
import { savitzkyGolayWeights } from "./savitzky-golay";

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

/** Ten values without a pattern, which the SciPy references below were computed from. */
const SAMPLE = [1, 2, 4, 3, 8, 5, 7, 2, 0, 1];

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

describe("Butterworth low-pass", () => {
  it("has the published coefficients", () => {
    // butter(2, 0.2) of MATLAB, Octave and SciPy 1.17.1: b = [0.0674552738890719, ...], a = [1, -1.1429805025399011, ...].
    const [section] = butterworthLowPass(2, 0.1, 1);
    close([section!.b0, section!.b1, section!.b2], [0.0674552738890719, 0.1349105477781438, 0.0674552738890719], 14);
    close([section!.a1, section!.a2], [-1.1429805025399011, 0.41280159809618877], 14);
  });

  // scipy.signal 1.17.1: sos = butter(order, 2 cutoff, output="sos"), sosfilt(sos, SAMPLE, zi=sosfilt_zi(sos) * SAMPLE[0]).
  it.each([
    [
      2,
      0.1,
      [
        1, 1.0674552738890717, 1.4143764322940573, 2.052876002964375, 2.9767353239630463, 4.173846515132273,
        5.228205935775776, 5.669327687870789, 5.0637272570615, 3.649799816984332,
      ],
    ],
    [
      5,
      0.125,
      [
        1, 1.0032792163063606, 1.034347876320592, 1.1643118832802455, 1.502526251769087, 2.146559323142216,
        3.118804079008323, 4.294034307890918, 5.348976181389309, 5.825389390618378,
      ],
    ],
    [
      8,
      0.2,
      [
        1, 1.0022718400124517, 1.0286037527445537, 1.1634414410075455, 1.5741514017910854, 2.4187395110202705,
        3.6768916669716116, 5.0678512803258755, 6.100218665513414, 6.194414052244182,
      ],
    ],
  ] as const)("of order %i at %f Hz gives SciPy's result", (order, cutoff, expected) => {
    close(valuesOf({ method: "butterworth", order, cutoff, samplingRate: 1 }, SAMPLE), expected, 11);
  });

  it("has a gain of 1/sqrt(2) at the cutoff, for every order", () => {
    for (let order = 1; order <= 8; order++) {
      const omega = 2 * Math.PI * 0.05;
      let gain = 1;
      for (const s of butterworthLowPass(order, 0.05, 1)) {
        const top = Math.hypot(
          s.b0 + s.b1 * Math.cos(omega) + s.b2 * Math.cos(2 * omega),
          s.b1 * Math.sin(omega) + s.b2 * Math.sin(2 * omega),
        );
        const bottom = Math.hypot(
          1 + s.a1 * Math.cos(omega) + s.a2 * Math.cos(2 * omega),
          s.a1 * Math.sin(omega) + s.a2 * Math.sin(2 * omega),
        );
        gain *= top / bottom;
      }
      expect(gain).toBeCloseTo(Math.SQRT1_2, 9);
    }
  });

  it("has a gain of 1 at zero frequency, down to the lowest cutoff, and refuses a lower one", () => {
    for (let order = 1; order <= 8; order++) {
      for (const s of butterworthLowPass(order, 1e-5, 1)) {
        expect((s.b0 + s.b1 + s.b2) / (1 + s.a1 + s.a2)).toBeCloseTo(1, 6);
      }
    }
    expect(() => butterworthLowPass(2, 1e-6, 1)).toThrow(/^cutoff: expected at least a 100000th/);
  });

  it("starts at the first value without a ramp and stays there while nothing changes", () => {
    const out = valuesOf({ method: "butterworth", order: 8, cutoff: 0.001 }, new Array(500).fill(1e9 + 0.1));
    expect(new Set(out)).toEqual(new Set([1e9 + 0.1]));
  });

  it("gives the same shape at an offset of 1e9", () => {
    const options: Options = { method: "butterworth", order: 4, cutoff: 0.1 };
    const plain = valuesOf(options, SAMPLE) as number[];
    const shifted = valuesOf(
      options,
      SAMPLE.map((x) => 1e9 + x),
    ) as number[];
    close(
      shifted.map((x) => x - 1e9),
      plain,
      6,
    );
  });
});

describe("Savitzky-Golay", () => {
  // Savitzky and Golay 1964, table I (corrected by Steinier, Termonia and Deltour 1972), and Gorry 1990 for the end point.
  it.each([
    ["quadratic, 5 points", 5, 2, 2, [-3, 12, 17, 12, -3], 35],
    ["quadratic, 7 points", 7, 2, 3, [-2, 3, 6, 7, 6, 3, -2], 21],
    ["quadratic, 9 points", 9, 2, 4, [-21, 14, 39, 54, 59, 54, 39, 14, -21], 231],
    ["cubic, 7 points", 7, 3, 3, [-2, 3, 6, 7, 6, 3, -2], 21],
    ["quartic, 7 points", 7, 4, 3, [5, -30, 75, 131, 75, -30, 5], 231],
    ["quadratic, 5 points, newest", 5, 2, 4, [3, -5, -3, 9, 31], 35],
  ])("has the published weights: %s", (_, points, degree, at, weights, norm) => {
    close(
      Array.from(savitzkyGolayWeights(points, degree, at)).map((weight) => weight * norm),
      weights,
      10,
    );
  });

  it("reproduces any polynomial of its degree, also with the largest window, at both positions", () => {
    const cubic = Array.from({ length: 1200 }, (_, i) => 2 + i / 100 - (i / 300) ** 2 + (i / 500) ** 3);
    for (const position of ["newest", "centre"] as const) {
      const out = valuesOf({ method: "savitzkyGolay", points: 1001, degree: 3, position }, cubic);
      close(out, cubic.slice(0, out.length), 8);
      expect(out.length).toBe(position === "newest" ? 1200 : 700);
    }
  });

  it("centred gives SciPy's result with every reading once, at its own time", () => {
    // scipy.signal 1.17.1: savgol_filter(SAMPLE, 5, 2, mode="interp").
    const expected = [
      1.3142857142857176, 1.7428571428571438, 2.8857142857142835, 4.971428571428569, 5.685714285714282,
      7.142857142857141, 5.114285714285712, 2.857142857142856, 1.4285714285714253, 0.14285714285714413,
    ];
    const filter = createFilter({ method: "savitzkyGolay", points: 5, degree: 2, position: "centre" });
    const out: Reading[] = [];
    for (const item of series(SAMPLE)) filter.push(item, out);
    expect(out).toHaveLength(8);
    filter.reset(out);
    close(
      out.map((item) => item.value),
      expected,
    );
    expect(out.map((item) => item.timestamp)).toEqual(SAMPLE.map((_, i) => i * 1000));
  });

  it("centred, gives back what it holds of a series shorter than the window", () => {
    const filter = createFilter({ method: "savitzkyGolay", points: 7, degree: 2, position: "centre" });
    const out: Reading[] = [];
    for (const item of series([1, 2, 3])) filter.push(item, out);
    expect(out).toEqual([]);
    filter.reset(out);
    close(
      out.map((item) => item.value),
      [1, 2, 3],
    );
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
