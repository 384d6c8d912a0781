import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { treeDocument } from "../../test/support/models";
import { reluModel } from "../../test/support/onnx";
import { tfliteModel } from "../../test/support/tflite";
import { ModelError } from "../model/contract";
import { packBundle, unpackBundle } from "./bundle";
import { recognise } from "./formats";
import { checkDescription, describeModel } from "./import";
import type { Inspected } from "./protocol";

const file = (name: string, content: Uint8Array | string) => new Map([[name, new Uint8Array(Buffer.from(content))]]);

describe("a bundle", () => {
  const files = fc
    .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/), fc.uint8Array({ maxLength: 50 })), {
      minLength: 1,
      maxLength: 5,
      selector: ([name]) => name,
    })
    // Names of devices on Windows are no names of files.
    .filter((entries) => entries.every(([name]) => !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(name)));

  it("holds what was put in", () => {
    fc.assert(
      fc.property(files, fc.jsonValue(), (entries, about) => {
        const bundle = unpackBundle(packBundle({ about, files: new Map(entries) }));
        expect([...bundle.files].map(([name, data]) => [name, Array.from(data)])).toEqual(
          entries.map(([name, data]) => [name, Array.from(data)]),
        );
        expect(bundle.about).toEqual(JSON.parse(JSON.stringify(about)));
      }),
    );
  });

  it("is refused as such when it is cut or changed, or still a whole one", () => {
    const whole = packBundle({
      about: { name: "x" },
      files: new Map([
        ["a", new Uint8Array(20)],
        ["b", new Uint8Array(5)],
      ]),
    });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, isCut) => {
        const bytes = isCut ? whole.subarray(0, at) : Buffer.from(whole).fill(byte, at, at + 1);
        try {
          expect(unpackBundle(bytes).files.size).toBeGreaterThan(0);
          expect(isCut).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }),
    );
  });
});

describe("a file", () => {
  it.each([
    ["m.onnx", reluModel(), "onnx"],
    ["m.tflite", tfliteModel(), "tflite"],
    ["no-name", tfliteModel(), "tflite"],
    ["m.json", JSON.stringify(treeDocument()), "gatewise"],
    ["model.json", '{"modelTopology": {"node": []}}', "tfjs-graph"],
    ["model.json", '{"modelTopology": {"model_config": {}}, "format": "layers-model"}', "tfjs-layers"],
  ])("%s is recognised", (name, content, format) => {
    expect(recognise(file(name, content))).toEqual({ format, main: name });
  });

  it("among its weights is found", () => {
    const files = new Map([...file("a.bin", "xxxxxxxxx"), ...file("model.json", '{"modelTopology": {"node": []}}')]);
    expect(recognise(files)).toMatchObject({ main: "model.json" });
  });

  it("that is none is refused, with what is expected", () => {
    for (const [name, content] of [
      ["a.txt", "hello"],
      ["a.json", "[]"],
      ["a.json", '{"kind": "cake"}'],
      ["a", ""],
    ] as const) {
      expect(() => recognise(file(name, content))).toThrow(`${name}: expected an ONNX, TensorFlow.js`);
    }
    expect(() => recognise(file("a.json", '{"kind"'))).toThrow("no JSON: damaged or truncated");
  });
});

describe("a description", () => {
  const found: Inspected = {
    runtime: "test",
    inputs: [{ name: "x", shape: [-1, 2], type: "float32" }],
    outputs: [
      { name: "p", shape: [-1, 1], type: "float32" },
      { name: "q", shape: [-1, 1], type: "float32" },
    ],
    golden: [{ in: { x: [1, 2] }, out: { p: [3] } }],
  };
  const describe2 = (about: object) =>
    describeModel(checkDescription({ name: "m", ...about }), file("m.onnx", reluModel()), async () => found);

  it("is completed by what the runtime finds", async () => {
    expect(await describe2({})).toMatchObject({
      ...{ name: "m", version: "1", format: "onnx", task: "raw" },
      inputs: found.inputs,
      golden: { cases: found.golden },
    });
    expect(await describe2({ labels: ["a"] })).toMatchObject({ task: "classification" });
  });

  it("gives outputs their meaning, by name or in their order", async () => {
    const { outputs } = await describe2({ outputs: [{ sensor: "power" }, { name: "q", role: "high" }] });
    expect(outputs).toMatchObject([
      { name: "p", sensor: "power" },
      { name: "q", role: "high" },
    ]);
    await expect(describe2({ outputs: [{ name: "z" }] })).rejects.toThrow('no output "z": it has p, q');
  });

  it("is refused when it is none", () => {
    for (const about of [null, [], "x", {}, { name: "" }, { name: "m", task: "magic" }, { name: "m", outputs: {} }]) {
      expect(() => checkDescription(about)).toThrow(ModelError);
    }
  });
});
