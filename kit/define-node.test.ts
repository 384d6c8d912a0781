import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { Reading } from "../lib/reading";
import { shownBy } from "../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../test/support/red";
import { type Behaviour, defineNode, metricsOfNodes, type NodeContext, ports } from ".";
import type { NodeSchema } from "./node-schema";
import type { NodeMessage } from "./red";
import { configSchema, integer, link, nodeSchema } from "./schema";

const specimen = nodeSchema("specimen", {
  family: "process",
  summary: "Under test.",
  version: 2,
  inputs: 1,
  outputs: ["first", "second"],
  config: {
    factor: integer("Factor", { default: 2, min: 1 }),
    service: link("Service", "gatewise-service", { required: false }),
  },
  commands: { reset: "starts afresh" },
  migrations: { 2: ({ times, ...rest }) => ({ ...rest, factor: times }) },
});

const reading = (value: number): Reading => ({
  deviceId: "pump-1",
  sensor: "temperature",
  value,
  unit: "Cel",
  timestamp: 1_700_000_000_000,
  quality: "good",
});

/** Runs one specimen wired to two collectors and a catch node. */
async function run(
  behave: (context: NodeContext<typeof specimen>) => Behaviour,
  config: Record<string, unknown> = {},
  more: Parameters<typeof startFlow>[0] = [],
  nodes: Parameters<typeof startFlow>[1] = [],
): Promise<{ first: NodeMessage[]; second: NodeMessage[]; caught: NodeMessage[]; completed: NodeMessage[] }> {
  await startFlow(
    [defineNode(specimen, behave), ...more],
    [
      ...nodes,
      { id: "n", type: "gatewise-specimen", version: 2, wires: [["first"], ["second"]], ...config },
      { id: "first", type: "helper" },
      { id: "second", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
      { id: "complete", type: "complete", scope: ["n"], wires: [["completed"]] },
      { id: "completed", type: "helper" },
    ],
  );
  return {
    first: messagesAt("first"),
    second: messagesAt("second"),
    caught: messagesAt("caught"),
    completed: messagesAt("completed"),
  };
}

const valuesIn = (msg: NodeMessage | undefined): unknown[] =>
  ((msg?.payload ?? []) as Reading[]).map((item) => item.value);

/** What a catch node hands on, without the class name that Node-RED writes before it. */
const errorOf = (msg: NodeMessage | undefined): string =>
  ((msg?.error as { message: string } | undefined)?.message ?? "").replace(/^\w*Error: /, "");

afterEach(stopFlow);

describe("a defined node", () => {
  it("may take readings and messages of another kind by one input", async () => {
    const seen = await run(() => ({
      isInput: (msg) => msg.payload === "note",
      input: (msg) => ports(null, msg),
      readings: (batch) => batch,
    }));
    nodeOf("n").receive({ payload: "note" });
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => seen.first.length === 1 && seen.second.length === 1, "both messages");
    expect(seen.second[0]).toMatchObject({ payload: "note" });
    expect(valuesIn(seen.first[0])).toEqual([1]);
  });

  it("passes checked readings and keeps the message's other properties", async () => {
    const seen = await run(({ config }) => ({
      readings: (batch) => batch.map((item) => ({ ...item, value: (item.value as number) * config.factor })),
    }));
    nodeOf("n").receive({ topic: "kept", extra: { deep: 1 }, payload: [reading(21)] });
    await until(() => seen.first.length === 1, "the message");
    expect(seen.first[0]).toMatchObject({
      topic: "kept",
      extra: { deep: 1 },
      payload: [{ ...reading(21), value: 42 }],
    });
    await until(() => seen.completed.length === 1, "done");
  });

  it("takes a plain number from a core node, with the topic as its device", async () => {
    const seen = await run(() => ({ readings: (batch) => batch }));
    nodeOf("n").receive({ topic: "devices/pump-7/telemetry", payload: "21.5" });
    await until(() => seen.first.length === 1, "the message");
    expect(seen.first[0]?.payload).toMatchObject([{ deviceId: "pump-7", value: 21.5, unit: "1", quality: "good" }]);
  });

  it("refuses one reading with the reason and passes the rest", async () => {
    const seen = await run(() => ({ readings: (batch) => batch }));
    nodeOf("n").receive({ payload: [reading(1), { ...reading(2), value: Number.NaN }, reading(3)] });
    await until(() => seen.caught.length === 1 && seen.first.length === 1, "both ways out");
    expect(valuesIn(seen.first[0])).toEqual([1, 3]);
    expect(errorOf(seen.caught[0])).toBe("1 of 3 refused: msg.payload[1].value: expected a finite number, got NaN");
    expect(metricsOfNodes.of("n")).toMatchObject({ messages: 1, in: 3, out: 2, refused: 1 });
  });

  it("sends by its ports in their order, and nothing for an empty batch", async () => {
    const seen = await run(() => ({
      readings: (batch) =>
        ports(
          batch.filter((item) => item.value === 0),
          batch,
        ),
    }));
    nodeOf("n").receive({ payload: [reading(5)] });
    await until(() => seen.second.length === 1 && seen.completed.length === 1, "the second port");
    expect(seen.first).toEqual([]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["rejects", () => Promise.reject(new Error("boom"))],
    [
      "throws no error",
      () => {
        throw "boom";
      },
    ],
  ] as const)("that %s ends as one catchable error, and the next message passes", async (_how, failing) => {
    let fails = true;
    const seen = await run(() => ({ readings: (batch) => (fails ? (failing() as never) : batch) }));
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => seen.caught.length === 1, "the error");
    fails = false;
    nodeOf("n").receive({ payload: [reading(2)] });
    await until(() => seen.first.length === 1, "the next message");
    expect(errorOf(seen.caught[0])).toBe("boom");
    expect(seen.caught).toHaveLength(1);
    expect(seen.completed).toHaveLength(1);
  });

  it("keeps the order of messages when the behaviour takes time", async () => {
    const gates: (() => void)[] = [];
    const seen = await run(() => ({
      readings: (batch) => new Promise((resolve) => void gates.push(() => resolve(batch))),
    }));
    for (const value of [1, 2, 3]) nodeOf("n").receive({ payload: [reading(value)] });
    for (const turn of [1, 2, 3]) {
      await until(() => gates.length === turn, `message ${turn} to be in work`);
      gates[turn - 1]?.();
    }
    await until(() => seen.first.length === 3, "all messages");
    expect(seen.first.map((msg) => (msg.payload as Reading[])[0]?.value)).toEqual([1, 2, 3]);
  });

  it("holds messages until it has started", async () => {
    let started = (): void => {};
    const seen = await run(() => ({
      start: () =>
        new Promise<void>((resolve) => {
          started = resolve;
        }),
      readings: (batch) => batch,
    }));
    nodeOf("n").receive({ payload: [reading(1)] });
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.first).toHaveLength(0);
    started();
    await until(() => seen.first.length === 1, "the message after the start");
  });

  it("answers a command with a message that the next node does not take for one", async () => {
    const seen = await run(() => ({ commands: { reset: (msg) => ({ ...msg, payload: "done" }) } }));
    nodeOf("n").receive({ command: "reset", topic: "kept" });
    await until(() => seen.first.length === 1, "the answer");
    expect(seen.first[0]).toMatchObject({ payload: "done", topic: "kept", answers: "reset" });
    expect(seen.first[0]).not.toHaveProperty("command");
  });

  it("obeys its commands and says which there are", async () => {
    let resets = 0;
    const seen = await run(() => ({
      commands: {
        reset: () => {
          resets += 1;
          return null;
        },
      },
      readings: (batch) => batch,
    }));
    nodeOf("n").receive({ command: "reset" });
    nodeOf("n").receive({ command: "constructor" });
    await until(() => seen.caught.length === 1, "the error");
    expect(resets).toBe(1);
    expect(errorOf(seen.caught[0])).toBe('msg.command: expected one of reset, got "constructor"');
  });

  it.each([
    ["an invalid configuration", { factor: 0 }, () => ({}), "factor: expected a whole number of at least 1, got 0"],
    [
      "a behaviour that cannot be made",
      {},
      () => {
        throw new Error("no driver");
      },
      "no driver",
    ],
    ["a start that fails", {}, () => ({ start: () => Promise.reject(new Error("no device")) }), "no device"],
    [
      "a link to nothing",
      { service: "gone" },
      (context: NodeContext<typeof specimen>) => {
        context.use("service");
        return {};
      },
      "Service: the chosen config node is missing or disabled",
    ],
  ] as const)(
    "with %s is red, stays, and refuses its messages with the reason",
    async (_what, config, behave, reason) => {
      const seen = await run(behave as never, config);
      await until(() => shownBy("n").fill !== undefined, "the status");
      expect(shownBy("n")).toMatchObject({ fill: "red", text: reason });
      nodeOf("n").receive({ payload: [reading(1)] });
      await until(() => seen.caught.some((msg) => Array.isArray(msg.payload)), "the refused message");
      expect(errorOf(seen.caught.at(-1))).toBe(reason);
    },
  );

  it("reads a configuration of an earlier version", async () => {
    let factor = 0;
    await run(
      ({ config }) => {
        factor = config.factor;
        return {};
      },
      { version: 1, times: 5 },
    );
    expect(factor).toBe(5);
  });

  it("reports what its timers, emitters and callbacks throw, and goes on", async () => {
    const emitter = new EventEmitter();
    const seen = await run((context) => {
      context.listen(emitter, "data", () => {
        throw new Error("from the handler");
      });
      context.after(1, () => {
        throw new Error("from the timer");
      });
      return { readings: (batch) => batch };
    });
    emitter.emit("data");
    emitter.emit("error", new Error("from the emitter"));
    await until(() => seen.caught.length === 3, "three errors");
    expect(seen.caught.map(errorOf).sort()).toEqual(["from the emitter", "from the handler", "from the timer"]);
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => seen.first.length === 1, "the message");
    await stopFlow();
    expect(emitter.listenerCount("data") + emitter.listenerCount("error")).toBe(0);
  });
});

describe("a config node", () => {
  const service = configSchema("service", { family: "storage", summary: "Serves.", version: 1, config: {} });

  it("gives its service to the nodes that link to it, and closes after them", async () => {
    const order: string[] = [];
    let used: unknown;
    const shared = { answer: 42 };
    await run(
      (context) => {
        used = context.use("service");
        return {
          close: async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            order.push("user");
          },
        };
      },
      { service: "s" },
      [defineNode(service as NodeSchema, () => ({ service: shared, close: () => void order.push("service") }))],
      [{ id: "s", type: "gatewise-service", z: "" }],
    );
    expect(used).toBe(shared);
    await stopFlow();
    expect(order).toEqual(["user", "service"]);
  });

  it("that another config node uses closes after that one, whichever Node-RED closes first", async () => {
    const order: string[] = [];
    const slowly = async (name: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      order.push(name);
    };
    const base = configSchema("base", { family: "storage", summary: "Serves.", version: 1, config: {} });
    const middle = configSchema("service", {
      ...{ family: "storage", summary: "Uses the base.", version: 1 },
      config: { base: link("Base", "gatewise-base") },
    });
    await run(
      (context) => {
        context.use("service");
        return { close: () => slowly("user") };
      },
      { service: "s" },
      [
        defineNode(base as NodeSchema, () => ({ service: {}, close: () => slowly("base") })),
        defineNode(middle, (context) => {
          context.use("base");
          return { service: {}, close: () => slowly("service") };
        }),
      ],
      [
        { id: "b", type: "gatewise-base", z: "" },
        { id: "s", type: "gatewise-service", z: "", base: "b" },
      ],
    );
    await stopFlow();
    expect(order).toEqual(["user", "service", "base"]);
  });

  it("that is broken tells its users why", async () => {
    const seen = await run(
      (context) => {
        context.use("service");
        return {};
      },
      { service: "s" },
      [
        defineNode(service as NodeSchema, () => {
          throw new Error("disk full");
        }),
      ],
      [{ id: "s", type: "gatewise-service", z: "", name: "main" }],
    );
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => seen.caught.length > 0, "the error");
    expect(errorOf(seen.caught.at(-1))).toBe('Service: service "main": disk full');
  });
});
