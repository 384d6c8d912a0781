import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Models, packBundle } from "../../../lib/inference";
import { newSigningKey } from "../../../lib/model/store/keys";
import { statusOf } from "../../../test/support/hooks";
import { modelsOfEachTest } from "../../../test/support/model-flow";
import { storedTree, TemporaryModels, treeDocument } from "../../../test/support/models";
import { onnxModel, reluModel } from "../../../test/support/onnx";
import { helper, startFlow, stopFlow, until } from "../../../test/support/red";
import predict from "../predict/predict";
import models from "./models";

const temporary = modelsOfEachTest();

const run = (config: Record<string, unknown> = {}) =>
  startFlow([models], [{ id: "m", type: "gatewise-models", z: "", version: 1, folder: temporary.folder, ...config }]);

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}
/** The part of supertest that is used. */
interface Asked extends Promise<Answer> {
  set(header: string, value: string): Asked;
  send(body?: Buffer): Asked;
}
const server = () => (helper as unknown as { request(): Record<"get" | "post", (path: string) => Asked> }).request();
const get = (path: string): Asked => server().get(`/gatewise/models/m/${path}`);
const post = (path: string, body?: Buffer): Asked =>
  server().post(`/gatewise/models/m/${path}`).set("content-type", "application/octet-stream").send(body);

const files = (entries: Record<string, Buffer | string>) =>
  new Map(Object.entries(entries).map(([name, content]) => [name, Buffer.from(content)]));
const treeUpload = (version: string): Buffer =>
  packBundle({ about: { name: "tree", version }, files: files({ "tree.json": JSON.stringify(treeDocument()) }) });

const wideModel = (): Buffer =>
  onnxModel({
    inputs: [{ name: "x", shape: ["N", 2 ** 31 - 1] }],
    outputs: [{ name: "y", shape: ["N", 2 ** 31 - 1] }],
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
  });

describe("models", () => {
  it("takes uploads, lists them, goes back and removes", async () => {
    await run();
    expect((await post("import", treeUpload("1.0"))).body).toEqual({
      ...{ name: "tree", version: "1.0", seq: 1, format: "gatewise" },
    });
    await post("import", treeUpload("1.1"));
    const relu = packBundle({ about: { name: "relu" }, files: files({ "relu.onnx": reluModel() }) });
    expect((await post("import", relu)).body).toMatchObject({ format: "onnx" });
    const { status, body } = await get("list");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      models: [
        { name: "relu", task: "raw", inputs: ["x [-1, 2]"], outputs: ["y"], older: [], users: 0 },
        { name: "tree", version: "1.1", seq: 2, older: [1], signedBy: [expect.stringContaining("this gateway")] },
      ],
      problems: [],
      key: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect((await post("activate?name=tree&seq=1")).body).toEqual({ name: "tree", seq: 1 });
    expect((await post("remove?name=relu")).body).toEqual({ done: true });
    expect((await get("list")).body).toMatchObject({ models: [{ name: "tree", version: "1.0" }] });
  });

  it.each([
    ["no bundle", Buffer.from("hello"), "this is no model bundle"],
    ["half a bundle", treeUpload("1").subarray(0, -10), /truncated|damaged/],
    ["no model", packBundle({ about: { name: "x" }, files: files({ "x.txt": "text" }) }), "x.txt: expected an ONNX"],
    [
      "no name",
      packBundle({ about: {}, files: files({ "x.onnx": reluModel() }) }),
      "description.name: expected a text",
    ],
    [
      "another form",
      packBundle({
        about: { name: "x", preprocess: { kind: "window", sensors: ["a"], length: 3 } },
        files: files({ "x.onnx": reluModel() }),
      }),
      "makes 3 values (3 rows of 1 sensors)",
    ],
    [
      "a damaged model",
      packBundle({ about: { name: "x" }, files: files({ "x.onnx": reluModel().subarray(0, 50) }) }),
      "ONNX Runtime refuses the file",
    ],
    [
      "known answers that it does not give",
      packBundle({
        about: { name: "x", golden: { cases: [{ in: { x: [1, 1] }, out: { y: [5, 5] } }], eps: 1e-3 } },
        files: files({ "x.onnx": reluModel() }),
      }),
      'golden case 1, output "y", value 1: expected 5, got 3.5',
    ],
    [
      "an input that it does not have",
      packBundle({
        about: { name: "x", inputs: [{ name: "zz", shape: [-1, 2], type: "float32" }] },
        files: files({ "x.onnx": reluModel() }),
      }),
      "the manifest names the inputs zz, the model has x",
    ],
    [
      "another shape",
      packBundle({
        about: { name: "x", inputs: [{ name: "x", shape: [-1, 5], type: "float32" }] },
        files: files({ "x.onnx": reluModel() }),
      }),
      /the model does not run: .*x/,
    ],
    [
      "another type",
      packBundle({
        about: { name: "x", inputs: [{ name: "x", shape: [-1, 2], type: "string" }] },
        files: files({ "x.onnx": reluModel() }),
      }),
      /model x 1 \(1\): /,
    ],
    [
      "broken weights",
      packBundle({ about: { name: "x" }, files: files({ "x.onnx": reluModel([0.5, Number.NaN]) }) }),
      'the model answers NaN: output "y", value 2, in all of 2 runs',
    ],
    [
      "more columns than can be",
      packBundle({ about: { name: "x" }, files: files({ "x.onnx": wideModel() }) }),
      /the model cannot be run|takes 2147483647 values, more than 67108864/,
    ],
  ])("refuses %s and says why", async (_what, upload, reason) => {
    await run();
    const { status, body } = await post("import", upload);
    expect(status).toBe(400);
    expect(body.error).toMatch(reason);
    expect((await get("list")).body.models).toEqual([]);
  });

  it("takes the word of who imports it for dimensions that the model leaves open", async () => {
    await run();
    const open = onnxModel({
      inputs: [{ name: "x", shape: ["N", "T"] }],
      outputs: [{ name: "y", shape: ["N", "T"] }],
      nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
    });
    const about = { name: "open", inputs: [{ name: "x", shape: [-1, 3], type: "float32" }] };
    expect((await post("import", packBundle({ about, files: files({ "x.onnx": open }) }))).body).toMatchObject({
      seq: 1,
    });
    const { manifest } = await temporary.store().get("open");
    expect(manifest.inputs).toEqual(about.inputs);
    expect(manifest.golden!.cases[0]!.in.x).toHaveLength(3);
  });

  it("refuses uploads that are too large before it has them all", async () => {
    await run({ maxModel: 0.001 });
    const large = packBundle({ about: { name: "x" }, files: files({ "x.onnx": Buffer.alloc(2000) }) });
    expect((await post("import", large)).body.error).toContain("the model has 2000 bytes, more than the 104");
  });

  it("takes what another gateway exported when its key is trusted", async () => {
    const other = new TemporaryModels();
    const there = new Models({ folder: other.folder });
    await there.add(storedTree());
    const exported = await there.export("tree");
    const { text: key } = await there.ownKey();
    other.remove();
    await run();
    expect((await post("import", exported)).body.error).toContain("expected a signature of trusted keys");
    await stopFlow();
    await run({ trusted: [{ name: "other", key }] });
    expect((await post("import", exported)).body).toMatchObject({ name: "tree" });
    expect((await get("list")).body.models).toMatchObject([{ signedBy: ["other"] }]);
  });

  it("tells dialogs also that it is not deployed", async () => {
    await run();
    const listing = (id: string) => server().get(`/gatewise/models/listing?id=${id}`);
    expect((await listing("m")).body).toMatchObject({ models: [], problems: [] });
    expect((await listing("other")).body).toEqual({ deployed: false });
  });

  it("says what is wrong with a key", async () => {
    await run({ trusted: [{ name: "desk", key: newSigningKey("x").text.slice(1) }] });
    await until(() => statusOf("m").includes('key "desk": expected an Ed25519 public key'), "the status");
  });

  it("shows models that cannot be used", async () => {
    const key = newSigningKey("desk");
    await temporary.store({ trusted: [key] }).add(storedTree());
    writeFileSync(`${temporary.folder}/models/tree/1.json`, "{}");
    await run();
    await until(() => statusOf("m").startsWith("tree: "), "the status");
    expect((await get("list")).body).toMatchObject({ models: [], problems: [{ name: "tree" }] });
  });

  it("shows the version that runs in place of a current one that does not load, and tries that when asked", async () => {
    await temporary.store().add(storedTree({ version: "1.0" }));
    const current = await temporary.store().add(storedTree({ version: "2.0" }, treeDocument(10, 20)));
    const file = join(temporary.folder, "files", current.manifest.files[0]!.sha256);
    renameSync(file, `${file}.away`);
    await startFlow(
      [models, predict],
      [
        { id: "m", type: "gatewise-models", z: "", version: 1, folder: temporary.folder },
        { id: "p", type: "gatewise-predict", version: 1, models: "m", model: "tree" },
      ],
    );
    const reason = /version 1\.0 \(1\) runs in place of 2\.0 \(2\): .*missing from the model store/;
    await until(() => reason.test(statusOf("p")), "the status of the node that uses it");
    const standin = { version: "1.0", seq: 1, reason: expect.stringMatching(reason) };
    expect((await get("list")).body).toMatchObject({ models: [{ version: "2.0", seq: 2, users: 1, standin }] });
    expect((await post("retry?name=tree")).body).toEqual({ done: true });
    expect((await get("list")).body).toMatchObject({ models: [{ standin: { version: "1.0" } }] });
    renameSync(`${file}.away`, file);
    expect((await post("retry?name=tree")).body).toEqual({ done: true });
    expect(((await get("list")).body.models as object[])[0]).not.toHaveProperty("standin");
    await until(() => statusOf("p") === "tree 2.0: ready", "the current version");
    const { status, body } = await post("retry?name=none");
    expect([status, body.error]).toEqual([400, "model none: there is none of this name"]);
  });
});
