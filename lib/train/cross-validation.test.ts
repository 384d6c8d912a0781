import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crossValidate, foldsByUnit } from "./cross-validation";
import { matrixOf } from "./data";

const units = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 6, maxLength: 60 });

describe("folds by unit", () => {
  it("never put a unit on both sides, and judge every row once", () => {
    fc.assert(
      fc.property(units, fc.integer({ min: 2, max: 4 }), fc.nat(1000), (list, count, seed) => {
        fc.pre(new Set(list).size >= count);
        const folds = foldsByUnit(list, count, seed);
        expect(folds).toHaveLength(count);
        for (const { training, test } of folds) {
          expect(test.length).toBeGreaterThan(0);
          const known = new Set(Array.from(training, (row) => list[row]));
          expect(Array.from(test).some((row) => known.has(list[row]))).toBe(false);
          expect(training.length + test.length).toBe(list.length);
        }
        const judged = folds.flatMap(({ test }) => Array.from(test)).sort((a, b) => a - b);
        expect(judged).toEqual(list.map((_, row) => row));
      }),
    );
  });

  it("have about equal numbers of rows, and are the same for the same seed", () => {
    const list = Array.from({ length: 1000 }, (_, row) => `unit${Math.floor(Math.sqrt(row))}`);
    const folds = foldsByUnit(list, 5, 3);
    for (const { test } of folds) expect(Math.abs(test.length - 200)).toBeLessThan(40);
    expect(foldsByUnit(list, 5, 3)).toEqual(folds);
    expect(foldsByUnit(list, 5, 4)).not.toEqual(folds);
  });

  it("cannot be more than there are units", () => {
    expect(() => foldsByUnit(["a", "a", "b"], 3, 1)).toThrow("at least as many units as the 3 folds, got 2");
    expect(() => foldsByUnit(["a", "b"], 1, 1)).toThrow(RangeError);
  });
});

describe("cross-validation", () => {
  it("predicts each row by the model that did not see its unit", async () => {
    const list = ["a", "a", "b", "b", "c", "c"];
    const samples = { features: matrixOf(list.map((_, row) => [row])), target: Float64Array.from(list.keys()) };
    const folds = foldsByUnit(list, 3, 1);
    const seen: number[][] = [];
    // The "model" answers with the sum of the targets that it was fitted on.
    const { predictions } = await crossValidate(samples, folds, async ({ target }, fold) => {
      const sum = target.reduce((all, own) => all + own, 0);
      seen[fold] = Array.from(target);
      return { inputs: 1, outputs: 1, predict: (_, count) => new Float64Array(count).fill(sum) };
    });
    const total = 15;
    expect(Array.from(predictions)).toEqual([total - 1, total - 1, total - 5, total - 5, total - 9, total - 9]);
    expect(seen.every((targets) => targets.length === 4)).toBe(true);
  });
});
