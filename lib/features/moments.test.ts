import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, twoPass } from "../../test/support/series";
import { timeFigures, withoutMean, withoutTrend } from "./moments";
import { mixture, sine } from "./test-signals";

describe("timeFigures", () => {
  // scipy 1.17.1: x.mean(), x.std(), skew(x), kurtosis(x, fisher=False), sqrt((x**2).mean()) of the mixture of 60
  it("are SciPy's", () => {
    const figures = timeFigures(mixture(60));
    expect(figures.mean).toBeCloseTo(0.15665060819385196, 14);
    expect(figures.std).toBeCloseTo(0.794682720823712, 14);
    expect(figures.skewness).toBeCloseTo(-0.10579788252688382, 13);
    expect(figures.kurtosis).toBeCloseTo(2.0041627867614054, 13);
    expect(figures.rms).toBeCloseTo(0.8099753328486501, 14);
  });

  it("of a sine are those of a sine", () => {
    const figures = timeFigures(sine(1000, 1000, 10, 2));
    expect(figures.rms).toBeCloseTo(Math.SQRT2, 12);
    expect(figures.crest).toBeCloseTo(Math.SQRT2, 3);
    expect(figures.kurtosis).toBeCloseTo(1.5, 12);
    expect(figures.skewness).toBeCloseTo(0, 12);
    expect(figures.peakToPeak).toBeCloseTo(4, 2);
    expect(figures.zeroCrossings).toBe(20);
    expect(figures.shapeFactor).toBeCloseTo(Math.PI / (2 * Math.SQRT2), 3);
    expect(figures.impulseFactor).toBeCloseTo(Math.PI / 2, 3);
  });

  it("keep their digits a thousand million away from zero", () => {
    const next = gaussian(3);
    const noise = Float64Array.from({ length: 2000 }, next);
    const near = timeFigures(noise);
    // Rounded to what a double near 1e9 can hold, so that both see the same noise.
    const far = timeFigures(noise.map((x) => 1e9 + x));
    expect(far.std).toBeCloseTo(near.std, 6);
    expect(far.skewness).toBeCloseTo(near.skewness as number, 6);
    expect(far.kurtosis).toBeCloseTo(near.kurtosis as number, 6);
    expect(far.zeroCrossings).toBe(near.zeroCrossings);
  });

  it("agree with two passes, and bound each other, for any block", () => {
    fc.assert(
      fc.property(fc.array(finite(-1e6, 1e6), { minLength: 1, maxLength: 100 }), (values) => {
        const figures = timeFigures(Float64Array.from(values));
        const { mean, std } = twoPass(values);
        expect(figures.mean).toBeCloseTo(mean, 6);
        expect(figures.std).toBeCloseTo(std * Math.sqrt((values.length - 1) / values.length), 5);
        expect(figures.rms).toBeLessThanOrEqual(figures.peak * (1 + 1e-12));
        if (figures.kurtosis !== undefined) {
          // Pearson's inequality.
          expect(figures.kurtosis).toBeGreaterThanOrEqual(1 + (figures.skewness as number) ** 2 - 1e-6);
        }
      }),
    );
  });

  it.each([0, 5, -1e9, 0.1])("of a block that stands still at %d have no shape", (value) => {
    const figures = timeFigures(new Float64Array(50).fill(value));
    expect(figures).toMatchObject({ mean: value, std: 0, min: value, max: value, zeroCrossings: 0 });
    expect(figures.skewness).toBeUndefined();
    expect(figures.kurtosis).toBeUndefined();
    expect(figures.crest).toBe(value === 0 ? undefined : 1);
  });
});

describe("detrending", () => {
  it("takes off the mean, or the line", () => {
    const wave = sine(400, 400, 8);
    const onSlope = wave.map((x, n) => x + 9.81 + 0.02 * n);
    expect(timeFigures(withoutMean(wave.map((x) => x + 9.81))).rms).toBeCloseTo(Math.SQRT1_2, 9);
    // A sine has a slope of its own, which goes with the line.
    expect(timeFigures(withoutTrend(onSlope)).rms).toBeCloseTo(Math.SQRT1_2, 1);
    expect(timeFigures(withoutTrend(onSlope)).peak).toBeLessThan(1.3);
    expect([...withoutTrend(Float64Array.of(1, 2, 3, 4))].map((x) => Math.abs(x) < 1e-12)).toEqual(Array(4).fill(true));
  });
});
