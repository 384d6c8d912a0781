import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { throughJson } from "../../../test/support/series";
import { friedman1 } from "../../../test/support/tables";
import { trainTrees } from "../../train/gbdt";
import { trainNetwork } from "../../train/network";
import { ModelError } from "../contract";
import { encoded } from "./arrays";
import { loadPredictor } from "./load";

type Json = Record<string, unknown>;

/** x0 <= 1.5 ? (x1 <= 0 ? 10 : 20) : 30, a missing x0 to the right; plus 0.5. */
const handMade = (over: Json = {}): Json => ({
  kind: "trees",
  inputs: 2,
  outputs: 1,
  link: "identity",
  base: [0.5],
  roots: encoded(Int32Array.of(0)),
  feature: encoded(Int16Array.of(0, 1, -1, -1, -1)),
  threshold: encoded(Float64Array.of(1.5, 0, 30, 10, 20)),
  left: encoded(Int32Array.of(1, 3, 0, 0, 0)),
  missingRight: encoded(Uint8Array.of(1, 0, 0, 0, 0)),
  ...over,
});

/** relu(x0 - x1 + 1) * 3 - 1, times 2 plus 100, of inputs standardised by mean (1, 0) and std (2, 1). */
const handMadeNetwork = (over: Json = {}): Json => ({
  kind: "network",
  inputs: 2,
  outputs: 1,
  length: 1,
  link: "identity",
  mean: encoded(Float64Array.of(1, 0)),
  std: encoded(Float64Array.of(2, 1)),
  scale: 2,
  shift: 100,
  layers: [
    {
      type: "dense",
      units: 1,
      activation: "relu",
      weights: encoded(Float32Array.of(1, -1)),
      biases: encoded(Float32Array.of(1)),
    },
    {
      type: "dense",
      units: 1,
      activation: "identity",
      weights: encoded(Float32Array.of(3)),
      biases: encoded(Float32Array.of(-1)),
    },
  ],
  ...over,
});

const answersOf = (document: unknown, ...rows: readonly (readonly number[])[]): number[] =>
  Array.from(loadPredictor(document).predict(Float64Array.from(rows.flat()), rows.length));

describe("trees", () => {
  it("are followed to the leaf", () => {
    const rows = [
      [1.5, 0],
      [1.5, 0.1],
      [1.6, 0],
      [Number.NaN, 0],
      [0, Number.NaN],
    ];
    expect(answersOf(handMade(), ...rows)).toEqual([10.5, 20.5, 30.5, 30.5, 10.5]);
  });

  it("add to the outputs in turn, through the link", () => {
    const leaf = (values: number[]): Json => ({
      outputs: 2,
      roots: encoded(Int32Array.from(values.keys())),
      feature: encoded(Int16Array.from(values, () => -1)),
      threshold: encoded(Float64Array.from(values)),
      left: encoded(Int32Array.from(values, () => 0)),
      missingRight: encoded(Uint8Array.from(values, () => 0)),
    });
    const two = handMade({ ...leaf([1, 2, 3, 4]), base: [0, 10] });
    expect(answersOf(two, [0, 0])).toEqual([4, 16]);
    const shares = answersOf({ ...two, link: "softmax", base: [2, 0] }, [0, 0]);
    expect(shares).toEqual([0.5, 0.5]);
    expect(answersOf({ ...two, link: "logistic", base: [-4, -1000] }, [0, 0])).toEqual([0.5, 0]);
  });
});

describe("networks", () => {
  it("compute what their layers say; a missing input is the mean, a wild one is limited", () => {
    // Standardised (1, 0): relu(2) * 3 - 1 = 5, times 2 plus 100.
    const rows = [
      [3, 0],
      [1, 5],
      [Number.NaN, Number.NaN],
      [1e300, 0],
    ];
    expect(answersOf(handMadeNetwork(), ...rows)).toEqual([110, 98, 104, 2 * (11 * 3 - 1) + 100]);
  });

  it("convolve over steps, oldest first, and pool", () => {
    const network = handMadeNetwork({
      inputs: 6,
      length: 3,
      mean: encoded(new Float64Array(6)),
      std: encoded(new Float64Array(6).fill(1)),
      scale: 1,
      shift: 0,
      layers: [
        {
          type: "convolution",
          width: 2,
          filters: 1,
          activation: "identity",
          // Of step t: 1 a + 2 b, of the next: 3 a + 4 b.
          weights: encoded(Float32Array.of(1, 2, 3, 4)),
          biases: encoded(Float32Array.of(0.5)),
        },
        { type: "pool", width: 2 },
      ],
    });
    // Steps (1, 0), (0, 1), (2, 2): 1 + 4 + 0.5 and 2 + 6 + 8 + 0.5, of which the mean.
    expect(answersOf(network, [1, 0, 0, 1, 2, 2])).toEqual([(5.5 + 16.5) / 2]);
  });

  it("give the same for a batch as one by one", () => {
    const rows = Array.from({ length: 150 }, (_, i) => [i / 10, 3 - i / 7]);
    expect(answersOf(handMadeNetwork(), ...rows)).toEqual(rows.flatMap((row) => answersOf(handMadeNetwork(), row)));
  });
});

describe("several models", () => {
  const [a, b] = [handMade(), handMade({ base: [100.5] })];

  it("blend to their weighted mean", () => {
    expect(answersOf({ kind: "blend", inputs: 2, weights: [3, 1], members: [a, b] }, [0, 0])).toEqual([35.5]);
  });

  it("answer together, one after the other", () => {
    const both = { kind: "together", inputs: 2, members: [a, b] };
    expect(answersOf(both, [0, 0], [2, 0])).toEqual([10.5, 110.5, 30.5, 130.5]);
    expect(loadPredictor(both)).toMatchObject({ inputs: 2, outputs: 2 });
  });

  it("answer with the ends of an interval, by straight lines between margins that are held beyond them", () => {
    const around = { kind: "interval", inputs: 2, member: a, at: [10, 20], low: [-1, -5], high: [2, 4] };
    // a answers 10.5 and 30.5.
    expect(answersOf(around, [0, 0], [2, 0])).toEqual([10.5, 9.3, 12.6, 30.5, 25.5, 34.5]);
    expect(answersOf({ ...around, range: [0, 12] }, [0, 0])).toEqual([10.5, 9.3, 12]);
    expect(() => loadPredictor({ ...around, at: [20, 10] })).toThrow("at: expected answers that rise");
    expect(() => loadPredictor({ ...around, low: [1] })).toThrow("low: expected a list of 2");
    const both = { kind: "together", inputs: 2, members: [a, b] };
    expect(() => loadPredictor({ ...around, member: both })).toThrow(
      "member: expected a model of 2 inputs and one output",
    );
  });

  it("keep to a range", () => {
    expect(answersOf({ ...a, range: [0, 15] }, [0, 0], [2, 0])).toEqual([10.5, 15]);
  });
});

describe("a batch of the wrong size", () => {
  it("is refused", () => {
    const predictor = loadPredictor(handMade());
    expect(() => predictor.predict(new Float64Array(3), 2)).toThrow("expected 2 x 2 input values, got 3");
    expect(() => predictor.predict(new Float64Array(2), Number.NaN)).toThrow(ModelError);
    expect(predictor.predict(new Float64Array(0), 0)).toHaveLength(0);
  });
});

describe("a damaged or hostile model", () => {
  it("is refused with the place and what was expected", () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? handMade() : { kind: "blend", inputs: 2, weights: [1], members: [nested(depth - 1)] };
    const layers = handMadeNetwork().layers as Json[];
    const cases: [unknown, string][] = [
      [null, "model: expected an object"],
      ["trees", "model: expected an object"],
      [{ kind: "evil" }, "kind: expected one of"],
      [handMade({ inputs: 1 }), "feature: expected -1 or an input below 1 at node 1"],
      [handMade({ feature: encoded(Int16Array.of(0, -2, -1, -1, -1)) }), "feature: expected -1 or an input"],
      [handMade({ left: encoded(Int32Array.of(1, 0, 0, 0, 0)) }), "left: expected a later node"],
      [handMade({ left: encoded(Int32Array.of(1, 1, 0, 0, 0)) }), "left: expected a later node"],
      [handMade({ left: encoded(Int32Array.of(1, 4, 0, 0, 0)) }), "left: expected a later node"],
      [handMade({ left: encoded(Int32Array.of(1, 3, 0, 0)) }), "left: expected base64 of 5 numbers"],
      [handMade({ roots: encoded(Int32Array.of(0, 5)) }), "roots: expected rising places"],
      [handMade({ roots: encoded(Int32Array.of(0, 2 ** 30)) }), "roots: expected rising places"],
      [handMade({ roots: encoded(Int32Array.of(1)) }), "roots: expected 0 as the first"],
      [handMade({ threshold: encoded(Float64Array.of(Number.NaN, 0, 1, 2, 3)) }), "threshold: expected finite numbers"],
      [handMade({ threshold: "!!!!" }), "threshold: expected base64"],
      [handMade({ threshold: [1, 2] }), "threshold: expected base64"],
      [handMade({ missingRight: encoded(Uint8Array.of(2, 0, 0, 0, 0)) }), "missingRight: expected 0 or 1"],
      [handMade({ base: [Number.NaN] }), "base: expected finite numbers"],
      [handMade({ base: [] }), "base: expected a list of 1"],
      [handMade({ outputs: 1e9 }), "outputs: expected a whole number from 1 to 1000"],
      [handMade({ range: [1, 0] }), "range: expected the lower end first"],
      [nested(4), "members[0].members[0].members[0].members[0]: expected models nested at most 4 deep"],
      [{ kind: "blend", inputs: 2, weights: [0], members: [handMade()] }, "weights: expected numbers of 0 and more"],
      [{ kind: "blend", inputs: 2, weights: [], members: [] }, "members: expected a list of 1 to 200"],
      [{ kind: "blend", inputs: 3, weights: [1], members: [handMade()] }, "members[0]: expected a model of 3 inputs"],
      [handMadeNetwork({ std: encoded(Float64Array.of(0, 1)) }), "std: expected numbers above 0"],
      [handMadeNetwork({ length: 3 }), "length: expected a whole number from 1 to 2"],
      [handMadeNetwork({ layers: [] }), "layers: expected a list of 1 to 64"],
      [handMadeNetwork({ outputs: 2 }), "layers: expected 2 values"],
      [handMadeNetwork({ layers: [layers[1], layers[1]] }), "layers[0].weights: expected base64 of 2 numbers"],
      [handMadeNetwork({ layers: [{ ...layers[0], activation: "x" }] }), "layers[0].activation: expected one of"],
      [
        handMadeNetwork({ layers: [{ type: "pool", width: 9 }] }),
        "layers[0].width: expected a whole number from 1 to 1",
      ],
      [
        handMadeNetwork({
          layers: new Array(40).fill({ type: "dense", units: 65_536, activation: "relu", weights: "", biases: "" }),
        }),
        "weights: expected base64 of 131072 numbers",
      ],
    ];
    for (const [document, message] of cases) {
      expect(() => loadPredictor(document), message).toThrow(ModelError);
      expect(() => loadPredictor(document)).toThrow(message);
    }
  });

  it("of deep trees is refused: a chain of one-sided splits", () => {
    const splits = 200;
    const nodes = 2 * splits + 1;
    const chain = handMade({
      inputs: 1,
      feature: encoded(Int16Array.from({ length: nodes }, (_, n) => (n % 2 === 0 && n < nodes - 1 ? 0 : -1))),
      threshold: encoded(new Float64Array(nodes)),
      left: encoded(Int32Array.from({ length: nodes }, (_, n) => (n % 2 === 0 && n < nodes - 1 ? n + 1 : 0))),
      missingRight: encoded(new Uint8Array(nodes)),
    });
    expect(() => loadPredictor(chain)).toThrow("depth of at most 128");
  });

  describe("made by changing a good one", () => {
    let models: string[] = [];
    beforeAll(async () => {
      const samples = friedman1(200, 1);
      const trees = (await trainTrees(samples, { rounds: 3, maxLeaves: 6 })).model;
      const network = (await trainNetwork(samples, { epochs: 1, layers: [] })).model;
      const blend = { kind: "blend", inputs: 10, weights: [1, 2], members: [trees, network] };
      models = [trees, network, blend].map((model) => JSON.stringify(model));
    });

    /** Loads and predicts, or fails with a ModelError: nothing else may happen. */
    function tryOut(document: unknown): void {
      try {
        const predictor = loadPredictor(document);
        const answers = predictor.predict(new Float64Array(2 * predictor.inputs).fill(0.3), 2);
        expect(answers).toHaveLength(2 * predictor.outputs);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
      }
    }

    it("in one character, still loads and predicts or gives a clear error", () => {
      fc.assert(
        fc.property(fc.nat(2), fc.nat(), fc.constantFrom(...'0129ABCzé/+=-e."{}[],:'), (which, at, character) => {
          const text = models[which]!;
          const place = at % text.length;
          let document: unknown;
          try {
            document = JSON.parse(text.slice(0, place) + character + text.slice(place + 1));
          } catch {
            return;
          }
          tryOut(document);
        }),
        { numRuns: 500 },
      );
    });

    it("in a field, too", () => {
      const odd = fc.oneof(fc.anything(), fc.double(), fc.integer(), fc.base64String(), fc.constantFrom(-1, 1e308, ""));
      fc.assert(
        fc.property(fc.nat(2), fc.nat(), odd, (which, at, value) => {
          const document = throughJson(JSON.parse(models[which]!)) as Json;
          const fields = Object.keys(document);
          document[fields[at % fields.length]!] = value;
          tryOut(document);
        }),
        { numRuns: 500 },
      );
    });

    it("or cut off anywhere inside an array", () => {
      fc.assert(
        fc.property(
          fc.constantFrom("roots", "feature", "threshold", "left", "missingRight"),
          fc.nat(),
          (field, cut) => {
            const document = JSON.parse(models[0]!) as Record<string, string>;
            const whole = document[field]!;
            document[field] = whole.slice(0, cut % whole.length);
            expect(() => loadPredictor(document)).toThrow(ModelError);
          },
        ),
      );
    });
  });
});
