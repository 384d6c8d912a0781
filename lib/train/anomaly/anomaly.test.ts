import { describe, expect, it } from "vitest";
import { ModelError } from "../../model/contract";
import { loadPredictor } from "../../model/predictors";
import { searchLength } from "../../model/predictors/anomaly/isolation";
import { rarityOf } from "../../model/predictors/anomaly/rarity";
import { type Matrix, matrixOf } from "../data";
import { seededRandom } from "../random";
import { trainIsolation } from "./isolation";
import { trainSubspace } from "./subspace";

const random = seededRandom(4);

/** Two sensors that move together, and one by itself. */
const usual = (): number[] => {
  const x = random.normal();
  return [10 + 2 * x + 0.1 * random.normal(), -5 + x + 0.1 * random.normal(), 1e9 + random.normal()];
};
const normal = (count: number): Matrix => matrixOf(Array.from({ length: count }, usual));

const models: Record<string, (rows: Matrix) => Promise<unknown>> = {
  isolation: (rows) => trainIsolation(rows),
  subspace: async (rows) => trainSubspace(rows),
};

for (const [name, train] of Object.entries(models)) {
  describe(name, () => {
    const of = async (rows: Matrix): Promise<(row: readonly number[]) => { score: number; p: number }> => {
      const predictor = loadPredictor(JSON.parse(JSON.stringify(await train(rows))));
      return (row) => {
        const [score, p] = predictor.predict(Float64Array.from(row), 1);
        return { score: score!, p: p! };
      };
    };

    it("gives normal rows a p that is about uniform, and rows far out a small one", async () => {
      const judge = await of(normal(2000));
      const ps = Array.from({ length: 2000 }, () => judge(usual()).p);
      for (const level of [0.01, 0.1, 0.5]) {
        expect(Math.abs(ps.filter((p) => p <= level).length / 2000 - level)).toBeLessThan(0.3 * level + 0.01);
      }
      const odd = [30, 5, 1e9 + 8];
      expect(judge(odd).p).toBeLessThan(0.005);
      expect(judge(odd).score).toBeGreaterThan(judge([10, -5, 1e9]).score);
    });

    it("takes missing values as nothing unusual, and never gives p of 0", async () => {
      const judge = await of(normal(500));
      expect(judge([Number.NaN, Number.NaN, Number.NaN]).p).toBeGreaterThan(0.05);
      expect(judge([1e300, -1e300, 0]).p).toBeGreaterThan(0);
    });

    it("works with constant and collinear sensors", async () => {
      const rows = Array.from({ length: 200 }, () => {
        const x = random.normal();
        return [x, 2 * x, 7];
      });
      const judge = await of(matrixOf(rows));
      expect(judge([9, 18, 7]).p).toBeLessThan(judge([0, 0, 7]).p);
      const constant = await of(matrixOf(Array.from({ length: 50 }, () => [3, 3])));
      expect(Number.isFinite(constant([3, 3]).score)).toBe(true);
    });

    it("refuses what cannot be trained on", async () => {
      await expect(train(matrixOf([[1]])) as Promise<unknown>).rejects.toThrow("at least two rows");
    });
  });
}

it("isolation finds one row between two groups, which no sensor shows by itself", async () => {
  const rows = Array.from({ length: 1000 }, (_, i) => {
    const side = i % 2 === 0 ? 5 : -5;
    return [side + random.normal(), side + random.normal()];
  });
  const predictor = loadPredictor(await trainIsolation(matrixOf(rows)));
  const [cross, , own] = predictor.predict(Float64Array.of(5, -5, 5, 5), 2);
  expect(cross).toBeGreaterThan(own! + 0.05);
});

it("isolation's search lengths are those of the paper", () => {
  // Liu 2008, eq. 1: c(n) = 2 H(n-1) - 2 (n-1) / n with the harmonic number as ln + Euler's constant; c(256) is about 10.24.
  expect([searchLength(1), searchLength(2)]).toEqual([0, 1]);
  expect(searchLength(256)).toBeCloseTo(10.24, 1);
});

it("subspace tells sensors that no longer move together from such as move far", () => {
  // Three standardised sensors: the first component is what the two share, the second the third sensor.
  const model = trainSubspace(normal(2000), { explained: 0.95 });
  const predictor = loadPredictor(model);
  // Each within two standard deviations of its own, but against each other.
  const [together, , apart] = predictor.predict(Float64Array.of(12, -4, 1e9, 12, -6, 1e9), 2);
  expect(apart).toBeGreaterThan(20 * together!);
});

describe("rarity", () => {
  const members = async (): Promise<unknown[]> => [await trainIsolation(normal(500)), trainSubspace(normal(500))];

  it("is -log10 of the smaller p, times the number of models", async () => {
    const own = await members();
    const row = Float64Array.of(20, -9, 1e9 + 5);
    const ps = own.map((member) => loadPredictor(member).predict(row, 1)[1]!);
    const [rarity] = loadPredictor({ kind: "rarity", inputs: 3, members: own }).predict(row, 1);
    expect(rarity).toBeCloseTo(-Math.log10(2 * Math.min(...ps)), 9);
  });

  it("is 0 for what is most ordinary, and 300 at most", () => {
    expect(rarityOf([1, 1])).toBe(0);
    expect(rarityOf([0.8, 0.6])).toBe(0);
    expect(rarityOf([0.001])).toBeCloseTo(3, 12);
    expect(rarityOf([0, 1])).toBe(300);
  });

  it("is refused of models that give no p, or of other inputs", async () => {
    const own = await members();
    const rarity = (inputs: number, of: unknown[]): unknown => ({ kind: "rarity", inputs, members: of });
    expect(() => loadPredictor(rarity(2, own))).toThrow("a model of 2 inputs, not 3");
    expect(() => loadPredictor(rarity(3, [rarity(3, own)]))).toThrow("a model that answers a score and its p");
    expect(() => loadPredictor(rarity(3, []))).toThrow(ModelError);
  });
});

it("a damaged calibration is refused", () => {
  const model = trainSubspace(normal(50));
  const damaged = [
    { ...model, calibration: { quantiles: [1, 0], excess: 1 } },
    { ...model, calibration: { quantiles: [0, 1], excess: 0 } },
    { ...model, calibration: undefined },
    { ...model, limitQ: 0 },
    { ...model, variances: [] },
  ];
  for (const document of damaged) expect(() => loadPredictor(document)).toThrow(ModelError);
});
