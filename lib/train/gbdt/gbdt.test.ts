import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { friedman1, tableOf } from "../../../test/support/tables";
import { loadPredictor } from "../../model/predictors";
import { matrixOf, type Samples, samplesAt, TrainingError } from "../data";
import { areaUnderCurve, coverage, rmse } from "../metrics";
import type { TreesOptions } from "./options";
import { trainTrees } from "./train";

const of = (rows: readonly (readonly number[])[], target: readonly number[], weights?: readonly number[]): Samples => ({
  features: matrixOf(rows),
  target: Float64Array.from(target),
  ...(weights === undefined ? {} : { weights: Float64Array.from(weights) }),
});

async function predictionsOf(
  training: Samples,
  options: Partial<TreesOptions>,
  test = training,
): Promise<Float64Array> {
  const { model } = await trainTrees(training, options);
  return loadPredictor(JSON.parse(JSON.stringify(model))).predict(test.features.values, test.features.rows);
}

/** One tree that is as good as it can be. */
const ONE_TREE = { rounds: 1, learningRate: 1, l2: 0, minChildWeight: 1 } as const;

describe("one tree", () => {
  it("splits where the squared error falls most, halfway between the values, into the means", async () => {
    const { model } = await trainTrees(of([[1], [2], [3], [10]], [0, 0, 6, 8]), { ...ONE_TREE, maxLeaves: 2 });
    const predictor = loadPredictor(model);
    const at = (x: number): number => predictor.predict(Float64Array.of(x), 1)[0]!;
    expect([at(-5), at(2.49), at(2.51), at(99)]).toEqual([0, 0, 7, 7]);
  });

  it("shrinks its leaves by the L2 penalty: -G / (H + l2), Chen and Guestrin 2016, eq. 5", async () => {
    const samples = of([[0], [0], [1], [1]], [-3, -3, 3, 3]);
    // G = 6 and H = 2 on each side: 6 / (2 + 1) = 2.
    expect(Array.from(await predictionsOf(samples, { ...ONE_TREE, l2: 1 }))).toEqual([-2, -2, 2, 2]);
  });

  it("has no side that weighs less than told, and no split that gains less", async () => {
    const samples = of([[0], [1], [2], [3]], [9, 0, 0, 0]);
    const constant = Array.from(await predictionsOf(samples, { ...ONE_TREE, minChildWeight: 3 }));
    expect(constant).toEqual([2.25, 2.25, 2.25, 2.25]);
    expect(Array.from(await predictionsOf(samples, { ...ONE_TREE, minGain: 1000 }))).toEqual(constant);
  });

  it("sends missing values where they fit, and to the larger side when training saw none", async () => {
    const missing = of([[1], [2], [3], [4], [Number.NaN], [Number.NaN]], [0, 0, 5, 5, 5, 5]);
    const test = of([[Number.NaN], [0]], [0, 0]);
    expect(Array.from(await predictionsOf(missing, { ...ONE_TREE, maxLeaves: 2 }, test))).toEqual([5, 0]);
    const complete = of([[1], [2], [3], [4], [5]], [0, 0, 0, 0, 5]);
    expect(Array.from(await predictionsOf(complete, { ...ONE_TREE, maxLeaves: 2 }, test))).toEqual([0, 0]);
  });

  it("treats a row of weight 2 as two rows, and one of weight 0 as none", async () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.nat(2)), {
      minLength: 4,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const copies = list.flatMap(([x, y, weight]) => new Array<[number, number]>(weight).fill([x, y]));
        fc.pre(copies.length > 1);
        const options = { rounds: 3, minChildWeight: 2, l2: 0.5 };
        // Without the rows of weight 0 too, whose values would move the bins.
        const kept = list.filter(([, , weight]) => weight > 0);
        fc.pre(kept.length > 1);
        const weighted = of(
          kept.map(([x]) => [x]),
          kept.map(([, y]) => y),
          kept.map(([, , weight]) => weight),
        );
        const copied = of(
          copies.map(([x]) => [x]),
          copies.map(([, y]) => y),
        );
        const test = of(
          Array.from({ length: 11 }, (_, i) => [i - 0.25]),
          new Array(11).fill(0),
        );
        const [a, b] = [await predictionsOf(weighted, options, test), await predictionsOf(copied, options, test)];
        a.forEach((value, i) => {
          expect(value).toBeCloseTo(b[i]!, 8);
        });
      }),
      { numRuns: 30 },
    );
  });
});

describe("boosting", () => {
  const [training, test] = [friedman1(3000, 1), friedman1(1000, 2)];

  it("comes near the noise on a published example, leaf-wise and depth-wise", async () => {
    // The noise has a standard deviation of 1; a constant has an error of about 5.
    for (const growth of ["leaf", "depth"] as const) {
      const predicted = await predictionsOf(training, { rounds: 200, growth, maxLeaves: 16 }, test);
      expect(rmse(predicted, test.target)).toBeLessThan(1.35);
    }
  });

  it("says which features matter", async () => {
    const { importances } = await trainTrees(training, { rounds: 100 });
    expect(importances.reduce((sum, own) => sum + own, 0)).toBeCloseTo(1, 10);
    const least = Math.min(...importances.subarray(0, 5));
    expect(least).toBeGreaterThan(3 * Math.max(...importances.subarray(5)));
  });

  it("gives the same bytes for the same seed, and others for another", async () => {
    const options = { rounds: 10, rowShare: 0.5, columnShare: 0.5 };
    const [a, b, c] = await Promise.all([7, 7, 8].map((seed) => trainTrees(training, { ...options, seed })));
    expect(JSON.stringify(a!.model)).toBe(JSON.stringify(b!.model));
    expect(JSON.stringify(a!.model)).not.toBe(JSON.stringify(c!.model));
  });

  it("stores exactly what it trained", async () => {
    for (const options of [{ loss: "squared" }, { loss: "squared", rowShare: 0.5 }] as const) {
      const { model, trainingLoss } = await trainTrees(training, { ...options, rounds: 20 });
      const predicted = loadPredictor(model).predict(training.features.values, training.features.rows);
      expect(rmse(predicted, training.target) ** 2).toBeCloseTo(trainingLoss, 9);
    }
  });

  it("does not care how features are scaled or shifted, also by 1e9", async () => {
    const changed = (x: number, i: number): number => (i % 2 === 0 ? 1e9 + 4096 * x : Math.exp(3 * x));
    const other = (samples: Samples): Samples => ({
      ...samples,
      features: { ...samples.features, values: samples.features.values.map((x, i) => changed(x, i)) },
    });
    const few = samplesAt(
      training,
      Array.from({ length: 250 }, (_, row) => row),
    );
    const plain = await predictionsOf(few, { rounds: 20 });
    const moved = await predictionsOf(other(few), { rounds: 20 });
    plain.forEach((value, row) => {
      expect(moved[row]).toBeCloseTo(value, 9);
    });
  });

  it("ends when the validation loss no longer falls, and keeps the best rounds", async () => {
    const losses: number[] = [];
    const noise = tableOf(200, 3, 5, (_, normal) => normal());
    const trained = await trainTrees(
      noise,
      { rounds: 500, patience: 10, minChildWeight: 1, learningRate: 0.3 },
      {
        validation: tableOf(200, 3, 6, (_, normal) => normal()),
        onProgress: ({ validationLoss }) => losses.push(validationLoss!),
      },
    );
    expect(losses.length).toBeLessThan(100);
    expect(trained.rounds).toBe(losses.length - 10);
    expect(trained.validationLoss).toBe(Math.min(...losses));
    const { roots } = trained.model;
    expect(Buffer.from(roots, "base64").length / 4).toBe(trained.rounds);
  });

  it("can be stopped from outside while it runs", async () => {
    const controller = new AbortController();
    let rounds = 0;
    const onProgress = (): void => {
      rounds += 1;
      if (rounds === 5) controller.abort(new Error("enough"));
    };
    const training = trainTrees(friedman1(100, 1), { rounds: 1000 }, { signal: controller.signal, onProgress });
    await expect(training).rejects.toThrow("enough");
    expect(rounds).toBe(5);
  });

  it("keeps monotone rules wherever it is asked", async () => {
    const noisy = tableOf(500, 2, 9, ([x, y], normal) => 3 * x! - 2 * y! + 2 * normal());
    const { model } = await trainTrees(noisy, { rounds: 100, minChildWeight: 2, monotone: [1, -1] });
    const predictor = loadPredictor(model);
    const value = fc.double({ min: -0.5, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(value, value, value, value, (x1, x2, y1, y2) => {
        const [low, high] = [Math.min(x1, x2), Math.max(x1, x2)];
        const [below, above] = [Math.min(y1, y2), Math.max(y1, y2)];
        const answers = predictor.predict(Float64Array.of(low, above, high, below), 2);
        expect(answers[1]!).toBeGreaterThanOrEqual(answers[0]! - 1e-12);
      }),
    );
    // Without the rules the noise does not keep to them.
    const free = loadPredictor((await trainTrees(noisy, { rounds: 100, minChildWeight: 2 })).model);
    const line = free.predict(
      Float64Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? i / 400 : 0.5)),
      200,
    );
    expect(line.some((own, i) => i > 0 && own < line[i - 1]! - 1e-9)).toBe(true);
  });
});

describe("losses", () => {
  it("pinball gives a 90 % interval where the spread varies", async () => {
    const make = (seed: number): Samples => tableOf(4000, 2, seed, ([x], normal) => (0.2 + 2 * x!) * normal());
    const [training, test] = [make(1), make(2)];
    const at = (quantile: number): Promise<Float64Array> =>
      predictionsOf(training, { loss: "pinball", quantile, rounds: 100, maxLeaves: 8, minChildWeight: 100 }, test);
    const [low, high] = [await at(0.05), await at(0.95)];
    expect(coverage(low, high, test.target)).toBeGreaterThan(0.85);
    expect(coverage(low, high, test.target)).toBeLessThan(0.94);
    const widthWhere = (fits: (x: number) => boolean): number => {
      const rows = Array.from(test.target.keys()).filter((row) => fits(test.features.values[2 * row]!));
      return rows.reduce((sum, row) => sum + high[row]! - low[row]!, 0) / rows.length;
    };
    expect(widthWhere((x) => x > 0.8)).toBeGreaterThan(3 * widthWhere((x) => x < 0.2));
  });

  it("huber is not led astray by outliers as the squared error is", async () => {
    const clean = tableOf(1000, 1, 3, ([x]) => 10 * x!);
    const dirty = { ...clean, target: clean.target.map((y, row) => (row % 20 === 0 ? y + 500 : y)) };
    const error = async (loss: "squared" | "huber"): Promise<number> =>
      rmse(await predictionsOf(dirty, { loss, delta: 1, rounds: 200 }, clean), clean.target);
    expect(await error("huber")).toBeLessThan(0.1 * (await error("squared")));
  });

  it("logistic gives probabilities, right on average, that tell the classes apart", async () => {
    const make = (seed: number): Samples =>
      tableOf(3000, 3, seed, ([x, y], normal) => (4 * (x! - y!) + normal() > 1 ? 1 : 0));
    const [training, test] = [make(1), make(2)];
    const p = await predictionsOf(training, { loss: "logistic", rounds: 100, minChildWeight: 5 }, test);
    expect(p.every((own) => own > 0 && own < 1)).toBe(true);
    const share = test.target.reduce((sum, own) => sum + own, 0) / 3000;
    expect(p.reduce((sum, own) => sum + own, 0) / 3000).toBeCloseTo(share, 1);
    // The best possible score, x - y itself, as the measure.
    const ideal = Float64Array.from(p, (_, i) => test.features.values[3 * i]! - test.features.values[3 * i + 1]!);
    expect(areaUnderCurve(p, test.target)).toBeGreaterThan(areaUnderCurve(ideal, test.target) - 0.015);
  });

  it("softmax gives probabilities of the classes that sum to 1", async () => {
    const samples = tableOf(1500, 2, 4, ([x, y]) => (x! > 0.5 ? 2 : y! > 0.3 ? 1 : 0));
    const p = await predictionsOf(samples, { loss: "softmax", classes: 3, rounds: 30, minChildWeight: 1 });
    let right = 0;
    samples.target.forEach((own, row) => {
      const shares = Array.from(p.subarray(3 * row, 3 * row + 3));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      if (shares.indexOf(Math.max(...shares)) === own) right += 1;
    });
    expect(right / 1500).toBeGreaterThan(0.99);
  });
});

describe("what cannot be trained on", () => {
  const good = of([[1], [2]], [1, 2]);

  it("is refused with the place and what was expected", async () => {
    const cases: [Samples, string][] = [
      [of([[1]], [1]), "at least two rows to train on, got 1"],
      [of([[1], [Number.POSITIVE_INFINITY]], [1, 2]), "row 2, feature 1: expected a finite number"],
      [of([[1], [2]], [1, Number.NaN]), "row 2: expected a target that is a finite number, got NaN"],
      [of([[1], [2]], [1]), "one target a row, got 1 for 2 rows"],
      [of([[1], [2]], [1, 2], [0, 0]), "a weight above 0"],
      [of([[1], [2]], [1, 2], [1, -1]), "row 2: expected a weight that is 0 or more"],
      [of([[], []], [1, 2]), "1 to 32767 features, got 0"],
    ];
    for (const [samples, message] of cases) {
      const training = trainTrees(samples);
      await expect(training).rejects.toThrow(TrainingError);
      await expect(training).rejects.toThrow(message);
    }
    await expect(trainTrees(of([[1], [2]], [0, 2]), { loss: "logistic" })).rejects.toThrow("row 2: expected a class");
  });

  it("neither are options out of range", async () => {
    const cases: [Partial<TreesOptions>, string][] = [
      [{ rounds: 0 }, "rounds: expected a whole number from 1"],
      [{ maxBins: 256 }, "maxBins"],
      [{ rowShare: 0 }, "rowShare"],
      [{ monotone: [1, 1] }, "monotone: expected -1, 0 or 1 for each of the 1 features"],
    ];
    for (const [options, message] of cases) {
      await expect(trainTrees(good, options)).rejects.toThrow(RangeError);
      await expect(trainTrees(good, options)).rejects.toThrow(message);
    }
  });

  it("but constant features, missing columns and a constant target give a constant model", async () => {
    const rows = Array.from({ length: 50 }, () => [3, Number.NaN]);
    const constant = await predictionsOf(
      of(
        rows,
        rows.map((_, i) => i % 2),
      ),
      { minChildWeight: 1 },
    );
    expect(new Set(constant)).toEqual(new Set([0.5]));
    const { importances } = await trainTrees(of([[1], [2], [3]], [4, 4, 4]), { minChildWeight: 1 });
    expect(importances[0]).toBe(0);
  });
});
