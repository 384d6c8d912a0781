import { beforeAll, describe, expect, it } from "vitest";
import { BEARINGS } from "./bearing";
import { FEATURE_NAMES } from "./catalog";
import { type Extract, FeatureExtractor } from "./extract";
import { Fourier } from "./fourier";
import { SpeedProfile } from "./speed";
import { sine } from "./test-signals";

let fourier: Fourier;
beforeAll(async () => {
  fourier = await Fourier.load();
});

const RATE = 4096;
const SHAFT = 25;
/** Imbalance of 3 m/s2 at 25 revolutions a second and misalignment of 1 m/s2 at twice that. */
const shaft = sine(RATE, RATE, SHAFT, 3).map((x, n) => x + (sine(RATE, RATE, 2 * SHAFT, 1)[n] as number));
const block = { samples: shaft, rateHz: RATE, unit: "m/s2", end: 10_000 };
const value = ({ figures }: Extract, name: string): number | undefined =>
  figures.find((figure) => figure.name === name)?.value;

describe("FeatureExtractor", () => {
  it("gives every figure with its unit", () => {
    const { figures, problems } = new FeatureExtractor({ features: FEATURE_NAMES }, fourier).extract(block);
    expect(problems).toEqual([]);
    expect(Object.fromEntries(figures.map(({ name, unit }) => [name, unit]))).toEqual({
      mean: "m/s2",
      std: "m/s2",
      min: "m/s2",
      max: "m/s2",
      rms: "m/s2",
      peak: "m/s2",
      peakToPeak: "m/s2",
      crest: "1",
      skewness: "1",
      kurtosis: "1",
      shapeFactor: "1",
      impulseFactor: "1",
      zeroCrossings: "/s",
      fftPeak: "m/s2",
      fftPeakFrequency: "Hz",
      centroid: "Hz",
      velocity: "mm/s",
    });
  });

  it("tells energies of bands, in unit squared, and velocity", () => {
    const bands = [
      { name: "low", lowHz: 10, highHz: 40 },
      { name: "high", lowHz: 41, highHz: 100 },
    ];
    const extract = new FeatureExtractor({ features: ["velocity"], bands }, fourier).extract(block);
    expect(extract.figures).toEqual([
      // Each a / omega; squares of tones that do not touch add up.
      {
        name: "velocity",
        value: expect.closeTo((1000 / (2 * Math.PI)) * Math.hypot(3 / 25, 1 / 50) * Math.SQRT1_2, 1),
        unit: "mm/s",
      },
      { name: "low", value: expect.closeTo(4.5, 3), unit: "(m/s2)2" },
      { name: "high", value: expect.closeTo(0.5, 3), unit: "(m/s2)2" },
    ]);
  });

  it("tells amplitudes at orders, at a steady speed and at a rising one", () => {
    const extractor = new FeatureExtractor({ features: [], orders: [1, 2, 3.5], taper: "flatTop" }, fourier);
    const steady = extractor.extract(block, SpeedProfile.constant(60 * SHAFT));
    expect(value(steady, "order1")).toBeCloseTo(3, 2);
    expect(value(steady, "order2")).toBeCloseTo(1, 2);
    expect(value(steady, "order3.5")).toBeLessThan(0.01);
    const angle = (t: number): number => 2 * Math.PI * (20 * t + 5 * t * t);
    const rising = Float64Array.from(
      { length: RATE },
      (_, n) => 3 * Math.sin(angle(n / RATE)) + Math.sin(2 * angle(n / RATE)),
    );
    const speed = new SpeedProfile([
      { time: 9000, rpm: 1200 },
      { time: 10_000, rpm: 1800 },
    ]);
    const run = extractor.extract({ ...block, samples: rising }, speed);
    expect(value(run, "order1")).toBeCloseTo(3, 1);
    expect(value(run, "order2")).toBeCloseTo(1, 1);
  });

  it("finds a fault of the outer race while the speed rises", () => {
    const length = 3 * RATE;
    const ratio = BEARINGS["SKF 6205"].bpfo;
    const turned = (t: number): number => 15 * t + 2.5 * t * t;
    // A ring of 1200 Hz at each roller that passes.
    let struck = 0;
    const samples = Float64Array.from({ length }, (_, n) => {
      const t = n / RATE;
      if (Math.floor(turned(t) * ratio) > Math.floor(turned(struck) * ratio)) struck = t;
      const since = t - struck;
      return Math.exp(-300 * since) * Math.sin(2 * Math.PI * 1200 * since) + 0.2 * Math.sin(n * n);
    });
    const end = 3000 - 1000 / RATE;
    const speed = new SpeedProfile([
      { time: 0, rpm: 900 },
      { time: 3000, rpm: 1800 },
    ]);
    const bearings = [{ name: "drive end", ratios: BEARINGS["SKF 6205"] }];
    const extract = new FeatureExtractor({ features: [], bearings }, fourier).extract(
      { samples, rateHz: RATE, unit: "[g]", end },
      speed,
    );
    expect(extract.problems).toEqual([]);
    expect(extract.envelope?.byOrder).toBe(true);
    expect(value(extract, "drive end.bpfoProminence")).toBeGreaterThan(10);
    expect(value(extract, "drive end.bpfiProminence")).toBeLessThan(
      (value(extract, "drive end.bpfoProminence") as number) / 2,
    );
  });

  it("takes gravity and drift off when it is told", () => {
    const heavy = { ...block, samples: shaft.map((x, n) => x + 9.81 + n / RATE) };
    const rms = (detrend: "none" | "mean" | "line") =>
      value(new FeatureExtractor({ features: ["rms"], detrend }, fourier).extract(heavy), "rms");
    expect(rms("none")).toBeGreaterThan(10);
    expect(rms("mean")).toBeCloseTo(Math.hypot(Math.sqrt(5), Math.sqrt(1 / 12)), 1);
    expect(rms("line")).toBeCloseTo(Math.sqrt(5), 1);
  });

  it("is not disturbed by an offset of a thousand million", () => {
    const features = [
      "std",
      "kurtosis",
      "skewness",
      "fftPeak",
      "fftPeakFrequency",
      "centroid",
      "velocity",
      "zeroCrossings",
    ] as const;
    const bands = [{ name: "band", lowHz: 10, highHz: 100 }];
    const extractor = new FeatureExtractor({ features, bands }, fourier);
    // Doubles near 1e9 are 1.2e-7 apart: rounded so, both hold the same signal.
    const rounded = shaft.map((x) => 1e9 + x - 1e9);
    const near = extractor.extract({ ...block, samples: rounded });
    const far = extractor.extract({ ...block, samples: rounded.map((x) => x + 1e9) });
    for (const { name, value: expected } of near.figures) {
      expect([name, value(far, name)]).toEqual([name, expect.closeTo(expected, 6)]);
    }
  });

  it("says what a block cannot tell, and gives the rest", () => {
    const options = {
      features: ["rms", "velocity"] as const,
      bands: [{ name: "ultrasound", lowHz: 20_000, highHz: 40_000 }],
      orders: [1],
    };
    const celsius = new FeatureExtractor(options, fourier).extract({ ...block, unit: "Cel" });
    expect(celsius.figures.map(({ name }) => name)).toEqual(["rms"]);
    expect(celsius.problems).toEqual([
      "velocity: expected an acceleration in m/s2, m.s-2, [g], m[g], mm/s2, cm/s2, Gal, got Cel",
      "ultrasound: the band up to 40000 Hz needs a sample rate of 80000 Hz, got 4096",
      "orders and bearings: the shaft's speed is not known",
    ]);
    const short = new FeatureExtractor({ features: ["velocity"], orders: [1] }, fourier).extract(
      { ...block, samples: shaft.slice(0, 100) },
      SpeedProfile.constant(60),
    );
    expect(short.problems).toEqual([
      "velocity: the band from 10 Hz needs a block of 0.1 s or more",
      expect.stringMatching(/^orders: the block is too short to tell order 1/),
    ]);
  });

  it("has no orders and no bearings of a shaft that stands, and that is no problem", () => {
    const bearings = [{ name: "", ratios: BEARINGS["SKF 6205"] }];
    const extractor = new FeatureExtractor({ features: ["rms"], orders: [1], bearings }, fourier);
    const { figures, problems } = extractor.extract(block, SpeedProfile.constant(0));
    expect([figures.map(({ name }) => name), problems]).toEqual([["rms"], []]);
  });

  it("leaves out what a block that stands still has not", () => {
    const still = { ...block, samples: new Float64Array(64).fill(4) };
    const { figures, problems } = new FeatureExtractor(
      { features: FEATURE_NAMES, velocityBand: { lowHz: 100, highHz: 1000 } },
      fourier,
    ).extract(still);
    expect(problems).toEqual([]);
    expect(figures.map(({ name }) => name)).not.toContain("kurtosis");
    expect(figures.find(({ name }) => name === "velocity")?.value).toBe(0);
    expect(figures.find(({ name }) => name === "rms")?.value).toBe(4);
  });

  it.each([
    [{ features: ["loudness"] }, "features: expected some of mean, std"],
    [{ features: [] }, "features: expected at least one feature, band, order or bearing"],
    [
      { features: ["rms"], bands: [{ name: "x", lowHz: 5, highHz: 5 }] },
      "band x: expected a low end below the high end in Hz, got 5 and 5",
    ],
    [
      { features: ["rms"], bands: [{ name: "rms", lowHz: 5, highHz: 9 }] },
      'bands: expected different names, got "rms" twice',
    ],
    [{ features: ["rms"], orders: [0] }, "orders: expected a number from 0.1 to 1000, got 0"],
    [{ features: ["rms"], harmonics: 0 }, "harmonics: expected a whole number from 1 to 20, got 0"],
    [{ features: ["rms"], slip: 0.5 }, "slip: expected a number from 0 to 0.1, got 0.5"],
    [{ features: ["rms"], envelopeBand: { lowHz: -1, highHz: 9 } }, "envelopeBand: expected a low end"],
  ])("refuses %j", (options, reason) => {
    expect(() => new FeatureExtractor(options as never, fourier)).toThrow(reason);
  });
});
