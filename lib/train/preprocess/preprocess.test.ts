import { describe, expect, it } from "vitest";
import { matrixOf, TrainingError } from "../data";
import { columnMoments } from "../moments";
import { seededRandom } from "../random";
import { fitEngineered, type History, inputsOf } from "./fit";
import { principalComponents, ridgeWeights } from "./fuse";
import { fitRegimes } from "./regimes";

const random = seededRandom(1);
const history = (unit: string, rows: readonly (readonly number[])[]): History => ({ unit, rows: matrixOf(rows) });

describe("regimes", () => {
  it("are the points that settings gather in", () => {
    const points = [
      [0, 0.2],
      [30_000, 0.8],
      [30_000, 0.2],
    ];
    const rows = Array.from({ length: 900 }, (_, i) =>
      points[i % 3]!.map((value, column) => value + (column === 0 ? 5 : 0.0005) * random.normal()),
    );
    const { centres } = fitRegimes(matrixOf(rows), [0, 1], 1);
    expect(centres).toHaveLength(3);
    for (const [altitude, speed] of points) {
      const found = centres.some(
        (centre) => Math.abs(centre[0]! - altitude!) < 5 && Math.abs(centre[1]! - speed!) < 0.001,
      );
      expect(found).toBe(true);
    }
  });

  it("are one where settings vary freely, do not vary, or are none", () => {
    const free = matrixOf(Array.from({ length: 900 }, () => [random.normal(), random.normal()]));
    const constant = matrixOf(Array.from({ length: 9 }, () => [7, 7]));
    for (const [rows, settings] of [
      [free, [0, 1]],
      [constant, [0, 1]],
      [free, []],
    ] as const) {
      expect(fitRegimes(rows, settings, 1).centres).toHaveLength(1);
    }
  });
});

describe("fusing", () => {
  it("finds the direction in which most varies, and the next at right angles to it", () => {
    const rows = Array.from({ length: 2000 }, () => {
      const [along, across] = [3 * random.normal(), random.normal()];
      return [0.6 * along - 0.8 * across, 0.8 * along + 0.6 * across, 0];
    });
    const [first, second] = principalComponents(matrixOf(rows), 2) as [number[], number[]];
    expect(Math.abs(first[0]! * 0.6 + first[1]! * 0.8)).toBeCloseTo(1, 2);
    expect(first[0]! * second[0]! + first[1]! * second[1]!).toBeCloseTo(0, 10);
  });

  it("regresses a target on sensors, collinear ones sharing the weight", () => {
    const rows = Array.from({ length: 500 }, () => {
      const x = random.normal();
      return [x, x, random.normal()];
    });
    const target = Float64Array.from(rows, ([x, , z]) => 100 + 2 * x! - z!);
    const [a, b, c] = ridgeWeights(matrixOf(rows), target, 1e-6) as [number, number, number];
    const std = Math.sqrt(5);
    expect(a).toBeCloseTo(b, 6);
    expect(a + b).toBeCloseTo(2 / std, 1);
    expect(c).toBeCloseTo(-1 / std, 1);
  });
});

describe("what is learned of histories", () => {
  const rows = (offset: number): number[][] =>
    Array.from({ length: 200 }, (_, i) => {
      const high = i % 2;
      return [high, 50 * high + offset + random.normal(), 7, 1e9 + (high === 1 ? 3 : 1) * random.normal()];
    });
  const histories = [history("a", rows(0)), history("b", rows(0))];
  const options = { sensors: ["load", "heat", "constant", "large"], settings: ["load"] };

  it("normalises every sensor in every regime, and leaves out what never varies", () => {
    const spec = fitEngineered(histories, { ...options, figures: [{ figure: "value" }], components: 0, age: false });
    expect(spec.channels).toEqual([1, 3]);
    expect(spec.regimes.centres).toHaveLength(2);
    const { features } = inputsOf(spec, histories);
    for (const column of [0, 1]) {
      const moments = columnMoments(features, column);
      expect(moments.mean).toBeCloseTo(0, 7);
      expect(moments.std).toBeCloseTo(1, 2);
    }
  });

  it("gives the inputs of each history by itself, and says which row they are of", () => {
    const spec = fitEngineered(histories, options);
    const both = inputsOf(spec, histories);
    const second = inputsOf(spec, histories.slice(1));
    expect(both.features.rows).toBe(400);
    expect(both.features.values.slice(200 * both.features.columns)).toEqual(second.features.values);
    expect([both.history[199], both.row[199], both.history[200], both.row[200]]).toEqual([0, 199, 1, 0]);
  });

  it("says what is wrong with histories", () => {
    expect(() => fitEngineered(histories, { ...options, settings: ["x"] })).toThrow(
      'settings: "x" is none of the sensors',
    );
    expect(() => fitEngineered([history("a", [[1], [1]])], { sensors: ["s"] })).toThrow(TrainingError);
    expect(() => fitEngineered([history("a", [[1, 2]])], { sensors: ["s"] })).toThrow(
      "unit a: expected 1 columns, got 2",
    );
    expect(() => fitEngineered(histories, { ...options, target: [new Float64Array(3)] })).toThrow(
      "one value a row, got 3",
    );
  });
});
