import { describe, expect, it } from "vitest";
import { loadPredictor } from "../../model/predictors";
import { createPreprocessor } from "../../model/preprocess";
import { matrixOf, TrainingError } from "../data";
import { rmse } from "../metrics";
import type { History } from "../preprocess";
import { seededRandom } from "../random";
import { rulSamples, trainRul } from "./train";

const SENSORS = ["load", "heat", "vibration", "pressure", "constant"];

/**
 * Machines that wear exponentially from a random time on, seen by noisy sensors through two loads, each machine with an offset of
 * its own.
 */
function machines(count: number, seed: number): History[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, unit) => {
    const life = 80 + random.below(80);
    const own = random.normal();
    const rows = Array.from({ length: life }, (_, cycle) => {
      const wear = Math.exp((cycle - life) / 15);
      const load = random.below(2);
      const seen = (gain: number): number => gain * wear + 0.2 * own + 0.1 * random.normal();
      return [load, 50 + 30 * load + 5 * seen(1), 2 + seen(1.5), 9 - 4 * load - seen(0.8), 7];
    });
    return { unit: `machine ${unit}`, rows: matrixOf(rows) };
  });
}

const remainingOf = ({ rows }: History): Float64Array =>
  Float64Array.from({ length: rows.rows }, (_, cycle) => rows.rows - 1 - cycle);

const options = { sensors: SENSORS, settings: ["load"], cap: 50, seeds: 1 };

describe("remaining useful life from run-to-failure histories", () => {
  const training = machines(25, 1);
  const test = machines(15, 2);

  it("is predicted for machines that it never saw, best near the end, from 0 to the cap", async () => {
    const progress: number[] = [];
    const { preprocess, model, importances } = await trainRul(training, training.map(remainingOf), options, {
      onProgress: ({ done }) => progress.push(done),
    });
    expect(preprocess.regimes.centres).toHaveLength(2);
    expect(preprocess.channels).toEqual([1, 2, 3]);
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    expect(importances.reduce((sum, own) => sum + own, 0)).toBeCloseTo(1, 6);

    // As at run time: row by row, from what was stored.
    const stored = JSON.parse(JSON.stringify({ preprocess, model }));
    const predictor = loadPredictor(stored.model);
    const [predicted, truth]: [number[], number[]] = [[], []];
    for (const machine of test) {
      const preprocessor = createPreprocessor(stored.preprocess);
      const remaining = remainingOf(machine);
      remaining.forEach((life, cycle) => {
        const input = preprocessor.push(machine.rows.values.subarray(5 * cycle, 5 * cycle + 5), cycle)!;
        if (cycle < 20) return;
        predicted.push(predictor.predict(input, 1)[0]!);
        truth.push(Math.min(50, life));
      });
    }
    expect(predicted.every((life) => life >= 0 && life <= 50)).toBe(true);
    const mean = truth.reduce((sum, life) => sum + life, 0) / truth.length;
    const error = rmse(predicted, truth);
    expect(error).toBeLessThan(
      0.4 *
        rmse(
          truth.map(() => mean),
          truth,
        ),
    );
    const near = truth.flatMap((life, i) => (life < 15 ? [i] : []));
    const nearError = rmse(
      near.map((i) => predicted[i]!),
      near.map((i) => truth[i]!),
    );
    expect(nearError).toBeLessThan(0.85 * error);
  });

  it("weighs rows that say little less: the first ones, and those beyond the cap", () => {
    const { samples, units } = rulSamples(training.slice(0, 3), training.slice(0, 3).map(remainingOf), options);
    const life = training[0]!.rows.rows;
    const weight = (remaining: number): number => samples.weights![life - 1 - remaining]!;
    expect(weight(10)).toBe(1);
    expect(weight(60)).toBeLessThan(weight(10));
    expect(samples.weights![0]).toBeLessThan(0.1);
    expect(samples.target[0]).toBe(50);
    expect(units[0]).toBe("machine 0");
    expect(units).toHaveLength(samples.features.rows);
  });

  it("says what does not fit together", async () => {
    const few = training.slice(0, 2);
    expect(() => rulSamples(few, [remainingOf(few[0]!)], options)).toThrow("unit machine 1: expected");
    expect(() => rulSamples(few, few.map(remainingOf), { ...options, cap: 0 })).toThrow("cap");
    await expect(trainRul(few, few.map(remainingOf), { ...options, seeds: 0 })).rejects.toThrow("seeds");
    expect(() => rulSamples(few, few.map(remainingOf), { ...options, settings: ["x"] })).toThrow(TrainingError);
  });
});
