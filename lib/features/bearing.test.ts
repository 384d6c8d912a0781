import { beforeAll, describe, expect, it } from "vitest";
import { gaussian } from "../../test/support/series";
import { BEARINGS, bearingRatios, faultOrders } from "./bearing";
import { Demodulator } from "./envelope";
import { faultLine } from "./fault-lines";
import { Fourier } from "./fourier";
import { amplitudeAt, spectralPeak, spectrumOf } from "./spectrum";
import { mixture } from "./test-signals";

let fourier: Fourier;
beforeAll(async () => {
  fourier = await Fourier.load();
});

describe("bearingRatios", () => {
  // Case Western Reserve University, Bearing Data Center: inside, outside, roller and pitch diameters in inches, and the
  // defect frequencies as multiples of the running speed that stand beside them.
  it.each([
    ["6205", { rollers: 9, rollerDiameter: 0.3126, pitchDiameter: 1.537 }, [5.4152, 3.5848, 0.39828, 4.7135]],
    ["6203", { rollers: 8, rollerDiameter: 0.2656, pitchDiameter: 1.122 }, [4.9469, 3.053, 0.3817, 3.9874]],
  ])("of the SKF %s are the published ones", (_, geometry, [bpfi, bpfo, ftf, roller]) => {
    const ratios = bearingRatios(geometry);
    expect(ratios.bpfi).toBeCloseTo(bpfi as number, 3);
    expect(ratios.bpfo).toBeCloseTo(bpfo as number, 3);
    expect(ratios.ftf).toBeCloseTo(ftf as number, 3);
    expect(faultOrders(ratios).bsf).toBeCloseTo(roller as number, 2);
  });

  it("of the IMS test rig are those of its readme: 236.4, 296.9, 139.9 and 14.8 Hz at 2000 r/min", () => {
    // Qiu, Lee, Lin and Yu 2006, Journal of Sound and Vibration 289:1066, for the bearing Rexnord ZA-2115.
    const { bpfo, bpfi, bsf, ftf } = BEARINGS["Rexnord ZA-2115"];
    const shaft = 2000 / 60;
    expect(bpfo * shaft).toBeCloseTo(236.4, 0);
    expect(bpfi * shaft).toBeCloseTo(296.9, 0);
    expect(2 * bsf * shaft).toBeCloseTo(2 * 139.9, 0);
    expect(ftf * shaft).toBeCloseTo(14.8, 0);
  });

  it("count the rollers: outer and inner together are all that pass", () => {
    const { bpfo, bpfi, ftf } = bearingRatios({ rollers: 11, rollerDiameter: 8, pitchDiameter: 50, contactAngle: 25 });
    expect(bpfo + bpfi).toBeCloseTo(11, 12);
    expect(ftf * 11).toBeCloseTo(bpfo, 12);
  });

  it.each([
    [{ rollers: 2.5 }, "rollers: expected a whole number from 3"],
    [{ rollerDiameter: 60 }, "rollerDiameter: expected less than the pitch diameter 50, got 60"],
    [{ pitchDiameter: -1 }, "pitchDiameter: expected a number above 0"],
    [{ contactAngle: 90 }, "contactAngle: expected a number from 0 to 89"],
  ])("refuse %j", (over, reason) => {
    expect(() => bearingRatios({ rollers: 9, rollerDiameter: 8, pitchDiameter: 50, ...over })).toThrow(reason);
  });
});

describe("Demodulator", () => {
  it("over the whole spectrum gives SciPy's Hilbert envelope", () => {
    // scipy 1.17.1: abs(hilbert(x - x.mean()))[[0, 5, 20]] of the mixture of 64. SciPy keeps half of the highest line
    // of an even number of samples, which is next to nothing here.
    const envelope = new Demodulator(mixture(64), 64, fourier).envelope({ lowHz: 0, highHz: 32 });
    const every = envelope.samples.length / 64;
    [0, 5, 20].forEach((n, i) => {
      const expected = [1.0716705207963837, 1.2629842799610491, 0.48488787617414614][i] as number;
      expect(Math.abs((envelope.samples[n * every] as number) - expected)).toBeLessThan(0.01);
    });
  });

  const rate = 10_000;
  /** A carrier at 3 kHz that rises and falls 40 times a second, beside a strong tone at 500 Hz. */
  const modulated = Float64Array.from({ length: 5000 }, (_, n) => {
    const t = n / rate;
    const carrier = (1 + 0.5 * Math.cos(2 * Math.PI * 40 * t)) * Math.sin(2 * Math.PI * 3000 * t);
    return carrier + 5 * Math.sin(2 * Math.PI * 500 * t);
  });

  it("of a band is the modulation of the carrier in it, and nothing of what lies beside it", () => {
    const envelope = new Demodulator(modulated, rate, fourier).envelope({ lowHz: 2500, highHz: 3500 });
    expect(Math.max(...envelope.samples)).toBeCloseTo(1.5, 6);
    expect(Math.min(...envelope.samples)).toBeCloseTo(0.5, 6);
    const spectrum = spectrumOf(envelope.samples, envelope.rateHz, fourier, "hann");
    expect(spectralPeak(spectrum)).toEqual({ frequency: expect.closeTo(40, 9), amplitude: expect.closeTo(0.5, 6) });
    expect(amplitudeAt(spectrum, 100)).toBeLessThan(1e-6);
  });

  it("refuses a band that is narrower than the block can tell", () => {
    const demodulator = new Demodulator(modulated, rate, fourier);
    expect(() => demodulator.envelope({ lowHz: 100, highHz: 101 })).toThrow("fewer than four lines");
  });

  it("finds where impacts make the machine ring", () => {
    const noise = gaussian(4);
    const ringing = Float64Array.from({ length: 8192 }, (_, n) => {
      const since = (n % 100) / rate;
      return 0.5 * noise() + 6 * Math.exp(-1500 * since) * Math.sin(2 * Math.PI * 3300 * since);
    });
    const band = new Demodulator(ringing, rate, fourier).mostImpulsiveBand(300);
    expect(band.lowHz).toBeLessThan(3300);
    expect(band.highHz).toBeGreaterThan(3300);
    expect(band.highHz - band.lowHz).toBeLessThan(2600);
  });
});

describe("faultLine", () => {
  const rate = 2000;
  const spectrumWith = (frequency: number, size: number) => {
    const noise = gaussian(12);
    const samples = Float64Array.from({ length: 8000 }, (_, n) => {
      const phase = (2 * Math.PI * frequency * n) / rate;
      return noise() + size * (Math.cos(phase) + 0.5 * Math.cos(2 * phase) + 0.25 * Math.cos(3 * phase));
    });
    return spectrumOf(samples, rate, fourier, "hann");
  };

  it("finds the comb of a fault that slip has moved, and its size", () => {
    const found = faultLine(spectrumWith(98.6, 0.5), 100, { harmonics: 3, tolerance: 0.02 });
    expect(found?.frequency).toBeCloseTo(98.6, 0);
    expect(found?.prominence).toBeGreaterThan(5);
    expect(found?.amplitude).toBeCloseTo(0.5 * Math.hypot(1, 0.5, 0.25), 0);
    expect(faultLine(spectrumWith(95, 0.5), 100, { harmonics: 3, tolerance: 0.02 })?.prominence).toBeLessThan(4);
  });

  it("stays near one where there is nothing", () => {
    for (const frequency of [37, 61, 83, 142, 211]) {
      const found = faultLine(spectrumWith(300, 0), frequency, { harmonics: 3, tolerance: 0.02 });
      expect(found?.prominence).toBeLessThan(4);
    }
  });

  it("says nothing of what the spectrum cannot tell", () => {
    const spectrum = spectrumWith(100, 1);
    expect(faultLine(spectrum, 0.5, { harmonics: 3, tolerance: 0.02 })).toBeUndefined();
    expect(faultLine(spectrum, 1200, { harmonics: 3, tolerance: 0.02 })).toBeUndefined();
    expect(faultLine(spectrum, Number.NaN, { harmonics: 3, tolerance: 0.02 })).toBeUndefined();
  });
});
