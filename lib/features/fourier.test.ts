import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { finite } from "../../test/support/series";
import { Fourier, MAX_BLOCK } from "./fourier";
import { mixture } from "./test-signals";

let fourier: Fourier;
beforeAll(async () => {
  fourier = await Fourier.load();
});

/** The sum of the definition. */
function byDefinition(samples: Float64Array): number[] {
  const lines: number[] = [];
  for (let k = 0; k <= samples.length / 2; k++) {
    let [re, im] = [0, 0];
    samples.forEach((sample, n) => {
      const phase = (-2 * Math.PI * ((k * n) % samples.length)) / samples.length;
      re += sample * Math.cos(phase);
      im += sample * Math.sin(phase);
    });
    lines.push(re, im);
  }
  return lines;
}

describe("Fourier", () => {
  // numpy 2.4.6: np.fft.rfft(x)[[1, 7]] of the mixture
  it.each([
    [60, [13.495607385957527, 8.535638996769089, -20.210196383749352, -14.720256586961849]],
    [64, [8.332278502807094, 9.627682755742281, 12.23124398380539, -29.386025836447565]],
  ])("of %d samples is NumPy's", (length, expected) => {
    const lines = fourier.ofReal(mixture(length));
    [lines[2], lines[3], lines[14], lines[15]].forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 10);
    });
  });

  it("is that of the definition for any length, power of two or not", () => {
    fc.assert(
      fc.property(fc.array(finite(-100, 100), { minLength: 2, maxLength: 200 }), (values) => {
        const samples = Float64Array.from(values);
        const expected = byDefinition(samples);
        const lines = fourier.ofReal(samples);
        expect(lines.length).toBe(expected.length);
        expected.forEach((value, i) => {
          expect(Math.abs((lines[i] as number) - value)).toBeLessThan(1e-9);
        });
      }),
    );
  });

  it("keeps a single tone on its line in a long block of no power of two", () => {
    const length = 24_000;
    const samples = Float64Array.from({ length }, (_, n) => Math.cos((2 * Math.PI * 5000 * n) / length));
    const lines = fourier.ofReal(samples);
    expect(lines[10_000]).toBeCloseTo(length / 2, 6);
    expect(Math.hypot(lines[10_002] as number, lines[10_003] as number)).toBeLessThan(1e-7);
  });

  it("refuses blocks that are too short or too long", () => {
    expect(() => fourier.ofReal(new Float64Array(1))).toThrow("expected a block of 2 to 262144 samples, got 1");
    expect(() => fourier.ofReal(new Float64Array(MAX_BLOCK + 1))).toThrow("got 262145");
  });
});
