import { describe, expect, it } from "vitest";
import { gaussian } from "../../../test/support/series";
import { Hotelling, type HotellingOptions } from "./hotelling";
import type { RowVerdict } from "./row-detector";

const BANDS = { medium: 4, high: 6, critical: 10 };

function detector(options: Partial<HotellingOptions> = {}): Hotelling {
  return new Hotelling({ sensors: 4, fit: 400, smoothing: 0.1, threshold: 3, settle: 0, bands: BANDS, ...options });
}

/** Four sensors: two that follow a common cause, one alone, one that drifts; `at` changes a row. */
function rowsOf(count: number, seed: number, at: (row: Float64Array, i: number) => void = () => {}): Float64Array[] {
  const next = gaussian(seed);
  return Array.from({ length: count }, (_, i) => {
    const cause = next();
    const row = Float64Array.of(cause + 0.3 * next(), -cause + 0.3 * next(), next(), 0.3 * next() + i / 400);
    at(row, i);
    return row;
  });
}

function run(of: Hotelling, rows: readonly Float64Array[]): (RowVerdict | undefined)[] {
  return rows.map((row) => {
    const verdict = of.judge(row);
    of.learn(row);
    return verdict;
  });
}

const alarms = (verdicts: readonly (RowVerdict | undefined)[]): number[] =>
  verdicts.flatMap((verdict, i) => (verdict?.isAnomaly ? [i] : []));

describe("smoothed Hotelling", () => {
  it("judges nothing before it has seen its stretch of normal operation", () => {
    const verdicts = run(detector(), rowsOf(401, 1));
    expect(verdicts.slice(0, 400).every((verdict) => verdict === undefined)).toBe(true);
    expect(verdicts[400]).toMatchObject({ detector: "hotelling", isAnomaly: false });
  });

  it("raises one alarm for a lasting fault, holds it through the fault, and ends it soon after", () => {
    const faulty = rowsOf(1400, 2, (row, i) => {
      if (i >= 700 && i < 1000) row[2] = row[2]! + 2;
    });
    const found = alarms(run(detector(), faulty));
    const during = found.filter((i) => i >= 700 && i < 1000);
    // Twice the spread of the sensor alone takes some twenty rows to be told from chance.
    expect(during.length).toBeGreaterThan(270);
    expect(during.at(-1)).toBe(999);
    expect(found.filter((i) => i < 700)).toEqual([]);
    expect(found.filter((i) => i >= 1060)).toEqual([]);
  });

  it("names the sensor that went off, and where it was expected", () => {
    const verdicts = run(
      detector(),
      rowsOf(800, 3, (row, i) => {
        if (i >= 700) row[2] = row[2]! + 3;
      }),
    );
    const verdict = verdicts[760]!;
    expect(verdict.contributions[2]).toBeGreaterThan(0.5);
    expect(Array.from(verdict.contributions).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(verdict.lows![2]).toBeGreaterThan(-6);
    expect(verdict.lows![2]).toBeLessThan(-2.5);
    expect(verdict.highs![2]).toBeGreaterThan(2.5);
    expect(verdict.highs![2]).toBeLessThan(6);
  });

  it("finds that two sensors no longer move together, though each is where it may be", () => {
    const verdicts = run(
      detector(),
      rowsOf(1000, 4, (row, i) => {
        if (i < 700) return;
        // Each within two standard deviations of its own; normally the second would be at -1.5.
        row[0] = row[0]! + 1.5;
        row[1] = row[1]! + 1.5;
      }),
    );
    expect(alarms(verdicts.slice(700)).length).toBeGreaterThan(250);
    const { contributions } = verdicts[760]!;
    expect(contributions[0]! + contributions[1]!).toBeGreaterThan(0.6);
  });

  it("finds a sensor that only becomes restless", () => {
    const next = gaussian(50);
    const verdicts = run(
      detector(),
      rowsOf(1000, 5, (row, i) => {
        if (i >= 700) row[2] = 3 * next();
      }),
    );
    expect(alarms(verdicts.slice(700)).length).toBeGreaterThan(200);
  });

  it("follows a drift that goes on as it was, for hours", () => {
    const found = alarms(run(detector({ threshold: 5 }), rowsOf(6000, 6)));
    expect(found.length / 5600).toBeLessThan(0.02);
  });

  it("is not set off by one odd row", () => {
    const verdicts = run(
      detector({ threshold: 5 }),
      rowsOf(800, 7, (row, i) => {
        if (i === 600) row[2] = 1e6;
      }),
    );
    expect(alarms(verdicts)).toEqual([]);
  });

  it("takes a state that lasts for normal after as many rows as it is told", () => {
    const verdicts = run(
      detector({ settle: 300 }),
      rowsOf(2000, 8, (row, i) => {
        if (i >= 600) row[2] = row[2]! + 20;
      }),
    );
    expect(alarms(verdicts.slice(600, 900)).length).toBeGreaterThan(280);
    expect(alarms(verdicts.slice(1000))).toEqual([]);
  });

  it("gives p that say how often such a row comes", () => {
    const counts = { half: 0, tenth: 0, hundredth: 0, rows: 0 };
    for (let seed = 0; seed < 30; seed++) {
      const next = gaussian(100 + seed);
      const rows = Array.from({ length: 1400 }, () => Float64Array.of(next(), next(), next(), next()));
      for (const verdict of run(detector({ threshold: 1000 }), rows)) {
        if (!verdict) continue;
        counts.rows += 1;
        if (verdict.p! < 0.5) counts.half += 1;
        if (verdict.p! < 0.1) counts.tenth += 1;
        if (verdict.p! < 0.01) counts.hundredth += 1;
      }
    }
    // Three charts that depend on each other, on a covariance from twenty independent means: near, not exact.
    expect(counts.half / counts.rows).toBeGreaterThan(0.35);
    expect(counts.half / counts.rows).toBeLessThan(0.65);
    expect(counts.tenth / counts.rows).toBeGreaterThan(0.05);
    expect(counts.tenth / counts.rows).toBeLessThan(0.2);
    expect(counts.hundredth / counts.rows).toBeLessThan(0.05);
  });

  /** Rows with a cause in common, each a first-order autoregression; heavy ones have Student's t with 4 degrees of freedom. */
  function processNoise(sensors: number, keep: number, heavy: boolean, seed: number): Float64Array[] {
    const next = gaussian(seed);
    const draw = (): number => {
      const z = next();
      if (!heavy) return z;
      const square = next() ** 2 + next() ** 2 + next() ** 2 + next() ** 2;
      return z / Math.sqrt(square / 2);
    };
    const kick = Math.sqrt(1 - keep * keep);
    const state = Float64Array.from({ length: sensors }, draw);
    return Array.from({ length: 2400 }, () => {
      const cause = draw();
      for (let j = 0; j < sensors; j++) {
        const fresh = Math.sqrt(0.6) * draw() + Math.sqrt(0.4) * cause * (j % 2 ? -1 : 1);
        state[j] = keep * (state[j] as number) + kick * fresh;
      }
      return state.slice();
    });
  }

  // 15 runs of 2000 rows; what follows row by row is far from independent, so bounds are a factor, not a binomial's.
  it.each([
    { noise: "white", sensors: 4, keep: 0, heavy: false },
    { noise: "white", sensors: 16, keep: 0, heavy: false },
    { noise: "AR(1) 0.5", sensors: 8, keep: 0.5, heavy: false },
    { noise: "AR(1) 0.9", sensors: 8, keep: 0.9, heavy: false },
    { noise: "AR(1) 0.99", sensors: 8, keep: 0.99, heavy: false },
    { noise: "t4", sensors: 8, keep: 0, heavy: true },
  ])("is quiet by default, with p as told, on mere noise: $noise of $sensors", ({ sensors, keep, heavy }) => {
    const counts = { hundredth: 0, thousandth: 0, alarm: 0, begun: 0, rows: 0 };
    for (let seed = 0; seed < 15; seed++) {
      let before = false;
      for (const verdict of run(detector({ sensors }), processNoise(sensors, keep, heavy, 500 + seed))) {
        if (!verdict) continue;
        counts.rows += 1;
        if (verdict.p! < 0.01) counts.hundredth += 1;
        if (verdict.p! < 0.001) counts.thousandth += 1;
        if (verdict.isAnomaly) counts.alarm += 1;
        if (verdict.isAnomaly && !before) counts.begun += 1;
        before = verdict.isAnomaly;
      }
    }
    expect(counts.hundredth / counts.rows).toBeLessThan(0.02);
    expect(counts.thousandth / counts.rows).toBeLessThan(0.004);
    expect(counts.begun / counts.rows).toBeLessThan(0.0015);
    expect(counts.alarm / counts.rows).toBeLessThan(0.12);
  });
});
