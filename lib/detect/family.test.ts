import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, reading, series, throughJson } from "../../test/support/series";
import type { AnomalyVerdict, Reading } from "../reading";
import { AUTO_DEFAULTS } from "./auto";
import { RESIDUAL_DEFAULTS } from "./autoregressive-residual";
import { DETECTOR_DEFAULTS, DETECTOR_METHODS, type DetectorMethod, detectorFactory } from "./create";
import type { DetectorOptions } from "./options";
import type { SeriesDetector } from "./series-detector";
import { SUBSEQUENCE_DEFAULTS } from "./subsequence-distance";

/** What every detector of one series keeps to, whatever its method. A new method is held by being in the table. */

function run(detector: SeriesDetector, input: readonly Reading[]): Reading[] {
  return input.map((item) => detector.push(item));
}

const noise = (seed: number, count: number, at = 0, sigma = 1): number[] => {
  const next = gaussian(seed);
  return Array.from({ length: count }, () => at + sigma * next());
};

function expectSane(verdict: AnomalyVerdict | undefined): void {
  if (!verdict) return;
  expect(throughJson(verdict)).toEqual({ ...verdict });
  expect(verdict.score).toBeGreaterThanOrEqual(0);
  expect(verdict.p).toBeGreaterThan(0);
  expect(verdict.p).toBeLessThanOrEqual(1);
  expect(verdict.severity !== undefined).toBe(verdict.isAnomaly);
  if (verdict.expected) expect(verdict.expected.low).toBeLessThanOrEqual(verdict.expected.high);
}

/** What `auto` calls by the same name and means in a scale of its own. */
const NAMESAKES = ["threshold", "minimum"];

/** Small windows, so that short inputs reach every state. */
const SMALL: Partial<DetectorOptions> = {
  window: 20,
  threshold: 1.5,
  baseline: 20,
  reference: 20,
  recent: 5,
  shift: 1,
  ratio: 1.2,
  repeats: 2,
  oneIn: 20,
  hours: 0.02,
};

it("tells the detectors the defaults that they were measured with", () => {
  for (const defaults of [AUTO_DEFAULTS, RESIDUAL_DEFAULTS, SUBSEQUENCE_DEFAULTS]) {
    const shared = Object.keys(defaults).filter((name) => name in DETECTOR_DEFAULTS && !NAMESAKES.includes(name));
    const ours = shared.map((name) => [name, DETECTOR_DEFAULTS[name as keyof DetectorOptions]]);
    const theirs: Readonly<Record<string, unknown>> = { ...defaults };
    expect(ours).toEqual(shared.map((name) => [name, theirs[name]]));
  }
});

describe.each(DETECTOR_METHODS)("%s", (method: DetectorMethod) => {
  const create = (options: Partial<DetectorOptions> = {}): SeriesDetector => detectorFactory({ method, ...options })();

  it("goes on after snapshot and restore as if never stopped", () => {
    const values = fc.array(fc.oneof(finite(-3, 3), fc.constantFrom(0, 0, 1)), { minLength: 30, maxLength: 80 });
    fc.assert(
      fc.property(values, values, fc.boolean(), (before, after, learnAnomalies) => {
        const options = { ...SMALL, learnAnomalies, relearnAfter: 3, gap: 100 };
        const whole = create(options);
        run(whole, series(before));
        const restored = create(options);
        restored.restore(throughJson(whole.snapshot()));
        expect(restored.latest).toBe(whole.latest);
        for (const item of series(after, 1000, 82_000)) expect(restored.push(item)).toEqual(whole.push(item));
      }),
      { numRuns: 40 },
    );
  });

  it("gives verdicts that are numbers, whatever numbers come", () => {
    const wild = fc.oneof(
      fc.constantFrom(0, 1e150, -1e150, 5e-324, 1e9, 1e9 + 1e-7),
      finite(-1, 1),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const times = fc.array(fc.integer({ min: -10_000, max: 40_000 }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(wild, { minLength: 40, maxLength: 60 }), times, fc.boolean(), (values, steps, learn) => {
        const detector = create({ ...SMALL, learnAnomalies: learn });
        let time = 0;
        for (const [i, value] of values.entries()) {
          time += steps[i] ?? 0;
          expectSane(detector.push(reading(value, time)).anomaly);
        }
        JSON.stringify(detector.snapshot());
      }),
      { numRuns: 60 },
    );
  });

  it("finds nothing in a constant series, at 0, 0.1 and near 1e9", () => {
    for (const value of [0, 0.1, 1e9 + 0.1]) {
      const out = run(create(), series(new Array(400).fill(value)));
      expect(out.filter((item) => item.anomaly?.isAnomaly)).toEqual([]);
    }
  });

  it("judges the same 2^30 higher", () => {
    // Multiples of 2^-20, which are exact at both levels.
    const values = [...noise(3, 300), 9, ...noise(4, 60, 4), ...noise(5, 60, 4, 5), ...new Array(40).fill(4)];
    const exact = values.map((value) => Math.round(value * 2 ** 20) / 2 ** 20);
    const low = run(create(), series(exact));
    const high = run(create(), series(exact.map((value) => value + 2 ** 30)));
    high.forEach(({ anomaly }, i) => {
      const reference = low[i]?.anomaly;
      expect(anomaly?.isAnomaly).toBe(reference?.isAnomaly);
      if (!anomaly || !reference) return;
      expect(Math.abs(anomaly.score - reference.score)).toBeLessThan(1e-4 * (1 + reference.score));
      if (anomaly.expected && reference.expected) {
        expect(anomaly.expected.low - 2 ** 30).toBeCloseTo(reference.expected.low, 3);
      }
    });
  });

  it("takes nothing from bad readings, nulls, texts, booleans and numbers without a square", () => {
    const odd = [
      reading(1e9, 0, { quality: "bad" }),
      reading(null, 0, { quality: "bad" }),
      reading("x"),
      reading(true),
      reading(1e200),
    ];
    const plain = series(noise(6, 200));
    const mixed = plain.flatMap((item, i) => [item, odd[i % odd.length] as Reading]);
    const out = run(create(SMALL), mixed);
    expect(out.filter((_, i) => i % 2 === 0)).toEqual(run(create(SMALL), plain));
    out.forEach((item, i) => {
      if (i % 2 === 1) expect(item).toBe(mixed[i]);
    });
  });

  it("starts afresh after a gap, as a new one", () => {
    const detector = create({ gap: 60 });
    run(detector, series(noise(7, 300)));
    const later = series(noise(8, 300, 50), 1000, 10_000_000);
    expect(run(detector, later)).toEqual(run(create({ gap: 60 }), later));
  });

  it("goes through gaps without a word when no longest gap is told", () => {
    const input = Array.from({ length: 300 }, (_, i) => reading(i % 7, i * 1000 + (i > 150 ? 9e8 : 0)));
    for (const item of run(create(), input)) expectSane(item.anomaly);
  });

  it("gives normal noise small p no more often than p says", () => {
    const out = run(create(), series(noise(9, 30_000))).flatMap(({ anomaly }) => (anomaly ? [anomaly] : []));
    expect(out.length).toBeGreaterThan(28_000);
    for (const level of [0.001, 0.01, 0.05]) {
      const share = out.filter(({ p }) => (p ?? 1) <= level).length / out.length;
      // Verdicts in a row share most of their values: the effective number is a twentieth.
      const error = 4 * Math.sqrt((level * 20) / out.length);
      expect(share, `p below ${level}`).toBeLessThan(1.1 * level + error);
    }
  });

  it("has a state that does not grow", () => {
    const detector = create();
    // 15 s apart: what looks back over a day has seen the whole of it at the first measurement.
    const input = series(noise(10, 20_000), 15_000);
    run(detector, input.slice(0, 8000));
    const size = JSON.stringify(detector.snapshot()).length;
    run(detector, input.slice(8000));
    expect(JSON.stringify(detector.snapshot()).length).toBeLessThan(1.2 * size + 50);
  });

  it("begins again when anomalies are not learned and the series has moved for good", () => {
    const detector = create({ learnAnomalies: false, relearnAfter: 50 });
    const after = noise(12, 400, 100);
    run(detector, series([...noise(11, 300), ...after]));
    const verdicts = run(detector, series(noise(13, 300, 100), 1000, 1e6)).flatMap(({ anomaly }) => anomaly ?? []);
    expect(verdicts.filter(({ isAnomaly }) => isAnomaly).length).toBeLessThan(0.2 * verdicts.length);
  });

  it("refuses a state that is not its own", () => {
    for (const state of [null, 5, "x", {}, { detector: {} }, { detector: { values: ["x"] } }]) {
      expect(() => create().restore(state)).toThrow(/expected/);
    }
  });
});

/** Detectors that judge a single value: an anomaly is what lies outside of the expected range, and nothing else is. */
describe.each(["zScore", "robustZScore", "history", "ewma", "cusum", "range", "residual"] as const)("%s", (method) => {
  it("expects just the values that it would not have called anomalies", () => {
    const detector = detectorFactory({ method })();
    run(detector, series(noise(14, 400, 1000, 3)));
    const state = throughJson(detector.snapshot());
    const judged = (value: number): AnomalyVerdict | undefined => {
      const copy = detectorFactory({ method })();
      copy.restore(state);
      return copy.push(reading(value, 400_000)).anomaly;
    };
    const { low, high } = judged(1000)?.expected ?? { low: 0, high: 0 };
    const margin = 0.01 * (high - low);
    expect(margin).toBeGreaterThan(0);
    expect([low + margin, high - margin].map((value) => judged(value)?.isAnomaly)).toEqual([false, false]);
    expect([low - margin, high + margin].map((value) => judged(value)?.isAnomaly)).toEqual([true, true]);
  });
});
