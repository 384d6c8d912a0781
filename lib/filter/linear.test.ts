import { describe, expect, it } from "vitest";
import { series } from "../../test/support/series";
import type { Reading } from "../reading";
import { butterworthLowPass } from "./butterworth";
import { createFilter } from "./create";
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
