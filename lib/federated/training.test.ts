import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Network, type Shape, type Table } from "./network";
import { type Training, trainLocally } from "./training";

const table = (rows: readonly (readonly number[])[], targets: readonly number[]): Table => ({
  count: rows.length,
  inputs: Float64Array.from(rows.flat()),
  targets: Float64Array.from(targets),
});
const TRAINING: Training = { epochs: 1, batch: 8, learningRate: 0.1, proximal: 0, seed: 1 };
const number = fc.double({ min: -2, max: 2, noNaN: true });

describe("a network's gradient", () => {
  it.each<[string, Shape]>([
    ["linear", { inputs: 3, hidden: [], target: "number" }],
    ["logistic", { inputs: 3, hidden: [], target: "yesNo" }],
    ["one hidden layer", { inputs: 3, hidden: [4], target: "number" }],
    ["two hidden layers", { inputs: 3, hidden: [4, 3], target: "yesNo" }],
  ])("is the derivative of its loss: %s", (_name, shape) => {
    const network = new Network(shape);
    const one = fc.tuple(fc.array(number, { minLength: 3, maxLength: 3 }), fc.constantFrom(0, 1), fc.nat(1000));
    fc.assert(
      fc.property(one, ([row, target, seed]) => {
        const data = table([row], [target]);
        const parameters = Float64Array.from(network.initial(seed), (value, i) => value + 0.1 * Math.sin(i + seed));
        const gradient = new Float64Array(parameters.length);
        network.addGradient(parameters, data, 0, gradient);
        const half = shape.target === "number" ? 0.5 : 1;
        parameters.forEach((value, i) => {
          const at = (moved: number): number =>
            half *
            network.loss(
              parameters.map((v, j) => (j === i ? moved : v)),
              data,
            );
          expect(gradient[i]).toBeCloseTo((at(value + 1e-5) - at(value - 1e-5)) / 2e-5, 5);
        });
      }),
      { numRuns: 20 },
    );
  });
});

describe("training", () => {
  it("of a linear model comes to least squares", () => {
    // numpy 2.4: numpy.linalg.lstsq of these rows with a column of ones, and the mean of its squared residuals
    const expected = [1.07647059, -0.39705882, 0.62058824];
    const data = table(
      [
        [1, 2],
        [2, 1],
        [3, 4],
        [4, 3],
        [5, 7],
      ],
      [1, 2, 2.5, 4, 3],
    );
    const shape: Shape = { inputs: 2, hidden: [], target: "number" };
    let parameters = new Float32Array(3);
    let after = Number.NaN;
    for (let round = 0; round < 5; round++) {
      const training = { ...TRAINING, epochs: 1000, learningRate: 0.05 };
      const trained = trainLocally({ shape, parameters, table: data, training });
      parameters = parameters.map((value, i) => value + (trained.delta[i] as number));
      after = trained.after;
    }
    for (const [i, value] of expected.entries()) expect(parameters[i]).toBeCloseTo(value, 5);
    expect(after).toBeCloseTo(0.06558823529, 9);
  });

  it("of a logistic model comes to the greatest likelihood", () => {
    // scipy 1.17: scipy.optimize.minimize of the mean of logaddexp(0, w x + b) - y (w x + b), BFGS, gtol 1e-12
    const data = table([[-2], [-1.5], [-1], [-0.5], [0.5], [1], [1.5], [2]], [0, 0, 1, 0, 1, 0, 1, 1]);
    const shape: Shape = { inputs: 1, hidden: [], target: "yesNo" };
    const { delta, after } = trainLocally({
      shape,
      parameters: new Float32Array(2),
      table: data,
      training: { ...TRAINING, epochs: 1000, learningRate: 2 },
    });
    expect(delta[0]).toBeCloseTo(0.97053918, 6);
    expect(delta[1]).toBeCloseTo(0, 6);
    expect(after).toBeCloseTo(0.52880804, 8);
  });

  it("of a network with hidden layers learns what is not linear", () => {
    const rows = Array.from({ length: 200 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
    const data = table(
      rows,
      rows.map(([a, b]) => (a as number) * (b as number)),
    );
    const shape: Shape = { inputs: 2, hidden: [16], target: "number" };
    const parameters = new Network(shape).initial(7);
    const { before, after } = trainLocally({ shape, parameters, table: data, training: { ...TRAINING, epochs: 500 } });
    const straight: Shape = { inputs: 2, hidden: [], target: "number" };
    const linear = trainLocally({
      shape: straight,
      parameters: new Float32Array(3),
      table: data,
      training: { ...TRAINING, epochs: 500, learningRate: 0.01 },
    });
    expect(after).toBeLessThan(0.1 * linear.after);
    expect(after).toBeLessThan(0.1 * before);
  });

  it("gives the same to the last bit for the same task, and something else for another seed", () => {
    const rows = Array.from({ length: 50 }, (_, i) => [Math.sin(i)]);
    const task = (seed: number) => ({
      ...{
        shape: { inputs: 1, hidden: [5], target: "number" } as const,
        table: table(
          rows,
          rows.map(([a]) => (a as number) ** 2),
        ),
      },
      parameters: new Network({ inputs: 1, hidden: [5], target: "number" }).initial(1),
      training: { ...TRAINING, seed },
    });
    expect(trainLocally(task(1)).delta).toEqual(trainLocally(task(1)).delta);
    expect(trainLocally(task(2)).delta).not.toEqual(trainLocally(task(1)).delta);
  });

  it("moves less from the shared model the stronger the proximal pull", () => {
    const data = table([[1], [2]], [3, 5]);
    const moved = [0, 1, 10].map((proximal) => {
      const shape: Shape = { inputs: 1, hidden: [], target: "number" };
      const { delta } = trainLocally({
        shape,
        parameters: new Float32Array(2),
        table: data,
        training: { ...TRAINING, epochs: 200, proximal },
      });
      return Math.hypot(...delta);
    });
    expect(moved[1]).toBeLessThan(moved[0] as number);
    expect(moved[2]).toBeLessThan(moved[1] as number);
  });

  it("does not break on a row that is far off, and says so when it diverges", () => {
    const data = table([[1e9], [1]], [1e9, 1]);
    const shape: Shape = { inputs: 1, hidden: [], target: "number" };
    const { delta } = trainLocally({ shape, parameters: new Float32Array(2), table: data, training: TRAINING });
    expect(delta.every(Number.isFinite)).toBe(true);
    const wide = table([[1e300]], [-1e300]);
    expect(() => trainLocally({ shape, parameters: new Float32Array(2), table: wide, training: TRAINING })).toThrow(
      /learningRate: training diverged/,
    );
  });

  it.each([
    [{ ...TRAINING, epochs: 0 }, /epochs: expected a whole number from 1 to 1000, got 0/],
    [{ ...TRAINING, learningRate: 0 }, /learningRate: expected a number above 0, got 0/],
    [{ ...TRAINING, batch: 1.5 }, /batch/],
    [{ ...TRAINING, proximal: -1 }, /proximal/],
  ])("refuses what cannot work: %#", (training, reason) => {
    const shape: Shape = { inputs: 1, hidden: [], target: "number" };
    expect(() => trainLocally({ shape, parameters: new Float32Array(2), table: table([[1]], [1]), training })).toThrow(
      reason,
    );
    expect(() => new Network({ inputs: 1, hidden: [2000], target: "number" })).toThrow(/hidden/);
    expect(() => new Network({ inputs: 256, hidden: [1024], target: "number" })).toThrow(/number of parameters/);
  });
});
