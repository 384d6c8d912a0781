import type { FlowNode } from "./gateway";

/** What a process holds, as the probe below tells it. */
export interface Held {
  /** Number of timers, sockets, handles and requests by their kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Number of listeners on the process and on Node-RED's events. */
  readonly listeners: number;
  /** Of the process, those of its workers included; 0 where the system does not tell. */
  readonly threads: number;
  /** After a garbage collection. */
  readonly heapBytes: number;
}

/** A local node file that serves what the process holds, and registers no node; wants node to run with --expose-gc. */
const PROBE = `const { existsSync, readdirSync } = require("node:fs");
module.exports = (RED) => {
  const count = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  RED.httpAdmin.get("/probe", (request, response) => {
    const resources = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const threads = existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0;
    global.gc();
    const listeners = count(process) + count(RED.events);
    response.json({ resources, listeners, threads, heapBytes: process.memoryUsage().heapUsed });
  });
};`;

/** Files of a gateway's user directory that make it answer GET /probe with what it holds. */
export const PROBE_FILES = { "nodes/probe.js": PROBE, "nodes/probe.html": "" };

/** What is there at each sample: timers and sockets that come and go by themselves are left out. */
export function alwaysHeld(samples: readonly Held[]): Record<string, number> {
  const kinds = new Set(samples.flatMap(({ resources }) => Object.keys(resources)));
  const least = (count: (held: Held) => number): number => Math.min(...samples.map(count));
  const resources = [...kinds].map((kind) => [kind, least(({ resources }) => resources[kind] ?? 0)] as const);
  return {
    ...Object.fromEntries(resources.filter(([, count]) => count > 0)),
    listeners: least(({ listeners }) => listeners),
    threads: least(({ threads }) => threads),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Readings of a few pumps, injected soon after each deploy into the nodes of these ids; each round's are of a later hour. */
export function feedFor(round: number, ids: readonly string[], sensors: readonly string[] = ["temperature"]): FlowNode {
  const readings = Array.from({ length: 5 }, (_, index) =>
    sensors.map((sensor) => ({
      ...{ deviceId: `pump-${index}`, sensor, value: 18 + index, unit: "Cel", quality: "good" },
      timestamp: 1_700_000_000_000 + 3_600_000 * round + 1000 * index,
    })),
  ).flat();
  return {
    ...{ id: "feed", type: "inject", z: "tab", props: [{ p: "payload" }] },
    ...{ payload: JSON.stringify(readings), payloadType: "json", once: true, onceDelay: 0.01, repeat: "", crontab: "" },
    ...{ x: 100, y: 100, wires: [ids] },
  };
}
