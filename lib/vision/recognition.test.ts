import { describe, expect, it } from "vitest";
import type { Tensor } from "../inference/tensor";
import { classesOf } from "./classes";
import { type DetectionOptions, detectionsOf } from "./detections";
import { imageInput, imageTensor } from "./model-input";

const LABELS = ["person", "dog", "car"];
const OPTIONS: DetectionOptions = {
  labels: LABELS,
  minScore: 0.5,
  overlap: 0.45,
  input: { width: 100, height: 100 },
  image: { width: 200, height: 100 },
};

/** Rows of box and scores, as [1, attributes, boxes] or, boxes first, its transpose. */
function output(boxes: readonly (readonly number[])[], boxesFirst: boolean): Tensor {
  const attributes = boxes[0]!.length;
  const data = Float32Array.from({ length: boxes.length * attributes }, (_, i) =>
    boxesFirst
      ? boxes[Math.floor(i / attributes)]![i % attributes]!
      : boxes[i % boxes.length]![Math.floor(i / boxes.length)]!,
  );
  return { type: "float32", shape: boxesFirst ? [1, boxes.length, attributes] : [1, attributes, boxes.length], data };
}

// A person, the same a little aside, a dog in the same place, and something uncertain. The image fills rows 25 to 75 of the input.
const V8 = [
  [50, 50, 40, 20, 0.9, 0, 0],
  [51, 50, 40, 20, 0.8, 0, 0],
  [50, 50, 40, 20, 0, 0.7, 0],
  [10, 50, 10, 10, 0, 0, 0.3],
  ...Array.from({ length: 10 }, () => [0, 0, 0, 0, 0, 0, 0]),
];
const EXPECTED = [
  { label: "person", score: expect.closeTo(0.9, 6), box: { left: 30, top: 30, width: 40, height: 40 } },
  { label: "dog", score: expect.closeTo(0.7, 6), box: { left: 30, top: 30, width: 40, height: 40 } },
];

describe("detections", () => {
  it.each([true, false])(
    "of a YOLO v8 output are the best boxes of each label, in percent of the image (%s)",
    (boxesFirst) => {
      expect(detectionsOf(output(V8, boxesFirst), OPTIONS)).toEqual(EXPECTED);
    },
  );

  it.each([true, false])("of a YOLO v5 output weigh the classes by there being an object (%s)", (boxesFirst) => {
    const v5 = V8.map(([x, y, w, h, ...scores]) => [x!, y!, w!, h!, 0.9, ...scores.map((score) => score / 0.9)]);
    expect(detectionsOf(output(v5, boxesFirst), OPTIONS)).toEqual(EXPECTED);
  });

  it("of an output with suppression built in are taken as they are", () => {
    const corners = V8.map(([x, y, w, h, ...scores]) => {
      const klass = scores.indexOf(Math.max(...scores));
      return [x! - w! / 2, y! - h! / 2, x! + w! / 2, y! + h! / 2, scores[klass]!, klass];
    });
    expect(detectionsOf(output(corners, true), OPTIONS)).toEqual(EXPECTED);
  });

  /** As YOLO v10 gives them: always as many rows, the last ones uncertain or empty. */
  const CORNERS = [
    [30, 40, 70, 60, 0.9, 0],
    [5, 45, 15, 55, 0.8, 1],
    [1, 26, 20, 40, 0.02, 1],
    ...Array.from({ length: 20 }, () => [0, 0, 0, 0, 0, 0]),
  ];

  it.each([[[]], [["person"]], [["person", "dog"]], [LABELS]])(
    "of an output with suppression built in are told from others by their values, with labels %j",
    (labels) => {
      const name = (klass: number): string => labels[klass] ?? `class ${klass}`;
      const expected = [
        { label: name(0), score: expect.closeTo(0.9, 6), box: { left: 30, top: 30, width: 40, height: 40 } },
        { label: name(1), score: expect.closeTo(0.8, 6), box: { left: 5, top: 40, width: 10, height: 20 } },
      ];
      expect(detectionsOf(output(CORNERS, true), { ...OPTIONS, labels })).toEqual(expected);
      expect(detectionsOf(output(CORNERS, true), { ...OPTIONS, labels, form: "corners" })).toEqual(expected);
      expect(detectionsOf(output(CORNERS.slice(0, 1), true), { ...OPTIONS, labels })).toEqual(expected.slice(0, 1));
      const none: Tensor = { type: "float32", shape: [1, 0, 6], data: new Float32Array() };
      expect(detectionsOf(none, { ...OPTIONS, labels })).toEqual([]);
    },
  );

  it.each([true, false])("of six numbers a box are no corners where the values do not look so (%s)", (boxesFirst) => {
    const two = V8.map(([x, y, w, h, person, dog]) => [x!, y!, w!, h!, person!, dog!]);
    const labels = ["person", "dog"];
    expect(detectionsOf(output(two, boxesFirst), { ...OPTIONS, labels })).toEqual(EXPECTED);
    expect(detectionsOf(output(two, boxesFirst), { ...OPTIONS, labels, form: "classes" })).toEqual(EXPECTED);
    const one = V8.map(([x, y, w, h, person]) => [x!, y!, w!, h!, 0.9, person! / 0.9]);
    const person = { ...OPTIONS, labels: ["person"] };
    expect(detectionsOf(output(one, boxesFirst), person)).toEqual(EXPECTED.slice(0, 1));
    expect(detectionsOf(output(one, boxesFirst), { ...person, form: "objectness" })).toEqual(EXPECTED.slice(0, 1));
  });

  it("in shares of the input are found as those in pixels are", () => {
    const shares = (rows: readonly (readonly number[])[]) =>
      rows.map((row) => row.map((value, i) => (i < 4 ? value / 100 : value)));
    expect(detectionsOf(output(shares(V8), true), OPTIONS)).toEqual(EXPECTED);
    expect(detectionsOf(output(shares(CORNERS), true), { ...OPTIONS, labels: ["person", "dog"] })).toEqual(
      detectionsOf(output(CORNERS, true), { ...OPTIONS, labels: ["person", "dog"] }),
    );
  });

  it.each([
    ["corners", /expected a detector's output \[1, boxes, 6\], got \[1, 14, 7\]/],
    ["objectness", /expected a detector's output \[1, 8, boxes\], got \[1, 14, 7\]/],
  ] as const)("are refused in another form than the one that is said: %s", (form, message) => {
    expect(() => detectionsOf(output(V8, true), { ...OPTIONS, form })).toThrow(message);
  });

  it("lie within the image, whatever a broken model gives", () => {
    const broken = V8.map((_, i) => [
      i % 2 ? Number.NaN : -1e9,
      50,
      1e9,
      Number.POSITIVE_INFINITY,
      0.9,
      0.1,
      Number.NaN,
    ]);
    for (const { box } of detectionsOf(output(broken, false), OPTIONS)) {
      for (const value of Object.values(box)) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(100);
      }
    }
  });

  it("stay bounded when every box is certain", () => {
    const all = Array.from({ length: 8400 }, (_, i) => [(i % 91) + 5, Math.floor(i / 91) + 5, 0.5, 0.5, 1, 0, 0]);
    expect(detectionsOf(output(all, false), OPTIONS).length).toBeLessThanOrEqual(300);
  });

  it.each([[[1, 3]], [[2, 7, 10]], [[1, 9, 11]], [[1, 7, 0]]])("are refused of another form: %j", (shape) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    expect(() => detectionsOf({ type: "float32", shape, data }, OPTIONS)).toThrow(/expected a detector's output/);
  });
});

describe("classes", () => {
  const scores = (...data: number[]): Tensor => ({
    type: "float32",
    shape: [1, data.length],
    data: Float64Array.from(data) as never,
  });

  it("are ordered, and logits become probabilities", () => {
    expect(classesOf(scores(0.2, 0.7, 0.1), LABELS, 2)).toEqual([
      { label: "dog", score: 0.7 },
      { label: "person", score: 0.2 },
    ]);
    // scipy 1.17: special.softmax([1, 2, 3])[2] = 0.66524096
    expect(classesOf(scores(1, 2, 3), LABELS, 1)[0]).toEqual({ label: "car", score: expect.closeTo(0.66524096, 8) });
    expect(classesOf(scores(1000, 0, 0), LABELS, 1)[0]?.score).toBe(1);
  });

  it("are refused when there are more or fewer than labels", () => {
    expect(() => classesOf(scores(1, 2), LABELS, 2)).toThrow(/3 scores, got \[1, 2\]/);
    expect(() => classesOf(scores(Number.NaN, 1, 1), LABELS, 2)).toThrow(/no numbers/);
    const logits = { type: "int8", shape: [1, 3], data: Int8Array.of(3, 90, -20) } as const;
    expect(() => classesOf(logits, LABELS, 2)).toThrow(/8-bit scores are no probabilities: export the model/);
  });

  it("of 8-bit models are taken as they are rounded", () => {
    const rounded = { type: "uint8", shape: [1, 3], data: Uint8Array.of(26, 204, 25) } as const;
    expect(classesOf(rounded, LABELS, 1)).toEqual([{ label: "dog", score: 204 / 256 }]);
    // Of 0.9965, 0.002 and 0.0015 nothing is left but the first, and that cannot be 1.
    expect(classesOf(scores(255 / 256, 0, 0), LABELS, 1)).toEqual([{ label: "person", score: 255 / 256 }]);
  });
});

describe("an image as a model's input", () => {
  const pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 51, 102, 255, 204, 153) } as const;

  it("is laid out as the model has it, and scaled", () => {
    const planar = imageInput([{ name: "x", shape: [1, 3, 1, 2], type: "float32" }]);
    expect(planar).toMatchObject({ planar: true, width: 2, height: 1, channels: 3 });
    const tensor = imageTensor(pixels, planar, "unit");
    expect(tensor.shape).toEqual([1, 3, 1, 2]);
    expect(Array.from(tensor.data as Float32Array, (value) => Math.round(value * 10) / 10)).toEqual([
      0, 1, 0.2, 0.8, 0.4, 0.6,
    ]);
    const interleaved = imageInput([{ name: "x", shape: [-1, 1, 2, 3], type: "uint8" }]);
    expect(imageTensor(pixels, interleaved, "unit")).toEqual({ type: "uint8", shape: [1, 1, 2, 3], data: pixels.data });
    expect(imageTensor(pixels, planar, "signed").data[0]).toBe(-1);
    // (0 - 0.485) / 0.229
    expect(imageTensor(pixels, planar, "imagenet").data[0]).toBeCloseTo(-2.1179, 4);
  });

  it("is refused by models that take something else", () => {
    const named = (shape: number[], type: "float32" | "int64" = "float32") => imageInput([{ name: "x", shape, type }]);
    expect(() => named([1, 10])).toThrow(/takes no image/);
    expect(() => named([1, 4, 8, 8])).toThrow(/takes no image/);
    expect(() => named([1, 3, 8, 8], "int64")).toThrow(/float32 or uint8/);
    expect(() => imageInput([])).toThrow(/one input, got 0/);
    expect(named([1, 3, -1, -1])).toMatchObject({ width: 640, height: 640 });
  });
});
