import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { processRows, readingsOfRows } from "../../../test/support/rows";
import { throughJson } from "../../../test/support/series";
import type { Reading } from "../../reading";
import {
  type DeviceDetector,
  MULTIVARIATE_METHODS,
  type MultivariateMethod,
  type MultivariateOptions,
  multivariateFactory,
} from "./index";
import { fitIsolationForest } from "./isolation-forest";

const SENSORS = ["a", "b", "c"];
const SMALL = { fit: 80, countWindow: 80, cutWindow: 100, isolationWindow: 60, refit: 25, oneIn: 100 };

/** Forests are fitted in place: a test does not wait for a thread. */
function detector(method: MultivariateMethod, options: Partial<MultivariateOptions> = {}): DeviceDetector {
  return multivariateFactory({ method, sensors: SENSORS, ...SMALL, ...options }, { fitter: fitIsolationForest })();
}

const run = (of: DeviceDetector, input: readonly Reading[]): Reading[] => input.map((item) => of.push(item));
const verdicts = (readings: readonly Reading[]): NonNullable<Reading["anomaly"]>[] =>
  readings.flatMap((item) => (item.anomaly ? [item.anomaly] : []));

describe.each(MULTIVARIATE_METHODS)("%s", (method) => {
  it("judges each row once, on the reading that completed it, and lets the others pass as they are", () => {
    const input = readingsOfRows(processRows(300, 1), SENSORS);
    const out = run(detector(method), input);
    const judged = out.flatMap((item, i) => (item.anomaly ? [i] : []));
    expect(judged.length).toBeGreaterThan(100);
    for (const i of judged) expect(i % SENSORS.length).toBe(SENSORS.length - 1);
    out.forEach((item, i) => {
      if (!item.anomaly) expect(item).toBe(input[i]);
    });
    for (const { score, p } of verdicts(out)) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(p).toBeGreaterThan(0);
      expect(p).toBeLessThanOrEqual(1);
    }
  });

  it("finds a row that broke out, says which sensor did, and how unlikely that is", () => {
    const rows = processRows(300, 2);
    for (let i = 280; i < 300; i++) rows[i]![2] = 60 + 0.1 * i;
    const found = verdicts(run(detector(method), readingsOfRows(rows, SENSORS))).slice(-20);
    const anomalies = found.filter(({ isAnomaly }) => isAnomaly);
    expect(anomalies.length).toBeGreaterThan(0);
    expect(anomalies[0]?.contributors?.[0]).toBe("c");
    expect(anomalies[0]?.severity).toBeDefined();
    expect(Math.min(...found.map(({ p }) => p ?? 1))).toBeLessThan(0.01);
  });

  it("goes on after snapshot and restore as if never stopped", () => {
    const rows = processRows(260, 3);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 779 }), (cut) => {
        const input = readingsOfRows(rows, SENSORS);
        const whole = detector(method);
        run(whole, input.slice(0, cut));
        const restored = detector(method);
        restored.restore(throughJson(whole.snapshot()));
        expect(run(restored, input.slice(cut))).toEqual(run(whole, input.slice(cut)));
      }),
      { numRuns: 15, examples: [[0], [239], [240], [241], [779]] },
    );
  });

  it("says the same of values near 1e9 as of values near 0", () => {
    const judged = (offset: number): number[] =>
      verdicts(run(detector(method), readingsOfRows(processRows(250, 4, offset), SENSORS))).map(({ score }) => score);
    const near = judged(0);
    const far = judged(1e9);
    expect(far.length).toBe(near.length);
    // What 1e-7 of rounding at 1e9 can do to a cut is little, but not nothing.
    const same = far.filter((score, i) => Math.abs(score - near[i]!) < 0.01 * (1 + near[i]!)).length;
    expect(same / near.length).toBeGreaterThan(0.98);
  });

  it("calls nothing an anomaly while all sensors stand still, and something when one moves", () => {
    const still = Array.from({ length: 260 }, () => [1e9 + 0.1, 0, -3]);
    const moved = Array.from({ length: 30 }, () => [1e9 + 0.1, 0.5, -3]);
    const out = verdicts(run(detector(method), readingsOfRows([...still, ...moved], SENSORS)));
    expect(out.slice(0, -30).filter(({ isAnomaly }) => isAnomaly)).toEqual([]);
    const anomalies = out.slice(-30).filter(({ isAnomaly }) => isAnomaly);
    expect(anomalies.length).toBeGreaterThan(0);
    expect(anomalies[0]?.contributors).toEqual(["b"]);
  });

  it("stands sensors that are copies of each other, whose covariance has no inverse", () => {
    const rows = processRows(1000, 5).map(([a]) => [a!, 2 * a! + 1, a!]);
    const out = verdicts(run(detector(method, { fit: 400 }), readingsOfRows(rows, SENSORS)));
    expect(out.every(({ score }) => Number.isFinite(score))).toBe(true);
    expect(out.filter(({ isAnomaly }) => isAnomaly).length / out.length).toBeLessThan(0.2);
  });

  it("judges rows in which a sensor is missing by the others, where that is allowed", () => {
    const rows: (number | null)[][] = processRows(300, 6);
    rows.forEach((row, i) => {
      if (i % 4 === 1) row[1] = null;
      if (i > 200) row[0] = null;
    });
    const strict = verdicts(run(detector(method), readingsOfRows(rows, SENSORS)));
    const out = verdicts(run(detector(method, { allowMissing: true }), readingsOfRows(rows, SENSORS)));
    expect(out.length).toBeGreaterThan(strict.length + 50);
    expect(out.every(({ score, p }) => Number.isFinite(score) && Number.isFinite(p))).toBe(true);
  });

  it("takes no harm from bad readings, texts and numbers without bounds", () => {
    const rows = processRows(300, 7);
    const input = readingsOfRows(rows, SENSORS);
    const odd = input.flatMap((item, i): Reading[] => {
      if (i % 7 !== 0) return [item];
      return [
        { ...item, value: null, quality: "bad" },
        { ...item, value: "odd" },
        { ...item, value: 1e308 },
        { ...item, sensor: "other" },
        item,
      ];
    });
    const clean = verdicts(run(detector(method), input));
    const judged = verdicts(run(detector(method), odd));
    expect(judged).toEqual(clean);
  });

  it("starts afresh after a pause longer than the gap", () => {
    const rows = processRows(300, 8);
    const of = detector(method, { gap: 60 });
    run(of, readingsOfRows(rows, SENSORS));
    const after = run(of, readingsOfRows(rows.slice(0, 50), SENSORS, 1_000_000));
    expect(verdicts(after)).toEqual([]);
  });

  it("keeps a bounded state, whatever comes", () => {
    const of = detector(method);
    const size = (): number => JSON.stringify(of.snapshot()).length;
    run(of, readingsOfRows(processRows(1500, 9), SENSORS));
    const before = size();
    run(of, readingsOfRows(processRows(1500, 10), SENSORS, 2e6));
    expect(size()).toBeLessThan(1.3 * before);
  });

  it("finds its sensors by itself", () => {
    const of = detector(method, { sensors: [] });
    const out = run(of, readingsOfRows(processRows(320, 11), SENSORS));
    expect(of.sensors).toEqual(SENSORS);
    expect(verdicts(out).length).toBeGreaterThan(100);
  });

  it("refuses a state of other sensors or a damaged one", () => {
    const of = detector(method);
    run(of, readingsOfRows(processRows(300, 12), SENSORS));
    const state = throughJson(of.snapshot()) as { rows: unknown; detector: Record<string, unknown> };
    expect(() => detector(method, { sensors: ["a", "b"] }).restore(state)).toThrow(/sensors/);
    const damaged = { ...state, detector: { ...state.detector, scale: { centre: [1], perSpread: [1] } } };
    expect(() => detector(method).restore(damaged)).toThrow(/centre/);
  });
});

describe.each(["halfSpaceTrees", "randomCutForest"] as const)("%s", (method) => {
  const noise = (count: number, seed: number): number[][] => processRows(count, seed);

  it("finds a deviation that lasts, none of whose rows is odd enough by itself, and sees it end", () => {
    const rows = noise(900, 20);
    for (let i = 500; i < 650; i++) rows[i]![2] = rows[i]![2]! + 3;
    const out = run(detector(method, { oneIn: 1000, countWindow: 250, cutWindow: 400 }), readingsOfRows(rows, SENSORS));
    const inAlarm = (from: number, to: number): number =>
      verdicts(out.slice(from * SENSORS.length, to * SENSORS.length)).filter(({ isAnomaly }) => isAnomaly).length;
    expect(inAlarm(0, 500)).toBeLessThan(5);
    expect(inAlarm(500, 650)).toBeGreaterThan(75);
    expect(inAlarm(800, 900)).toBeLessThan(5);
  });

  it("takes it for normal in time, or holds it, as it is told", () => {
    const rows = noise(3000, 21);
    for (let i = 500; i < 3000; i++) rows[i]![2] = rows[i]![2]! + 5;
    const inAlarm = (options: Partial<MultivariateOptions>): number => {
      const of = detector(method, { oneIn: 1000, countWindow: 250, cutWindow: 400, ...options });
      const last = run(of, readingsOfRows(rows, SENSORS)).slice(-200 * SENSORS.length);
      return verdicts(last).filter(({ isAnomaly }) => isAnomaly).length;
    };
    expect(inAlarm({})).toBeLessThan(5);
    expect(inAlarm({ learnAnomalies: false, relearnAfter: 0 })).toBeGreaterThan(195);
  });
});

describe("options that cannot work", () => {
  it.each<[Partial<MultivariateOptions>, RegExp]>([
    [{ method: "none" as MultivariateMethod }, /^method: expected one of hotelling/],
    [{ method: "hotelling", fit: 10 }, /^fit: expected a whole number from 60/],
    [{ method: "hotelling", smoothing: 0 }, /^smoothing/],
    [{ method: "hotelling", sigmas: Number.NaN }, /^sigmas/],
    [{ method: "halfSpaceTrees", countWindow: 1 }, /^countWindow/],
    [{ method: "halfSpaceTrees", oneIn: 1 }, /^oneIn/],
    [{ method: "randomCutForest", cutWindow: 1e9 }, /^cutWindow/],
    [{ method: "isolationForest", contamination: 0.9 }, /^contamination/],
    [{ method: "isolationForest", refit: 0 }, /^refit/],
    [{ sensors: ["a", "a"] }, /each sensor once/],
    [{ sensors: Array.from({ length: 65 }, (_, i) => `s${i}`) }, /^sensors: expected a whole number from 0 to 64/],
    [{ hold: -1 }, /^hold/],
    [{ gap: -1 }, /^gap/],
    [{ medium: 5, high: 4 }, /medium <= high <= critical/],
  ])("%# are named", (options, message) => {
    expect(() => multivariateFactory(options)).toThrow(message);
  });
});
