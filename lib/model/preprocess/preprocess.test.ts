import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, throughJson, twoPass } from "../../../test/support/series";
import { StateError } from "../../numeric/state";
import { ModelError, type PreprocessSpec } from "../contract";
import { createPreprocessor, type EngineeredSpec, type Figure, inputNames } from "./index";

const plain = (figures: EngineeredSpec["figures"], over: Partial<EngineeredSpec> = {}): EngineeredSpec => ({
  kind: "engineered",
  sensors: ["a"],
  channels: [0],
  regimes: { settings: [], spread: [], centres: [[]] },
  mean: [[0]],
  std: [[1]],
  figures,
  ...over,
});

/** What comes out for each row. */
function run(spec: PreprocessSpec, rows: readonly (readonly number[])[]): (number[] | undefined)[] {
  const preprocessor = createPreprocessor(spec);
  return rows.map((row, i) => {
    const input = preprocessor.push(Float64Array.from(row), i);
    return input && Array.from(input);
  });
}

const meanOf = (values: readonly number[]): number => (values.length === 0 ? Number.NaN : twoPass(values).mean);

/** The definition of a figure over the whole history, the latest value last; NaN stands for missing. */
function defined(figure: Figure, history: readonly number[]): number {
  const there = (values: readonly number[]): number[] => values.filter((value) => !Number.isNaN(value));
  const latest = (window: number, skip = 0): number[] =>
    history.slice(Math.max(0, history.length - skip - window), Math.max(0, history.length - skip));
  switch (figure.figure) {
    case "value":
      return history.at(-1)!;
    case "mean":
      return meanOf(there(latest(figure.window, figure.skip)));
    case "meanSoFar":
      return meanOf(there(history));
    case "rise":
      return meanOf(there(latest(figure.window))) - meanOf(there(history.slice(0, figure.start)));
    case "std": {
      const values = there(latest(figure.window));
      return values.length < 2 ? Number.NaN : twoPass(values).std;
    }
    case "slope": {
      const points = latest(figure.window).flatMap((y, x): [number, number][] => (Number.isNaN(y) ? [] : [[x, y]]));
      if (points.length < 3) return Number.NaN;
      const [mx, my] = [meanOf(points.map(([x]) => x)), meanOf(points.map(([, y]) => y))];
      const products = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
      return products / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
    }
    case "smooth": {
      const alpha = 2 / (figure.span + 1);
      const values = there(history);
      return values.slice(1).reduce((before, value) => (1 - alpha) * before + alpha * value, values[0] ?? Number.NaN);
    }
    default:
      return figure satisfies never;
  }
}

const FIGURES: Figure[] = [
  { figure: "value" },
  { figure: "mean", window: 4 },
  { figure: "mean", window: 3, skip: 2 },
  { figure: "std", window: 5 },
  { figure: "slope", window: 6 },
  { figure: "smooth", span: 3 },
  { figure: "meanSoFar" },
  { figure: "rise", window: 3, start: 4 },
];

const value = fc.oneof({ weight: 4, arbitrary: finite(-5, 5) }, { weight: 1, arbitrary: fc.constant(Number.NaN) });
const values = fc.array(value, { maxLength: 40 });

function expectClose(actual: number, expected: number, digits: number): void {
  if (Number.isNaN(expected)) expect(actual).toBeNaN();
  else expect(actual).toBeCloseTo(expected, digits);
}

describe("engineered figures", () => {
  it("are those of the definition over the whole past, also near 1e9", () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1e9), (noise, offset) => {
        const rows = noise.map((own) => [offset + own]);
        const spec = plain(FIGURES, { mean: [[offset]] });
        run(spec, rows).forEach((input, at) => {
          const history = noise.slice(0, at + 1);
          FIGURES.forEach((figure, f) => {
            expectClose(input![f]!, defined(figure, history), offset === 0 ? 9 : 5);
          });
        });
      }),
    );
  });

  it("are of sensors, of what is fused from them, or of both; the age comes last", () => {
    const spec = plain(
      [{ figure: "value", of: "sensors" }, { figure: "value", of: "fused" }, { figure: "meanSoFar" }],
      { sensors: ["a", "b"], channels: [0, 1], mean: [[1, 0]], std: [[2, 1]], fused: [[1, -1]], age: true },
    );
    const rows = [
      [3, 5],
      [5, Number.NaN],
    ];
    // Normalised (1, 5) and (2, missing), which counts as 0 where they are fused: -4 and 2.
    expect(run(spec, rows)).toEqual([
      [1, 5, -4, 1, 5, -4, 1],
      [2, Number.NaN, 2, 1.5, 5, -1, 2],
    ]);
    expect(inputNames(spec)).toEqual([
      ...["a now", "b now", "fused 1 now", "a mean so far", "b mean so far", "fused 1 mean so far", "age"],
    ]);
    expect(createPreprocessor(spec).size).toBe(7);
  });

  it("are normalised by the regime whose settings are nearest", () => {
    const spec = plain([{ figure: "value" }], {
      sensors: ["altitude", "speed", "heat"],
      channels: [2],
      regimes: {
        settings: [0, 1],
        spread: [10_000, 0.1],
        centres: [
          [0, 0.2],
          [30_000, 0.8],
        ],
      },
      mean: [[100], [500]],
      std: [[10], [50]],
    });
    const rows = [
      [40, 0.21, 110],
      [31_000, 0.79, 550],
      [Number.NaN, 0.8, 450],
      // Without any setting the regime is the one before.
      [Number.NaN, Number.NaN, 600],
    ];
    expect(run(spec, rows)).toEqual([[1], [1], [-1], [2]]);
  });

  it("go on after snapshot and restore as if never stopped", () => {
    const spec = plain(FIGURES, {
      sensors: ["a", "b"],
      channels: [0, 1],
      mean: [[0, 0]],
      std: [[1, 1]],
      fused: [[1, 1]],
    });
    const rows = fc.array(fc.tuple(value, value), { maxLength: 30 });
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const whole = createPreprocessor(spec);
        for (const row of before) whole.push(Float64Array.from(row), 0);
        const restored = createPreprocessor(spec);
        restored.push(Float64Array.of(99, 99), 0);
        restored.restore(throughJson(whole.snapshot()));
        const fresh = createPreprocessor(spec);
        for (const row of before) fresh.push(Float64Array.from(row), 0);
        fresh.reset();
        for (const row of after) {
          const input = Float64Array.from(row);
          expect(restored.push(input, 0)).toEqual(whole.push(input, 0));
        }
        expect(after.map((row) => fresh.push(Float64Array.from(row), 0))).toEqual(
          run(spec, after).map((input) => Float64Array.from(input!)),
        );
      }),
    );
  });

  it("do not start from a state of something else", () => {
    const preprocessor = createPreprocessor(plain(FIGURES));
    const saved = throughJson(preprocessor.snapshot()) as Record<string, unknown>;
    const damaged = [
      null,
      {},
      { ...saved, past: [1] },
      { ...saved, rows: -1 },
      { ...saved, smooth: [] },
      { ...saved, starts: [{}] },
    ];
    for (const state of damaged) expect(() => preprocessor.restore(state)).toThrow(StateError);
    expect(() => createPreprocessor(plain([{ figure: "value" }])).restore(saved)).toThrow(StateError);
  });

  it("hold still for a hundred thousand rows: no rounding gathers", () => {
    const preprocessor = createPreprocessor(
      plain([
        { figure: "mean", window: 10 },
        { figure: "std", window: 10 },
      ]),
    );
    const next = gaussian(3);
    for (let i = 0; i < 100_000; i++) preprocessor.push(Float64Array.of(1e6 * next()), i);
    let last: Float64Array | undefined;
    for (let i = 0; i < 10; i++) last = preprocessor.push(Float64Array.of(i), i);
    expect(last![0]).toBe(4.5);
    expect(last![1]).toBeCloseTo(Math.sqrt(55 / 6), 12);
  });

  it("are refused with the place and what was expected when the spec is damaged", () => {
    const cases: [unknown, string][] = [
      [{ kind: "other" }, "preprocess.kind: expected window or engineered"],
      [plain([]), "preprocess.figures: expected a list of 1 to 200"],
      [plain([{ figure: "mean", window: 0 }]), "preprocess.figures[0].window: expected a whole number from 1"],
      [plain([{ figure: "magic" } as unknown as Figure]), "preprocess.figures[0].figure: expected one of"],
      [plain([{ figure: "mean", window: 1e9 }]), "preprocess.figures[0].window"],
      [plain(FIGURES, { channels: [1] }), "preprocess.channels: expected places of sensors, below 1"],
      [plain(FIGURES, { std: [[0]] }), "preprocess.std: expected numbers above 0"],
      [plain(FIGURES, { mean: [[1], [2]] }), "preprocess.mean: expected a list of 1"],
      [plain(FIGURES, { mean: [[Number.NaN]] }), "preprocess.mean: expected 1 lists of 1 numbers"],
      [plain(FIGURES, { fused: [[1, 2]] }), "preprocess.fused: expected 1 lists of 1 numbers"],
      [plain(FIGURES, { regimes: undefined }), "preprocess.regimes: expected an object"],
      [{ kind: "window", sensors: ["a"], length: 0 }, "preprocess.length: expected a whole number from 1"],
      [{ kind: "window", sensors: ["a"], length: 1e9 }, "preprocess.length"],
      [{ kind: "window", sensors: ["a"], length: 1, std: [0] }, "preprocess.std: expected numbers above 0"],
    ];
    for (const [spec, message] of cases) {
      expect(() => createPreprocessor(spec as PreprocessSpec), message).toThrow(ModelError);
      expect(() => createPreprocessor(spec as PreprocessSpec)).toThrow(message);
    }
  });
});

describe("windows", () => {
  const spec: PreprocessSpec = { kind: "window", sensors: ["a", "b"], length: 3, mean: [1, 0], std: [2, 1] };
  const rows = [
    [1, 10],
    [3, 20],
    [5, Number.NaN],
    [7, 40],
  ];

  it("are the last rows, normalised, oldest first, from when there are enough", () => {
    expect(run(spec, rows)).toEqual([
      undefined,
      undefined,
      [0, 10, 1, 20, 2, Number.NaN],
      [1, 20, 2, Number.NaN, 3, 40],
    ]);
  });

  it("come after every so many rows", () => {
    const many = Array.from({ length: 9 }, (_, i) => [i]);
    const strided = run({ kind: "window", sensors: ["a"], length: 2, stride: 3 }, many);
    expect(strided.flatMap((input, at) => (input ? [at] : []))).toEqual([1, 4, 7]);
  });

  it("go on after snapshot and restore as if never stopped", () => {
    const some = fc.array(fc.tuple(value, value), { maxLength: 8 });
    fc.assert(
      fc.property(some, some, fc.integer({ min: 1, max: 3 }), (before, after, stride) => {
        const whole = createPreprocessor({ ...spec, stride } as PreprocessSpec);
        for (const row of before) whole.push(Float64Array.from(row), 0);
        const restored = createPreprocessor({ ...spec, stride } as PreprocessSpec);
        restored.restore(throughJson(whole.snapshot()));
        for (const row of after) {
          const input = Float64Array.from(row);
          expect(restored.push(input, 0)).toEqual(whole.push(input, 0));
        }
      }),
    );
  });
});
