import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { missingData } from "../../test/support/needs";
import { BEARINGS, FAULTS } from "./bearing";
import { Demodulator } from "./envelope";
import { type Extract, FeatureExtractor } from "./extract";
import { Fourier } from "./fourier";
import { timeFigures } from "./moments";
import { amplitudes, spectralPeak, spectrumOf } from "./spectrum";
import { SpeedProfile } from "./speed";

const data = resolve(__dirname, "../../../shared/data");
const cwru = join(data, "cwru");
const femto = join(data, "femto");

let fourier: Fourier;
beforeAll(async () => {
  fourier = await Fourier.load();
});

/** The numbers of a gzipped CSV, row by row. */
function table(path: string): number[][] {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split("\n");
  return lines.map((line) => line.split(",").map(Number)).filter(([first]) => !Number.isNaN(first));
}

const drivesEnd = (name: string): Float64Array =>
  Float64Array.from(table(join(cwru, `${name}.csv.gz`)), ([g]) => g as number);

interface ReferenceFeatures {
  readonly rms: number;
  readonly std_pop: number;
  readonly kurtosis_pearson_biased: number;
  readonly skew_biased: number;
  readonly peak: number;
  readonly crest: number;
  readonly envelope_top_hz_if_fs12k: readonly number[];
}

// Smith and Randall 2015 (Mechanical Systems and Signal Processing 64:100) say which of these recordings can be diagnosed
// by their envelope: inner and outer race clearly, ball faults hardly.
describe.skipIf(missingData(cwru))("bearings of the Case Western Reserve University, 12 kHz, 1797 r/min", () => {
  const reference = JSON.parse(readFileSync(join(cwru, "reference_features.json"), "utf8")) as Record<
    string,
    ReferenceFeatures
  >;
  const shaft = SpeedProfile.constant(1797);

  // The reference is of the recordings as they were, the files hold eight digits of them.
  it.each(Object.keys(reference))("%s has SciPy's figures", (name) => {
    const expected = reference[name] as ReferenceFeatures;
    const figures = timeFigures(drivesEnd(name));
    expect(figures.rms / expected.rms).toBeCloseTo(1, 8);
    expect(figures.std / expected.std_pop).toBeCloseTo(1, 8);
    expect(figures.kurtosis).toBeCloseTo(expected.kurtosis_pearson_biased, 6);
    expect(figures.skewness).toBeCloseTo(expected.skew_biased, 6);
    expect(figures.peak / expected.peak).toBeCloseTo(1, 6);
    expect(figures.crest).toBeCloseTo(expected.crest, 6);
  });

  it.each(Object.keys(reference))("%s has SciPy's strongest line in the envelope", (name) => {
    const envelope = new Demodulator(drivesEnd(name), 12_000, fourier).envelope({ lowHz: 0, highHz: 6000 });
    const strength = amplitudes(spectrumOf(envelope.samples, envelope.rateHz, fourier, "rectangular"));
    const [first] = (reference[name] as ReferenceFeatures).envelope_top_hz_if_fs12k;
    // From 10 Hz on, as there; lines are half a hertz apart.
    const strongest = [...strength.keys()]
      .slice(20)
      .reduce((a, b) => ((strength[b] ?? 0) > (strength[a] ?? 0) ? b : a));
    expect(Math.abs(strongest / 2 - (first as number))).toBeLessThanOrEqual(0.5);
  });

  /** Blocks of 4096 samples, a quarter of them new each. */
  const eachThird = (recording: Float64Array): Float64Array[] =>
    Array.from({ length: 20 }, (_, i) => recording.slice(1024 * i, 1024 * i + 4096)).filter(
      ({ length }) => length === 4096,
    );
  const extractor = (): FeatureExtractor =>
    new FeatureExtractor({ features: [], bearings: [{ name: "", ratios: BEARINGS["SKF 6205"] }] }, fourier);
  const prominences = ({ figures }: Extract): Map<string, number> =>
    new Map(FAULTS.map((fault) => [fault, figures.find(({ name }) => name === `${fault}Prominence`)?.value ?? 0]));

  it.each([
    ["ir007_1797", "bpfi"],
    ["ir021_1797", "bpfi"],
    ["or007at6_1797", "bpfo"],
    ["or021at6_1797", "bpfo"],
  ])("%s: %s wins, in the whole recording and in each third of a second, the band found by itself", (name, fault) => {
    const recording = drivesEnd(name);
    const blocks = [recording, ...eachThird(recording)];
    for (const samples of blocks) {
      const found = prominences(extractor().extract({ samples, rateHz: 12_000, unit: "[g]", end: 0 }, shaft));
      const ranked = FAULTS.toSorted((a, b) => (found.get(b) ?? 0) - (found.get(a) ?? 0));
      expect(ranked[0]).toBe(fault);
      expect(found.get(fault)).toBeGreaterThan(4);
    }
  });

  it("the sound bearing shows no fault", () => {
    const sound = extractor().extract(
      { samples: drivesEnd("normal_1797"), rateHz: 12_000, unit: "[g]", end: 0 },
      shaft,
    );
    for (const value of prominences(sound).values()) expect(value).toBeLessThan(4);
  });
});

describe.skipIf(missingData(femto))("bearings of PRONOSTIA, 25.6 kHz, blocks of 2560", () => {
  const csv = readFileSync(join(femto, "features_learning_set.csv"), "utf8").trim().split("\n");
  const columns = (csv[0] as string).split(",");
  const published = new Map(
    csv.slice(1).map((line) => {
      const cells = line.split(",");
      return [`${cells[0]} ${cells[1]}`, new Map(columns.map((name, i) => [name, Number(cells[i])]))] as const;
    }),
  );
  const raw = join(femto, "raw");

  it.each(readdirSync(raw))("%s has the published figures", (file) => {
    const [, bearing, snapshot] = /^(Bearing\d_\d)_acc_(\d+)/.exec(file) as unknown as [string, string, string];
    const expected = published.get(`${bearing} ${Number(snapshot)}`) as Map<string, number>;
    const rows = table(join(raw, file));
    // Horizontal and vertical acceleration in g.
    for (const [prefix, column] of [
      ["h", 0],
      ["v", 1],
    ] as const) {
      const samples = Float64Array.from(rows, (row) => row[column] as number);
      const figures = timeFigures(samples);
      const of = (name: string): number => expected.get(`${prefix}_${name}`) as number;
      // The file has six digits.
      expect(figures.rms / of("rms")).toBeCloseTo(1, 5);
      expect(figures.peak / of("peak")).toBeCloseTo(1, 5);
      expect((figures.kurtosis as number) / of("kurtosis")).toBeCloseTo(1, 5);
      expect(figures.skewness).toBeCloseTo(of("skew"), 5);
      expect((figures.crest as number) / of("crest")).toBeCloseTo(1, 5);
      expect(figures.peakToPeak / of("p2p")).toBeCloseTo(1, 5);
      const peak = spectralPeak(spectrumOf(samples, 25_600, fourier, "rectangular"));
      expect(peak?.frequency).toBeCloseTo(of("fft_peak_hz"), 6);
      expect((peak?.amplitude as number) / of("fft_peak_amp")).toBeCloseTo(1, 5);
    }
  });
});
