import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { NodeMessage } from "../../kit/red";
import type { Reading } from "../../lib/reading";
import type { DeviceEvent } from "../../lib/registry";
import device from "../../nodes/devices/device/device";
import deviceEvents from "../../nodes/devices/device-events/device-events";
import registryNode from "../../nodes/devices/registry/registry";
import storeNode from "../../nodes/storage/store/store";
import { helper, messagesAt, nodeOf, startFlow, stopFlow, until } from "./red";

/* A flow with a store, a registry, a device node "n" and a device events node, for the tests of these nodes. */

export const reading = (deviceId: string, more: Partial<Reading> = {}): Reading => ({
  ...{ deviceId, sensor: "t", value: 1, unit: "Cel", timestamp: 1000, quality: "good" },
  ...more,
});

/** Of the running test; removed after it. */
export let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-device-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(folder, { recursive: true, force: true });
});

interface Configs {
  readonly registry?: Record<string, unknown>;
  readonly device?: Record<string, unknown>;
  readonly events?: Record<string, unknown>;
}

export async function runDevices(configs: Configs = {}) {
  await startFlow(
    [storeNode, registryNode, device, deviceEvents],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(folder, "gatewise.db") },
      { id: "registry", type: "gatewise-registry", z: "", store: "store", ...configs.registry },
      { id: "n", type: "gatewise-device", registry: "registry", wires: [["passed"], ["answers"]], ...configs.device },
      { id: "events", type: "gatewise-device-events", registry: "registry", wires: [["told"]], ...configs.events },
      { id: "passed", type: "helper" },
      { id: "answers", type: "helper" },
      { id: "told", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return {
    passed: messagesAt("passed"),
    answers: messagesAt("answers"),
    told: messagesAt("told") as (NodeMessage & { payload: DeviceEvent })[],
    caught: messagesAt("caught"),
  };
}

/** Sends readings as one message. */
export const send = (...batch: Reading[]): void => nodeOf("n").receive({ payload: batch, extra: "kept" });
export const devicesIn = (msg: NodeMessage | undefined): string[] =>
  ((msg?.payload ?? []) as Reading[]).map((r) => r.deviceId);
export const errorOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

/** A request to Node-RED's admin interface. */
export function adminRequest(): { get(path: string): { expect(code: number): Promise<{ body: unknown }> } } {
  return (helper as unknown as { request(): ReturnType<typeof adminRequest> }).request();
}

/** Sends a command and waits for its answer or error. */
export async function command(seen: Awaited<ReturnType<typeof runDevices>>, msg: NodeMessage): Promise<unknown> {
  const before = seen.answers.length + seen.caught.length;
  const failures = seen.caught.length;
  nodeOf("n").receive(msg);
  await until(() => seen.answers.length + seen.caught.length > before, `the answer to ${msg.command}`);
  if (seen.caught.length > failures) throw new Error(errorOf(seen.caught.at(-1)));
  return seen.answers.at(-1)?.payload;
}
