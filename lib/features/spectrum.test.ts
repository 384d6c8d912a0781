import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { gaussian } from "../../test/support/series";
import { Fourier } from "./fourier";
import { timeFigures } from "./moments";
import { amplitudeAt, amplitudes, bandEnergy, densityAt, spectralCentroid, spectralPeak, spectrumOf } from "./spectrum";
import { type TaperName, taperOf } from "./taper";
import { mixture, sine } from "./test-signals";
import { ISO_BAND, velocityRms, velocitySignal } from "./velocity";

let fourier: Fourier;
beforeAll(async () => {
  fourier = await Fourier.load();
});

describe("tapers", () => {
  // scipy 1.17.1: w = get_window(name, 64); w.mean(), (w**2).mean() / w.mean()**2, w[5]
  it.each([
    ["hann", 0.5, 1.5, 0.05903936782582253],
    ["flatTop", 0.21557895, 3.7702464474434283, -0.008668954512081354],
    ["rectangular", 1, 1, 1],
  ] as const)("%s has SciPy's gains", (name, coherentGain, noiseBandwidth, fifth) => {
    const taper = taperOf(name, 64);
    expect(taper.coherentGain).toBeCloseTo(coherentGain, 12);
    expect(taper.noiseBandwidth).toBeCloseTo(noiseBandwidth, 12);
    expect(taper.weights[5]).toBeCloseTo(fifth, 12);
  });
});

describe("spectrumOf", () => {
  // scipy 1.17.1: periodogram(x, fs=1000, window="hann", detrend="constant", scaling="density")[1][[1, 3, 7, N//2]]
  it.each([
    [60, [0.006165901629484317, 8.308634858458112e-6, 0.017472472119558886, 1.0084740749475731e-7]],
    [64, [0.005368726206008707, 3.699660873598956e-5, 0.02077331875650983, 1.0456929980899124e-7]],
  ])("has SciPy's density of %d samples", (length, expected) => {
    const spectrum = spectrumOf(mixture(length), 1000, fourier, "hann");
    [1, 3, 7, length / 2].forEach((k, i) => {
      expect(densityAt(spectrum, k) / (expected[i] as number)).toBeCloseTo(1, 7);
    });
  });

  it.each([
    [60, [0.7680492521135999, 0.9953660423780822]],
    [64, [0.5430479420372781, 0.9960771250422367]],
  ])("has SciPy's flat-top amplitudes of %d samples", (length, expected) => {
    // sqrt(2 * periodogram(x, fs=1000, window="flattop", detrend="constant", scaling="spectrum")[1][[1, 7]])
    const spectrum = spectrumOf(mixture(length), 1000, fourier, "flatTop");
    expect(amplitudeAt(spectrum, 1)).toBeCloseTo(expected[0] as number, 10);
    expect(amplitudeAt(spectrum, 7)).toBeCloseTo(expected[1] as number, 10);
    expect(amplitudes(spectrum)[7]).toBe(amplitudeAt(spectrum, 7));
  });

  it("holds the variance: the energies of adjoining bands add up to it (Parseval)", () => {
    const samples = mixture(600);
    const spectrum = spectrumOf(samples, 1000, fourier, "rectangular");
    const total = bandEnergy(spectrum, 0, 99) + bandEnergy(spectrum, 99.5, 500);
    expect(total).toBeCloseTo(timeFigures(samples).std ** 2, 12);
  });

  it.each(["hann", "flatTop", "rectangular"] as const)("of white noise by %s has the noise's density", (taper) => {
    const next = gaussian(5);
    const samples = Float64Array.from({ length: 1 << 16 }, () => 2 * next());
    const spectrum = spectrumOf(samples, 1000, fourier, taper);
    expect(bandEnergy(spectrum, 100, 200) / ((4 * 100) / 500)).toBeCloseTo(1, 1);
  });
});

describe("spectralPeak", () => {
  it.each([
    ["rectangular", 0.03],
    ["hann", 1e-3],
    ["flatTop", 2e-3],
  ] as const)("between the lines by %s finds a tone anywhere", (taper: TaperName, tolerance) => {
    fc.assert(
      fc.property(
        fc.double({ min: 30, max: 400, noNaN: true }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (frequency, phase) => {
          const spectrum = spectrumOf(sine(1000, 1000, frequency, 3, phase), 1000, fourier, taper);
          const peak = spectralPeak(spectrum, { interpolate: true });
          expect(Math.abs((peak?.amplitude as number) / 3 - 1)).toBeLessThan(tolerance);
          expect(Math.abs((peak?.frequency as number) - frequency)).toBeLessThan(taper === "rectangular" ? 0.15 : 0.01);
        },
      ),
    );
  });

  it("without interpolation gives the line: flat-top right to 0.01 dB, Hann up to 1.42 dB low", () => {
    const halfway = sine(1000, 1000, 100.5, 1);
    const of = (taper: TaperName) => spectralPeak(spectrumOf(halfway, 1000, fourier, taper));
    expect(20 * Math.log10(of("flatTop")?.amplitude as number)).toBeCloseTo(-0.01, 2); // D'Antona and Ferrero 2006
    expect(of("hann")?.amplitude).toBeCloseTo(8 / (3 * Math.PI), 3); // Harris 1978: scalloping loss 1.42 dB
    expect([100, 101]).toContain(of("hann")?.frequency);
  });

  it("looks only where it is told, and finds nothing in silence", () => {
    const two = sine(1000, 1000, 50, 5).map((x, n) => x + (sine(1000, 1000, 200, 1)[n] as number));
    const spectrum = spectrumOf(two, 1000, fourier, "hann");
    expect(spectralPeak(spectrum)?.frequency).toBe(50);
    expect(spectralPeak(spectrum, { fromHz: 150, toHz: 300 })).toEqual({
      frequency: 200,
      amplitude: expect.closeTo(1, 6),
    });
    expect(spectralPeak(spectrumOf(new Float64Array(64).fill(7), 1, fourier, "hann"))).toBeUndefined();
    expect(spectralPeak(spectrum, { fromHz: 600 })).toBeUndefined();
  });

  it("leaves gravity out", () => {
    const spectrum = spectrumOf(
      sine(1000, 1000, 100, 0.01).map((x) => x + 9.81),
      1000,
      fourier,
      "hann",
    );
    expect(spectralPeak(spectrum)?.frequency).toBe(100);
    expect(spectralCentroid(spectrum)).toBeCloseTo(100, 0);
  });
});

describe("velocity", () => {
  // 1 m/s2 peak at 159.1549 Hz (omega 1000 rad/s) is 1 mm/s peak: v = a / omega.
  const frequency = 1000 / (2 * Math.PI);

  it("of a sine is its acceleration over omega, in mm/s", () => {
    const spectrum = spectrumOf(sine(4096, 4096, frequency, 1), 4096, fourier, "hann");
    expect(velocityRms(spectrum, 1, ISO_BAND.lowHz, ISO_BAND.highHz)).toBeCloseTo(Math.SQRT1_2, 4);
    expect(velocityRms(spectrum, 9.80665, 10, 1000)).toBeCloseTo(9.80665 * Math.SQRT1_2, 3);
    expect(velocityRms(spectrum, 1, 300, 1000)).toBeLessThan(1e-3);
  });

  it("is not carried away by gravity and drift below the band", () => {
    const drifting = sine(4096, 4096, frequency, 1).map((x, n) => x + 9.81 + n * 1e-3);
    const spectrum = spectrumOf(drifting, 4096, fourier, "hann");
    expect(velocityRms(spectrum, 1, 10, 1000)).toBeCloseTo(Math.SQRT1_2, 2);
  });

  it("as a signal follows the acceleration by a quarter period", () => {
    const velocity = velocitySignal(sine(4096, 4096, 160, 1, 0), 4096, fourier, { factor: 1, ...ISO_BAND });
    const size = 1000 / (2 * Math.PI * 160);
    [0, 100, 2000].forEach((n) => {
      expect(velocity[n]).toBeCloseTo(-size * Math.cos((2 * Math.PI * 160 * n) / 4096), 9);
    });
    expect(() => velocitySignal(new Float64Array(100), 1, fourier, { factor: 1, ...ISO_BAND })).toThrow("power of two");
  });
});
