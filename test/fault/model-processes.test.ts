import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packBundle } from "../../lib/inference";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { TemporaryModels } from "../support/models";
import { until } from "../support/mosquitto";
import { greedyModel, loopModel } from "../support/onnx";
import { isRunning, workerProcesses } from "../support/processes";

/** Rounds of the loop that no machine ends. */
const FOREVER = 1e15;
const MEMORY_MB = 256;

describe("a gateway with models in native code", () => {
  let models: TemporaryModels;
  let gateway: Gateway;

  const flow = (): FlowNode[] => [
    { id: "tab", type: "tab", label: "test" },
    {
      ...{ id: "models", type: "gatewise-models", version: 1, folder: models.folder },
      ...{ runtime: "onnxruntime-node", timeout: 1, memory: MEMORY_MB },
    },
    { ...place(100), id: "in", type: "http in", url: "/predict", method: "post", wires: [["tensor"]] },
    {
      ...{ ...place(200), id: "tensor", type: "function", outputs: 1, libs: [], wires: [["predict"]] },
      func: "msg.payload = { data: msg.payload.values, shape: [1, 2] }; return msg;",
    },
    {
      ...{ ...place(300), id: "predict", type: "gatewise-predict", version: 1, wires: [["out"]] },
      ...{ models: "models", model: "loop" },
    },
    { ...place(300), id: "catch", type: "catch", scope: null, wires: [["reason"]] },
    {
      ...{ ...place(400), id: "reason", type: "function", outputs: 1, libs: [], wires: [["out"]] },
      func: "msg.payload = { error: msg.error.message }; return msg;",
    },
    { ...place(500), id: "out", type: "http response", wires: [] },
  ];
  const place = (x: number) => ({ z: "tab", x, y: 100 });
  const predict = (rounds: number) =>
    gateway.post<{ error?: string; y?: { data: Record<string, number> } }>("/predict", { values: [rounds, 0] });
  const threads = (): number => readdirSync(`/proc/${gateway.pid}/task`).length;
  const peakMb = (): number =>
    Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${gateway.pid}/status`, "latin1"))?.[1]) / 1024;
  const upload = async (name: string, bytes: Uint8Array): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${gateway.url}/gatewise/models/models/import`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(packBundle({ about: { name }, files: new Map([["model.onnx", bytes]]) })),
    });
    return { status: response.status, text: await response.text() };
  };

  beforeAll(async () => {
    models = new TemporaryModels();
    gateway = await startGateway({ flows: flow() });
    expect(await upload("loop", loopModel())).toMatchObject({ status: 200 });
    await until("the model answers", async () => (await predict(3)).error === undefined);
  });
  afterAll(async () => {
    await gateway?.stop();
    models?.remove();
  });

  it("ends each run that takes too long, answers the next, and has no more threads and processes than before", async () => {
    const before = threads();
    for (let i = 0; i < 3; i += 1) {
      expect((await predict(FOREVER)).error).toContain("took longer than 1000 ms");
      expect((await predict(3)).y?.data["0"]).toBeCloseTo(Math.tanh(Math.tanh(Math.tanh(3))), 5);
      await until("one process", () => workerProcesses(gateway.pid).length === 1);
    }
    expect(threads()).toBeLessThanOrEqual(before + 1);
  });

  it("refuses a file that asks for too much memory, and takes none of it", async () => {
    const { status, text } = await upload("greedy", greedyModel(400e6));
    expect(status).toBe(400);
    expect(text).toMatch(/there is no memory for the 1526 MB|took more than 256 MB/);
    expect(peakMb()).toBeLessThan(1000);
    expect(workerProcesses(gateway.pid)).toHaveLength(1);
  });

  it("stops at once while a model is in a run for ever, and leaves no process", async () => {
    const [worker = 0] = workerProcesses(gateway.pid);
    const before = cpuTicks(worker);
    predict(FOREVER).catch(() => undefined);
    await until("the run has begun", () => cpuTicks(worker) > before + 5);
    const began = performance.now();
    expect(await gateway.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(isRunning(worker)).toBe(false);
  });
});

/** Time that a process has computed. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[11]);
}
