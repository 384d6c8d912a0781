import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reading, throughJson } from "../../../test/support/series";
import type { ModelManifest, PreprocessSpec } from "../../model/contract";
import type { Tensor, Tensors } from "../tensor";
import { DeviceInput, inputSpec, type Sample } from "./device-input";
import { predictionsOf } from "./predictions";

function manifest(over: Partial<ModelManifest> = {}): ModelManifest {
  return {
    ...{
      v: 1,
      kind: "model",
      name: "m",
      version: "1",
      seq: 1,
      format: "onnx",
      task: "regression",
      created: "",
      files: [],
    },
    inputs: [{ name: "x", shape: [-1, 4], type: "float32" }],
    outputs: [{ name: "y", shape: [-1, 1], type: "float32" }],
    preprocess: { kind: "window", sensors: ["a", "b"], length: 2, mean: [1, 2], std: [2, 4] },
    ...over,
  };
}

const inputOf = (over: Partial<ModelManifest> = {}): DeviceInput => new DeviceInput(inputSpec(manifest(over))!);
const rows = (values: readonly (readonly [number, number])[], start = 0) =>
  values.flatMap(([a, b], i) => [reading(a, start + i, { sensor: "a" }), reading(b, start + i, { sensor: "b" })]);
const dataOf = (sample: Sample | undefined): number[] =>
  Array.from((sample?.inputs.get("x")?.data ?? []) as Float32Array, Number);

const told = (sample: Sample | undefined) => [sample?.quality, sample?.timestamp, dataOf(sample)];

describe("inputs made of readings", () => {
  it("are the last rows, normalised, oldest first", () => {
    const device = inputOf();
    const samples = rows([
      [1, 2],
      [3, 6],
      [5, 10],
    ]).flatMap((each) => device.push(each) ?? []);
    expect(samples.map(dataOf)).toEqual([
      [0, 0, 1, 1],
      [1, 1, 2, 2],
    ]);
    expect(samples.map(({ timestamp }) => timestamp)).toEqual([1, 2]);
  });

  it("go on after a snapshot as if never stopped", () => {
    const values = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(values, fc.nat(40), (given, cut) => {
        const readings = rows(given).map((each, i) =>
          i % 3 === 0 ? { ...each, quality: "uncertain" as const } : each,
        );
        const [whole, before, after] = [inputOf(), inputOf(), inputOf()];
        const expected = readings.map((each) => told(whole.push(each)));
        const first = readings.slice(0, cut).map((each) => told(before.push(each)));
        after.restore(throughJson(before.snapshot()));
        const second = readings.slice(cut).map((each) => told(after.push(each)));
        expect([...first, ...second]).toEqual(expected);
      }),
    );
  });

  it("do not go on with what another model remembers", () => {
    const other: PreprocessSpec = { kind: "window", sensors: ["a", "b"], length: 2 };
    expect(() => inputOf().restore(inputOf({ preprocess: other }).snapshot())).toThrow("of a model with other inputs");
  });

  it("stand sensor after sensor where convolutions want them", () => {
    const preprocess: PreprocessSpec = { kind: "window", sensors: ["a", "b"], length: 3, layout: "sensors" };
    const device = inputOf({ preprocess, inputs: [{ name: "x", shape: [-1, 2, -1], type: "float32" }] });
    const sample = rows([
      [1, 10],
      [2, 20],
      [3, 30],
    ]).flatMap((each) => device.push(each) ?? [])[0]!;
    expect(dataOf(sample)).toEqual([1, 2, 3, 10, 20, 30]);
    expect(sample.inputs.get("x")!.shape).toEqual([1, 2, 3]);
  });

  it("hold slower sensors as long as the model says, and count rows that lack one", () => {
    const preprocess: PreprocessSpec = { kind: "window", sensors: ["a", "b"], length: 2, hold: 10 };
    const device = inputOf({ preprocess });
    const a = (at: number) => device.push(reading(at, at, { sensor: "a" }));
    device.push(reading(7, 0, { sensor: "b" }));
    for (const at of [0, 5, 9]) a(at);
    expect(dataOf(a(11))).toEqual([5, 7, 9, 7]);
    a(30);
    expect(device.incomplete).toBe(1);
  });

  it("must be numbers that the model's type can hold", () => {
    const preprocess: PreprocessSpec = { kind: "window", sensors: ["a", "b"], length: 1 };
    const inputs = [{ name: "x", shape: [-1, 2], type: "float32" }] as const;
    const device = inputOf({ preprocess, inputs });
    expect(() => rows([[1, -1e39]]).forEach((each) => void device.push(each))).toThrow(
      "x[1]: -1e+39 is larger than a float32 can hold",
    );
    const wide = inputOf({ preprocess, inputs: [{ ...inputs[0], type: "float64" }] });
    expect(
      rows([[1, -1e39]])
        .flatMap((each) => wide.push(each) ?? [])
        .map(dataOf),
    ).toEqual([[1, -1e39]]);
  });

  it("must fit the model's input", () => {
    expect(() => inputOf({ inputs: [{ name: "x", shape: [-1, 5], type: "float32" }] })).toThrow(
      'the input "x" of shape [-1, 5] does not take 4 values',
    );
    const two = manifest().inputs[0]!;
    expect(() => inputSpec(manifest({ inputs: [two, { ...two, name: "z" }] }))).toThrow("models with one input only");
    expect(inputSpec(manifest({ preprocess: undefined }))).toBeUndefined();
  });
});

const subject = { deviceId: "d", timestamp: 5, quality: "good", historical: false } as const;
const answers = (entries: Record<string, readonly number[]>): Tensors =>
  new Map(
    Object.entries(entries).map(([name, values]) => [
      name,
      { type: "float32", shape: [1, values.length], data: Float32Array.from(values) } as Tensor,
    ]),
  );
const output = (name: string, over: Partial<ModelManifest["outputs"][number]> = {}) =>
  ({ name, shape: [-1, 1], type: "float32", ...over }) as const;

describe("predictions", () => {
  it("have the interval beside the value", () => {
    const rul = manifest({
      outputs: [
        output("life", { sensor: "rul", unit: "h" }),
        output("q05", { role: "low" }),
        output("q95", { role: "high" }),
      ],
    });
    expect(predictionsOf(rul, answers({ life: [40], q05: [30], q95: [60] }), subject)).toEqual([
      {
        ...{ deviceId: "d", sensor: "rul", unit: "h", timestamp: 5, quality: "good", value: 40 },
        metadata: { modelVersion: "1" },
        prediction: { model: "m", value: 40, low: 30, high: 60, unit: "h" },
      },
    ]);
  });

  it("are bad when the model does not know", () => {
    expect(predictionsOf(manifest(), answers({ y: [Number.NaN] }), subject)).toMatchObject([
      { value: null, quality: "bad", metadata: { reason: "the model answered NaN" } },
    ]);
  });

  it.each([
    ["NaN among the scores", [Number.NaN, Number.NaN], "NaN"],
    ["one NaN", [0.4, Number.NaN], "NaN"],
    ["scores that overflowed", [Number.POSITIVE_INFINITY, 1], "Infinity"],
    ["no class that is possible", [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], "-Infinity"],
  ])("of classes are bad with %s, not the first class", (_what, scores, told) => {
    const outputs = [output("y", { shape: [-1, 2] })];
    const model = manifest({ task: "classification", labels: ["fine", "failing"], outputs });
    const [only] = predictionsOf(model, answers({ y: scores }), subject);
    expect(only).toMatchObject({ sensor: "class", value: null, quality: "bad" });
    expect(only!.metadata!.reason).toBe(`the model answered ${told}`);
    expect(only!.prediction).toBeUndefined();
  });

  it("of classes by a single score or by label are bad when that is NaN", () => {
    const single = manifest({ task: "classification", labels: ["fine", "failing"] });
    expect(predictionsOf(single, answers({ y: [Number.NaN] }), subject)).toMatchObject([{ value: null }]);
    const byLabel = manifest({ labels: ["fine", "failing"], outputs: [output("label", { role: "label" })] });
    expect(predictionsOf(byLabel, answers({ label: [Number.NaN] }), subject)).toMatchObject([{ value: null }]);
  });

  it("of classes take -Infinity for a class that is ruled out", () => {
    const outputs = [output("y", { shape: [-1, 2] })];
    const model = manifest({ task: "classification", labels: ["fine", "failing"], outputs });
    const ruledOut = answers({ y: [Number.NEGATIVE_INFINITY, -3] });
    expect(predictionsOf(model, ruledOut, subject)).toMatchObject([{ value: "failing", quality: "good" }]);
  });

  it("say of anomaly models whether the score is above the threshold of training", () => {
    const model = manifest({ task: "anomaly", metrics: { threshold: 3 } });
    const verdicts = [2, 4].map((score) => predictionsOf(model, answers({ y: [score] }), subject)[0]!.anomaly);
    expect(verdicts).toEqual([
      { detector: "m", isAnomaly: false, score: 2 },
      { detector: "m", isAnomaly: true, score: 4 },
    ]);
  });

  it.each([
    ["probabilities as they are", [0.25, 0.75], { off: 0.25, on: 0.75 }],
    ["logits through softmax", [0, Math.log(3)], { off: 0.25, on: 0.75 }],
  ])("of classes take %s", (_what, scores, probabilities) => {
    const model = manifest({
      task: "classification",
      labels: ["off", "on"],
      outputs: [output("y", { shape: [-1, 2] })],
    });
    const [only] = predictionsOf(model, answers({ y: scores }), subject);
    expect(only).toMatchObject({ sensor: "class", value: "on" });
    for (const [label, share] of Object.entries(probabilities)) {
      expect(only!.prediction!.probabilities![label]).toBeCloseTo(share, 6);
    }
  });

  it("of classes in 8 bits are 256ths, or the label alone where they are no probabilities", () => {
    const eight = output("y", { type: "int8", shape: [-1, 2] });
    const model = manifest({ task: "classification", labels: ["off", "on"], outputs: [eight] });
    const answer = (...bits: number[]): Tensors =>
      new Map([["y", { type: "int8", shape: [1, bits.length], data: Int8Array.from(bits) }]]);
    const [shares] = predictionsOf(model, answer(-64, 64), subject);
    expect(shares).toMatchObject({ value: "on", prediction: { probabilities: { off: 0.25, on: 0.75 } } });
    const [logits] = predictionsOf(model, answer(100, 20), subject);
    expect(logits).toMatchObject({ value: "off", prediction: { model: "m", value: "off" } });
    expect(logits?.prediction).not.toHaveProperty("probabilities");
    const single = manifest({ task: "classification", labels: ["off", "on"], outputs: [{ ...eight, shape: [-1, 1] }] });
    expect(predictionsOf(single, answer(64), subject)[0]?.prediction?.probabilities).toEqual({ off: 0.25, on: 0.75 });
  });

  it("of two classes by one score are those of the second class", () => {
    const model = manifest({ task: "classification", labels: ["off", "on"] });
    const labelFor = (score: number) => predictionsOf(model, answers({ y: [score] }), subject)[0]!.value;
    expect([labelFor(0.4), labelFor(0.6), labelFor(-3), labelFor(3)]).toEqual(["off", "on", "off", "on"]);
  });

  it("take labels that the model itself gives, as text or number", () => {
    const label = output("label", { role: "label", type: "string", shape: [-1] });
    const text: Tensors = new Map([["label", { type: "string", shape: [1], data: ["worn"] }]]);
    expect(predictionsOf(manifest({ outputs: [label] }), text, subject)).toMatchObject([{ value: "worn" }]);
    const number: Tensors = new Map([["label", { type: "int64", shape: [1], data: BigInt64Array.of(1n) }]]);
    const numbered = manifest({ outputs: [{ ...label, type: "int64" }], labels: ["fine", "worn"] });
    expect(predictionsOf(numbered, number, subject)).toMatchObject([{ value: "worn", sensor: "class" }]);
  });

  it("refuse scores that are not as many as the labels, and vectors that are too long", () => {
    const model = manifest({ task: "classification", labels: ["a", "b", "c"] });
    expect(() => predictionsOf(model, answers({ y: [0.5, 0.5] }), subject)).toThrow("2 scores for 3 labels");
    const long = answers({ y: new Array(65).fill(0) });
    expect(() => predictionsOf(manifest(), long, subject)).toThrow("more than the 64 that become readings");
  });

  it("have names that readings may have", () => {
    const odd = manifest({ outputs: [output("StatefulPartitionedCall/dense:0#+")] });
    const [only] = predictionsOf(odd, answers({ "StatefulPartitionedCall/dense:0#+": [1] }), subject);
    expect(only!.sensor).toBe("StatefulPartitionedCall_dense_0_");
  });
});
