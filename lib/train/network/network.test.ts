import { describe, expect, it } from "vitest";
import { friedman1, tableOf } from "../../../test/support/tables";
import { loadPredictor } from "../../model/predictors";
import { type LayerSpec, Network } from "../../model/predictors/network/network";
import type { Samples } from "../data";
import { areaUnderCurve, rmse } from "../metrics";
import { seededRandom } from "../random";
import type { NetworkLayer, NetworkOptions } from "./options";
import { trainNetwork } from "./train";

async function predictionsOf(
  training: Samples,
  options: Partial<NetworkOptions>,
  test = training,
): Promise<Float64Array> {
  const { model } = await trainNetwork(training, options);
  return loadPredictor(JSON.parse(JSON.stringify(model))).predict(test.features.values, test.features.rows);
}

describe("derivatives", () => {
  const cases: Record<string, LayerSpec[]> = {
    dense: [
      { type: "dense", units: 5, activation: "tanh" },
      { type: "dense", units: 2, activation: "identity" },
    ],
    convolution: [
      { type: "convolution", width: 3, filters: 4, activation: "tanh" },
      { type: "convolution", width: 2, filters: 3, activation: "identity" },
    ],
    pool: [
      { type: "convolution", width: 2, filters: 4, activation: "tanh" },
      { type: "pool", width: 2 },
      { type: "dense", units: 2, activation: "identity" },
    ],
  };

  for (const [name, layers] of Object.entries(cases)) {
    it(`through ${name} layers are those of finite differences`, () => {
      const random = seededRandom(5);
      const rows = 3;
      const network = new Network(layers, { length: 6, channels: 2 }, rows, true);
      const parameters = network.layers.flatMap((layer) => layer.parameters);
      for (const { values } of parameters) values.set(values.map(() => 0.5 * random.normal()));
      network.input.set(network.input.map(() => random.normal()));
      const outputs = network.forward(rows).length;
      const factors = Float32Array.from({ length: outputs }, () => random.normal());
      // The loss is a weighted sum of the outputs, so its derivatives by them are the weights.
      const loss = (): number => network.forward(rows).reduce((sum, value, i) => sum + value * factors[i]!, 0);
      const out = network.forward(rows);
      out.set(factors);
      let gradient = out;
      for (const layer of [...network.layers].reverse()) gradient = layer.backward(gradient, rows);
      const inputGradient = gradient.slice();
      const check = (values: Float32Array, derivatives: Float32Array): void => {
        for (let i = 0; i < values.length; i += 3) {
          const [kept, step] = [values[i]!, 1 / 128];
          values[i] = kept + step;
          const above = loss();
          values[i] = kept - step;
          const below = loss();
          values[i] = kept;
          expect(derivatives[i]).toBeCloseTo((above - below) / (2 * step), 2);
        }
      };
      for (const { values, gradients } of parameters) check(values, gradients.slice());
      check(network.input, inputGradient);
    });
  }
});

const dense = (units: number, activation: "relu" | "tanh" = "relu"): NetworkLayer => ({
  type: "dense",
  units,
  activation,
});

describe("training", () => {
  it("learns what no straight line can say", async () => {
    const xor = (seed: number): Samples => tableOf(1000, 2, seed, ([x, y]) => (x! > 0.5 !== y! > 0.5 ? 1 : 0));
    const options = { loss: "logistic", layers: [dense(16), dense(8)], epochs: 60 } as const;
    const test = xor(2);
    expect(areaUnderCurve(await predictionsOf(xor(1), options, test), test.target)).toBeGreaterThan(0.99);
  });

  it("comes near the noise on a published example", async () => {
    const test = friedman1(1000, 2);
    const predicted = await predictionsOf(friedman1(4000, 1), { layers: [dense(32, "tanh"), dense(16, "tanh")] }, test);
    expect(rmse(predicted, test.target)).toBeLessThan(1.2);
  });

  it("finds a pattern wherever it stands in a window, by convolution", async () => {
    // A bump of three steps somewhere in twelve steps of noise, or none.
    const make = (seed: number): Samples => {
      const random = seededRandom(seed);
      const samples = tableOf(1500, 12, seed, () => 0);
      samples.target.forEach((_, row) => {
        samples.target[row] = random.below(2);
        const at = random.below(10);
        for (let i = 0; i < 3; i++) samples.features.values[12 * row + at + i]! += samples.target[row]! * 0.6;
      });
      return samples;
    };
    const layers: NetworkLayer[] = [
      { type: "convolution", width: 3, filters: 8, activation: "relu" },
      { type: "pool", width: 2 },
      dense(16),
    ];
    const test = make(2);
    const p = await predictionsOf(make(1), { loss: "logistic", length: 12, layers, epochs: 40 }, test);
    expect(areaUnderCurve(p, test.target)).toBeGreaterThan(0.9);
  });

  it("gives the same bytes for the same seed, and others for another", async () => {
    const samples = friedman1(300, 1);
    const options = { epochs: 3, layers: [dense(8), { type: "dropout", share: 0.2 }, dense(4)] } as const;
    const [a, b, c] = await Promise.all([7, 7, 8].map((seed) => trainNetwork(samples, { ...options, seed })));
    expect(JSON.stringify(a!.model)).toBe(JSON.stringify(b!.model));
    expect(JSON.stringify(a!.model)).not.toBe(JSON.stringify(c!.model));
  });

  it("keeps the weights of the best epoch, and stores them", async () => {
    const [training, validation] = [friedman1(150, 1), friedman1(300, 2)];
    const losses: number[] = [];
    const options = { epochs: 300, patience: 5, layers: [dense(64)], learningRate: 0.01, averaging: 0.9 };
    const onProgress = ({ validationLoss }: { validationLoss?: number }): void => void losses.push(validationLoss!);
    const trained = await trainNetwork(training, options, { validation, onProgress });
    expect(trained.validationLoss).toBe(Math.min(...losses));
    expect(trained.epochs).toBe(losses.indexOf(trained.validationLoss!) + 1);
    const stored = loadPredictor(trained.model).predict(validation.features.values, 300);
    expect(rmse(stored, validation.target) ** 2).toBeCloseTo(trained.validationLoss!, 2);
  });

  it("works near 1e9 and with constant and missing features", async () => {
    const base = tableOf(500, 3, 4, ([x]) => x!);
    const values = base.features.values.map((x, i) => (i % 3 === 0 ? 1e9 + x : i % 3 === 1 ? 7 : Number.NaN));
    const samples = { features: { ...base.features, values }, target: base.target.map((y) => 1e9 + y) };
    const predicted = await predictionsOf(samples, { batch: 16, layers: [dense(8)] });
    expect(rmse(predicted, samples.target)).toBeLessThan(0.05);
  });

  it("can be stopped from outside while it runs", async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error("enough"));
    await expect(
      trainNetwork(friedman1(100, 1), { epochs: 1000 }, { signal: controller.signal, onProgress }),
    ).rejects.toThrow("enough");
  });

  it("refuses options that do not fit", async () => {
    const samples = friedman1(20, 1);
    const cases: [Partial<NetworkOptions>, string][] = [
      [{ length: 3 }, "length: expected a divisor of 10"],
      [{ epochs: 0 }, "epochs: expected a whole number from 1"],
      [{ layers: [{ type: "convolution", width: 2, filters: 4, activation: "relu" }] }, "layers[0].width"],
      [{ layers: [{ type: "dense", units: 0, activation: "relu" }] }, "layers[0].units"],
      [{ layers: [{ type: "dropout", share: 1 }] }, "layers[0].share"],
      [{ layers: [dense(65_536), dense(65_536)] }, "layers: expected a smaller network"],
    ];
    for (const [options, message] of cases) {
      await expect(trainNetwork(samples, options)).rejects.toThrow(RangeError);
      await expect(trainNetwork(samples, options)).rejects.toThrow(message);
    }
  });
});
