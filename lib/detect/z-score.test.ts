import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, reading, series, throughJson, twoPass } from "../../test/support/series";
import type { Reading } from "../reading";
import { detectorFactory } from "./create";
import type { DetectorOptions } from "./options";
import { severityOf } from "./severity";
import { normalUpperTail, studentTwoSidedTail } from "./tail";

function run(options: Partial<DetectorOptions>, input: readonly Reading[]): Reading[] {
  const detector = detectorFactory(options)();
  return input.map((item) => detector.push(item));
}

/** The definition, in two passes over the window before the value. */
function naive(values: readonly number[], at: number, window: number): { score: number; mean: number; std: number } {
  const { mean, std } = twoPass(values.slice(Math.max(0, at - window), at));
  return { score: Math.abs(values[at]! - mean) / std, mean, std };
}

const anomaliesIn = (readings: readonly Reading[]): number[] =>
  readings.flatMap((item, i) => (item.anomaly?.isAnomaly ? [i] : []));

describe("z-score", () => {
  it("is the distance from the mean of the values before, in their standard deviations", () => {
    // Mean 3, sample standard deviation sqrt(2.5); 8 is 5 away.
    const out = run({ minimum: 5, threshold: 3 }, series([1, 2, 3, 4, 5, 8]));
    expect(out[5]?.anomaly?.score).toBeCloseTo(5 / Math.sqrt(2.5), 12);
    expect(out[5]?.anomaly).toMatchObject({ detector: "z-score", isAnomaly: true, severity: "low" });
    expect(out[5]?.anomaly?.expected?.low).toBeCloseTo(3 - 3 * Math.sqrt(2.5), 12);
    expect(out[5]?.anomaly?.expected?.high).toBeCloseTo(3 + 3 * Math.sqrt(2.5), 12);
  });

  it("judges from the eleventh value on by default and leaves the ones before as they are", () => {
    const input = series(Array.from({ length: 12 }, (_, i) => i % 3));
    const out = run({}, input);
    out.slice(0, 10).forEach((item, i) => {
      expect(item).toBe(input[i]);
    });
    expect(out[10]?.anomaly).toBeDefined();
  });

  it("finds an outlier among ten values, which no score within the window could", () => {
    expect(anomaliesIn(run({}, series([5, 6, 5, 4, 5, 6, 5, 4, 5, 5, 1000])))).toEqual([10]);
  });

  it("equals the two-pass definition at every value, also near 1e9 with a spread of 0.5", () => {
    const noise = fc.array(
      fc.double({ min: -1, max: 1, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-3),
      { minLength: 15, maxLength: 150 },
    );
    fc.assert(
      fc.property(
        noise,
        fc.constantFrom(0, 1e6, 1e8, 1e9),
        fc.integer({ min: 10, max: 60 }),
        (values, offset, window) => {
          const shifted = values.map((value) => offset + value);
          run({ window }, series(shifted)).forEach((item, i) => {
            if (i < 10) return;
            const { score, std } = naive(shifted, i, window);
            if (std > 0.01) expect(item.anomaly?.score).toBeCloseTo(score, 3);
          });
        },
      ),
    );
  });

  it("works near 1e8 with sigma 0.5, where the textbook formula over running sums gives NaN", () => {
    const next = gaussian(5);
    const values = Array.from({ length: 3000 }, () => 1e8 + 0.5 * next());
    values[2500] = 1e8 + 4;
    // sqrt(E[x^2] - E[x]^2) from running sums, the usual way: its radicand turns negative.
    let sum = 0;
    let squares = 0;
    let failures = 0;
    values.forEach((value, i) => {
      sum += value - (values[i - 100] ?? 0);
      squares += value * value - (values[i - 100] ?? 0) ** 2;
      const n = Math.min(i + 1, 100);
      if (Number.isNaN(Math.sqrt(squares / n - (sum / n) ** 2))) failures += 1;
    });
    expect(failures).toBeGreaterThan(0);

    const out = run({}, series(values));
    for (const at of [10, 500, 2500, 2999]) {
      const { score, mean, std } = naive(values, at, 100);
      expect(out[at]?.anomaly?.score).toBeCloseTo(score, 6);
      expect(out[at]?.anomaly?.expected?.high).toBeCloseTo(mean + 3 * std, 5);
    }
    expect(out[2500]?.anomaly).toMatchObject({ isAnomaly: true, severity: "high" });
  });

  it("calls about 0.27 % of normal values anomalies, and gives p that is uniform for them", () => {
    const next = gaussian(42);
    const out = run({ window: 1000 }, series(Array.from({ length: 60_000 }, next))).slice(1000);
    const share = anomaliesIn(out).length / out.length;
    expect(share).toBeGreaterThan(0.0018);
    expect(share).toBeLessThan(0.0038);
    for (const level of [0.01, 0.1, 0.5]) {
      const below = out.filter((item) => (item.anomaly?.p ?? 1) < level).length / out.length;
      expect(Math.abs(below - level)).toBeLessThan(0.05 * level + 0.002);
    }
  });

  it("scores any change of a constant series, finitely, unless the smallest spread says that it is none", () => {
    const constant = new Array(20).fill(0.1);
    const [still, changed] = run({}, series([...constant, 0.1, 0.2])).slice(-2);
    expect(still?.anomaly).toMatchObject({ isAnomaly: false });
    expect(still?.anomaly?.score).toBeLessThan(1);
    expect(changed?.anomaly).toMatchObject({ isAnomaly: true, score: 1e6, severity: "critical" });
    expect(changed?.anomaly?.p).toBeGreaterThan(0);
    expect(run({ minStd: 0.05 }, series([...constant, 0.2])).at(-1)?.anomaly).toMatchObject({ isAnomaly: false });
  });

  it("does not take the rounding of constant zeros or of 1e9 for a spread", () => {
    expect(run({}, series(new Array(20).fill(0))).at(-1)?.anomaly).toMatchObject({ isAnomaly: false, score: 0 });
    const out = run({}, series([...new Array(30).fill(1e9 + 0.1), 1e9 + 0.1 + 2e-7]));
    expect(anomaliesIn(out)).toEqual([]);
  });
});

describe("severity", () => {
  it("follows the bands", () => {
    const bands = { medium: 4, high: 6, critical: 10 };
    expect([3.5, 4, 6, 9.99, 10].map((score) => severityOf(score, bands))).toEqual([
      "low",
      "medium",
      "high",
      "high",
      "critical",
    ]);
  });
});

describe("what is learned", () => {
  const steady = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 9 : 11));
  const step = new Array(20).fill(50);

  it("includes anomalies by default: a step is news once or twice and then normal", () => {
    const found = anomaliesIn(run({}, series([...steady, ...step])));
    expect(found[0]).toBe(30);
    expect(found.length).toBeLessThan(5);
  });

  it("without them a step stays an anomaly until it has lasted for as long as told", () => {
    const found = anomaliesIn(run({ learnAnomalies: false, relearnAfter: 8 }, series([...steady, ...step])));
    expect(found).toEqual([30, 31, 32, 33, 34, 35, 36, 37]);
    expect(anomaliesIn(run({ learnAnomalies: false, relearnAfter: 0 }, series([...steady, ...step])))).toHaveLength(20);
  });

  it("starts afresh after a gap in time", () => {
    const input = [...series(steady), ...series(step.slice(0, 9), 1000, 10_000_000)];
    expect(run({ gap: 60 }, input).slice(30)).toEqual(input.slice(30));
    expect(anomaliesIn(run({}, input))).toContain(30);
  });

  it("takes nothing from bad readings, texts, booleans and numbers without a square", () => {
    const odd = [
      reading(1e9, 0, { quality: "bad" }),
      reading(null, 0, { quality: "bad" }),
      reading("x"),
      reading(true),
      reading(1e200),
    ];
    const mixed = series(steady).flatMap((item, i) => [item, odd[i % odd.length]!]);
    const out = run({}, mixed);
    expect(out.filter((_, i) => i % 2 === 0)).toEqual(run({}, series(steady)));
    out.forEach((item, i) => {
      if (i % 2 === 1) expect(item).toBe(mixed[i]);
    });
  });

  it("goes on after snapshot and restore as if never stopped", () => {
    const values = fc.array(finite(-3, 3), { maxLength: 120 });
    fc.assert(
      fc.property(values, values, fc.boolean(), (before, after, learnAnomalies) => {
        const create = detectorFactory({ window: 20, threshold: 1.5, learnAnomalies, relearnAfter: 3, gap: 100 });
        const whole = create();
        for (const item of series(before)) whole.push(item);
        const restored = create();
        restored.restore(throughJson(whole.snapshot()));
        for (const item of series(after, 1000, 1e6)) expect(restored.push(item)).toEqual(whole.push(item));
      }),
    );
  });

  it("refuses a state of another configuration", () => {
    const large = detectorFactory({ window: 50 })();
    for (const item of series(Array.from({ length: 50 }, (_, i) => i))) large.push(item);
    expect(() => detectorFactory({ window: 20 })().restore(throughJson(large.snapshot()))).toThrow(/at most 20/);
  });
});

describe("tail probabilities", () => {
  // scipy.stats 1.17.1: norm.sf(z).
  it.each([
    [0, 0.5],
    [0.5, 0.3085375387259869],
    [1, 0.15865525393145707],
    [2, 0.022750131948179195],
    [3, 0.0013498980316300933],
    [4, 3.167124183311986e-5],
    [10, 7.61985302416047e-24],
    [37, 5.7255712225239266e-300],
  ])("of the normal distribution above %f", (z, expected) => {
    expect(normalUpperTail(z) / expected).toBeCloseTo(1, 4);
  });

  // scipy.stats 1.17.1: 2 * t.sf(t, df).
  it.each([
    [2, 9, 0.07655282377070101],
    [3, 9, 0.014956363910414222],
    [10, 9, 3.578237431924736e-6],
    [0.5, 20, 0.6225318422810237],
    [1, 99, 0.3197484741393014],
    [4, 99, 0.00012225152757111313],
    [30, 99, 1.7008499117282118e-51],
  ])("of Student's t beyond %f with %i degrees of freedom", (t, degrees, expected) => {
    expect(studentTwoSidedTail(t, degrees) / expected).toBeCloseTo(1, 3);
  });
});

describe("detectorFactory refuses what cannot work, naming the option", () => {
  const bad: [Partial<DetectorOptions>, RegExp][] = [
    [{ window: 2 }, /^window: expected a whole number from 3 to 10000, got 2$/],
    [{ minimum: 101 }, /^minimum: expected a whole number from 3 to 100/],
    [{ threshold: 0 }, /^threshold/],
    [{ minStd: -1 }, /^minStd/],
    [{ medium: 8 }, /^severity: expected medium <= high <= critical, got 8, 6 and 10$/],
    [{ gap: Number.NaN }, /^gap/],
  ];
  it.each(bad)("%j", (options, message) => {
    expect(() => detectorFactory(options)).toThrow(message);
  });
});
