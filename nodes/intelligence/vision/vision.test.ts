import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { NewModel } from "../../../lib/model/contract";
import { checkReading, type Reading } from "../../../lib/reading";
import { statusOf } from "../../../test/support/hooks";
import { modelsOfEachTest } from "../../../test/support/model-flow";
import { onnxModel } from "../../../test/support/onnx";
import { isRunning } from "../../../test/support/processes";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import store from "../../storage/store/store";
import models from "../models/models";
import vision from "./vision";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-vision-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(folder, { recursive: true, force: true });
});
const temporary = modelsOfEachTest();

interface Running {
  readonly out: NodeMessage[];
  readonly seen: NodeMessage[];
  readonly caught: NodeMessage[];
}

async function run(config: Record<string, unknown> = {}, credentials: Record<string, string> = {}): Promise<Running> {
  await startFlow(
    [vision, models, store],
    [
      { id: "models", type: "gatewise-models", z: "", version: 1, folder: temporary.folder },
      { id: "store", type: "gatewise-store", z: "", file: join(folder, "test.db") },
      { id: "n", type: "gatewise-vision", version: 1, name: "cam", wires: [["out"], ["seen"]], ...config },
      { id: "out", type: "helper" },
      { id: "seen", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
    { n: credentials },
  );
  return { out: messagesAt("out"), seen: messagesAt("seen"), caught: messagesAt("caught") };
}

/** A green room, with a red square of 20 % of its width when something is in it. */
async function picture(square = false, colour = { r: 40, g: 120, b: 60 }): Promise<Buffer> {
  const create = { width: 320, height: 240, channels: 3, background: colour } as const;
  const room = sharp({ create });
  const red = { width: 64, height: 64, channels: 3, background: { r: 250, g: 30, b: 30 } } as const;
  const placed = square ? room.composite([{ input: { create: red }, left: 100, top: 80 }]) : room;
  return placed.jpeg().toBuffer();
}

const readingsIn = (msg: NodeMessage | undefined): Reading[] => (msg?.payload ?? []) as Reading[];
const valuesIn = (msg: NodeMessage | undefined): Record<string, unknown> =>
  Object.fromEntries(readingsIn(msg).map(({ sensor, value }) => [sensor, value]));

const errorOf = (msg: NodeMessage | undefined): string =>
  String((msg?.error as { message: string } | undefined)?.message);

async function feed(of: Running, images: readonly Uint8Array[], topic = "yard"): Promise<void> {
  const before = metricsOfNodes.of("n")?.counts.images ?? 0;
  for (const payload of images) nodeOf("n").receive({ payload, topic });
  await until(
    () => (metricsOfNodes.of("n")?.counts.images ?? 0) + of.caught.length >= before + images.length,
    "the images",
  );
}

describe("motion", () => {
  it("becomes readings of the device, and the images in which it is go out by themselves", async () => {
    const running = await run();
    const empty = await picture();
    const busy = await picture(true);
    await feed(running, [...new Array(8).fill(empty), busy]);
    await until(() => running.seen.length === 1, "the image");
    expect(running.out).toHaveLength(4);
    expect(valuesIn(running.out[0])).toEqual({ motion: false, "motion.changed": 0, "scene.changed": false });
    const last = running.out.at(-1);
    expect(valuesIn(last)).toMatchObject({ motion: true, "scene.changed": false });
    expect(valuesIn(last)["motion.changed"]).toBeCloseTo(5.3, 0);
    expect(readingsIn(last)[0]).toMatchObject({ deviceId: "yard", unit: "1", quality: "good" });
    expect(last).toMatchObject({ topic: "yard", motion: { box: { width: expect.closeTo(20, -1) } } });
    expect(running.seen[0]).toMatchObject({ topic: "yard", motion: { box: expect.anything() } });
    expect(Buffer.compare(running.seen[0]?.payload as Buffer, busy)).toBe(0);
    await until(() => statusOf("n") === "yard: motion", "the status");
    for (const reading of running.out.flatMap(readingsIn)) expect(checkReading(reading, Date.now())).toEqual(reading);
  });

  it("takes text in base64, and keeps cameras apart by their topics", async () => {
    const running = await run();
    const empty = (await picture()).toString("base64");
    const url = `data:image/jpeg;base64,${empty}`;
    for (let i = 0; i < 7; i++) {
      nodeOf("n").receive({ payload: i % 2 ? empty : url, topic: "a" });
      nodeOf("n").receive({ payload: await picture(true), topic: "b" });
    }
    await until(() => running.out.length === 4, "the readings of both");
    expect(running.out.every((msg) => valuesIn(msg).motion === false)).toBe(true);
    expect(new Set(running.out.map((msg) => readingsIn(msg)[0]?.deviceId))).toEqual(new Set(["a", "b"]));
  });

  it("knows the background after a restart with a store, and forgets it on reset", async () => {
    const first = await run({ store: "store" });
    const empty = await picture();
    await feed(first, new Array(8).fill(empty));
    await stopFlow();
    const running = await run({ store: "store" });
    await feed(running, [await picture(true)]);
    await until(() => running.out.length === 1, "the readings");
    expect(valuesIn(running.out[0]).motion).toBe(true);
    nodeOf("n").receive({ command: "reset", payload: { deviceId: "yard" } });
    await feed(running, [empty]);
    expect(running.out).toHaveLength(1);
  });

  it("refuses what is no image, and goes on with the next", async () => {
    const running = await run({ motion: true });
    for (const payload of [42, "no image!", Buffer.from("GIF89a broken"), { deviceId: "d" }])
      nodeOf("n").receive({ payload });
    await until(() => running.caught.length === 4, "the errors");
    const messages = running.caught.map(errorOf);
    expect(messages[0]).toBe("ImageError: msg.payload: expected an image as a Buffer or in base64");
    expect(messages[2]).toMatch(/^ImageError: the gif image cannot be decoded/);
    await feed(running, new Array(6).fill(await picture()));
    await until(() => running.out.length > 0, "readings");
  });
});

describe("sources", () => {
  it("are asked again and again, and an error does not end it", async () => {
    const image = await picture();
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      if (request.headers.authorization !== `Basic ${Buffer.from("u:p").toString("base64")}`) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="cam"' }).end();
      } else if (requests < 5) response.writeHead(503).end();
      else response.end(image);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const running = await run(
      { source: "http", url: `http://127.0.0.1:${port}/snap.jpg`, interval: 0.02, deviceId: "gate" },
      { user: "u", password: "p" },
    );
    await until(() => running.caught.length > 0 && running.out.length > 1, "errors, then readings");
    expect(errorOf(running.caught[0])).toMatch(/answered 503/);
    expect(readingsIn(running.out[0])[0]?.deviceId).toBe("gate");
    expect(running.out[0]?.topic).toBe("gate");
    await stopFlow();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("give an image when a message asks for it", async () => {
    const path = join(folder, "latest.jpg");
    writeFileSync(path, await picture());
    const camera = join(folder, "camera");
    writeFileSync(camera, `#!/bin/sh\nexec cat ${path}\n`);
    chmodSync(camera, 0o755);
    for (const config of [
      { source: "file", file: path },
      { source: "camera", program: "ffmpeg", executable: camera },
    ]) {
      const running = await run({ ...config, interval: 0 });
      for (let i = 0; i < 6; i++) nodeOf("n").receive({ payload: "now" });
      await until(() => running.out.length === 1, `an image by ${config.source}`);
      expect(readingsIn(running.out[0])[0]?.deviceId).toBe("cam");
      await stopFlow();
    }
  });

  it("that hang are told so each time, and end with the node", async () => {
    const pids = join(folder, "pids");
    const camera = join(folder, "camera");
    writeFileSync(camera, `#!/bin/sh\nsleep 600 & echo $! >> ${pids}; wait\n`);
    chmodSync(camera, 0o755);
    const stuck = { source: "camera", program: "v4l2", executable: camera, interval: 0.02 };
    const running = await run({ ...stuck, timeout: 0.2 });
    await until(() => running.caught.length > 1, "two errors");
    expect(running.caught.map(errorOf)).toEqual(
      running.caught.map(() => expect.stringMatching(/camera: no image within 200 ms$/)),
    );
    await stopFlow();
    rmSync(pids, { force: true });
    await run({ ...stuck, timeout: 600 });
    await until(() => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n"), "the program");
    const pid = Number.parseInt(readFileSync(pids, "utf8"), 10);
    await stopFlow();
    await until(() => !isRunning(pid), "the end of the program");
  });
});

describe("recognition", () => {
  /** Means of the three colours, as scores of a classifier. */
  const colours: NewModel = {
    name: "colours",
    version: "1.0.0",
    format: "onnx",
    task: "classification",
    inputs: [{ name: "x", shape: [1, 3, 16, 16], type: "float32" }],
    outputs: [{ name: "y", shape: [1, 3], type: "float32", role: "scores" }],
    labels: ["red", "green", "blue"],
    files: [
      {
        name: "model.onnx",
        data: onnxModel({
          inputs: [{ name: "x", shape: [1, 3, 16, 16] }],
          outputs: [{ name: "y", shape: [1, 3] }],
          nodes: [
            { op: "GlobalAveragePool", inputs: ["x"], outputs: ["mean"] },
            { op: "Flatten", inputs: ["mean"], outputs: ["y"] },
          ],
        }),
      },
    ],
  };

  /** Always a person and a dog, in the form of YOLO v8: [1, 4 + 2, 8]. */
  function pets(): NewModel {
    const boxes = [
      [80, 80, 40, 60],
      [40, 100, 20, 10],
    ];
    const scores = [
      [0.9, 0.1],
      [0.05, 0.8],
    ];
    const data = new Float32Array(6 * 8);
    for (let box = 0; box < 2; box++) {
      [...boxes[box]!, ...scores[box]!].forEach((value, i) => {
        data[i * 8 + box] = value;
      });
    }
    return {
      ...colours,
      name: "pets",
      task: "raw",
      inputs: [{ name: "x", shape: [1, 3, 160, 160], type: "float32" }],
      outputs: [{ name: "y", shape: [1, 6, 8], type: "float32" }],
      labels: ["person", "dog"],
      files: [
        {
          name: "model.onnx",
          data: onnxModel({
            inputs: [{ name: "x", shape: [1, 3, 160, 160] }],
            outputs: [{ name: "y", shape: [1, 6, 8] }],
            nodes: [
              { op: "GlobalAveragePool", inputs: ["x"], outputs: ["mean"] },
              { op: "Flatten", inputs: ["mean"], outputs: ["flat"] },
              { op: "MatMul", inputs: ["flat", "nothing"], outputs: ["zero"] },
              { op: "Add", inputs: ["zero", "boxes"], outputs: ["y"] },
            ],
            weights: [
              { name: "nothing", shape: [3, 1], data: new Float32Array(3) },
              { name: "boxes", shape: [1, 6, 8], data },
            ],
          }),
        },
      ],
    };
  }

  it("says the class of an image, with probabilities", async () => {
    await temporary.store().add(colours);
    const running = await run({
      task: "classifier",
      models: "models",
      model: "colours",
      motion: false,
      minScore: 0.34,
    });
    await until(() => /ready/.test(statusOf("n")), "the model");
    nodeOf("n").receive({ payload: await picture(false, { r: 250, g: 30, b: 30 }) });
    await until(() => running.out.length === 1, "the class");
    expect(readingsIn(running.out[0])).toMatchObject([
      {
        sensor: "class",
        value: "red",
        prediction: { model: "colours", value: "red", probabilities: { red: expect.any(Number) } },
      },
    ]);
  });

  it("finds objects on motion only, counts them by label, and sends the image", async () => {
    await temporary.store().add(pets());
    const running = await run({ task: "detector", models: "models", model: "pets", report: ["person", "cat"] });
    await until(() => /ready/.test(statusOf("n")), "the model");
    await feed(running, [...new Array(6).fill(await picture()), await picture(true)]);
    await until(() => running.seen.length === 1, "the image");
    expect(valuesIn(running.out[0])).not.toHaveProperty("objects");
    expect(valuesIn(running.out.at(-1))).toMatchObject({ objects: 1, "objects.person": 1, "objects.cat": 0 });
    // The image of 320 x 240 fills the rows 20 to 140 of the input's 160.
    expect(running.seen[0]?.detections).toEqual([
      { label: "person", score: expect.closeTo(0.9, 5), box: { left: 37.5, top: 25, width: 25, height: 50 } },
    ]);
  });

  it("reads the boxes as it is told to", async () => {
    await temporary.store().add(pets());
    const running = await run({
      task: "detector",
      models: "models",
      model: "pets",
      motion: false,
      boxes: "objectness",
    });
    await until(() => /ready/.test(statusOf("n")), "the model");
    nodeOf("n").receive({ payload: await picture() });
    await until(() => running.caught.length === 1, "the error");
    expect(errorOf(running.caught[0])).toMatch(/expected a detector's output \[1, 7, boxes\], got \[1, 6, 8\]/);
  });

  it("without the model says so, and the readings of motion are not given without it", async () => {
    const running = await run({ task: "detector", models: "models", model: "none", motion: false });
    nodeOf("n").receive({ payload: await picture() });
    await until(() => running.caught.length === 1, "the error");
    expect(errorOf(running.caught[0])).toMatch(/none/);
  });
});

describe("a configuration that cannot work", () => {
  it.each([
    [{ source: "http", url: "" }, /url: must not be empty/],
    [{ source: "http", url: "http://user@camera/" }, /without user and password/],
    [{ regions: [{ name: "a", left: 80, top: 0, width: 50, height: 10, ignored: false }] }, /region a/],
    [{ task: "detector" }, /model/i],
  ])("%# is told", async (config, reason) => {
    const running = await run(config);
    nodeOf("n").receive({ payload: await picture() });
    await until(() => running.caught.length === 1, "the error");
    expect(errorOf(running.caught[0])).toMatch(reason);
  });
});
