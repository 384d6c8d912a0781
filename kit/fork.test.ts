import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ANY_NAMES, arbitraryReading } from "../test/support/arbitrary-readings";
import { runtimeUtil, withHooks } from "../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../test/support/red";
import type { NodeModule } from ".";
import { copyMessage, installFork } from "./fork";
import type { NodeMessage, Red, RedNode } from "./red";

const copy = (msg: NodeMessage): NodeMessage => copyMessage(msg, (value) => runtimeUtil.cloneMessage(value));
const reading = { deviceId: "d", sensor: "s", value: 1, unit: "1", timestamp: 0, quality: "good" };

describe("copyMessage", () => {
  it("copies any batch as Node-RED does", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryReading(ANY_NAMES), { maxLength: 5 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue()),
        (payload, more) => {
          const msg: NodeMessage = { ...more, _msgid: "1", payload };
          expect(copy(msg).payload).toEqual(payload);
          expect(JSON.stringify(copy(msg))).toBe(JSON.stringify(runtimeUtil.cloneMessage(msg)));
        },
      ),
    );
  });

  it("shares nothing that can be changed", () => {
    const own = {
      ...reading,
      metadata: { a: "1" },
      anomaly: { expected: { low: 1, high: 2 }, contributors: ["x"] },
      marks: ["late"],
    };
    const copied = copy({ payload: [own], other: { deep: [1] } });
    const [theirs] = copied.payload as [typeof own];
    theirs.metadata.a = "2";
    theirs.anomaly.expected.low = 9;
    theirs.anomaly.contributors.push("y");
    theirs.marks.push("future");
    (copied.other as { deep: number[] }).deep.push(2);
    (copied.payload as unknown[]).push(1);
    expect(own).toEqual({
      ...reading,
      metadata: { a: "1" },
      anomaly: { expected: { low: 1, high: 2 }, contributors: ["x"] },
      marks: ["late"],
    });
  });

  it("copies what no reading has: dates, buffers, circles, objects without a prototype", () => {
    const circle: Record<string, unknown> = { ...reading };
    circle.self = circle;
    const bare = Object.assign(Object.create(null), { a: 1 });
    const copied = copy({
      payload: [circle, { ...reading, at: new Date(5), bytes: Buffer.from("ab"), metadata: bare }],
    });
    const [first, second] = copied.payload as [Record<string, unknown>, Record<string, unknown>];
    expect(first).not.toBe(circle);
    expect(second.at).toEqual(new Date(5));
    expect(second.bytes).toEqual(Buffer.from("ab"));
    expect(second.metadata).toEqual({ a: 1 });
    expect(Object.getPrototypeOf(second.metadata)).toBe(null);
  });
});

describe("installFork", () => {
  afterEach(stopFlow);

  it("isolates the branches of a fork in a real flow, for batches and for anything else", async () => {
    let hooked = false;
    const source = withHooks(((red: Red) => {
      installFork(red);
      installFork(red);
      red.nodes.registerType("source", function (this: RedNode, config: Record<string, unknown>) {
        red.nodes.createNode(this, config);
      });
      hooked = red.hooks?.has("preRoute.gatewise-fork") ?? false;
    }) as unknown as NodeModule);
    await startFlow(
      [source],
      [
        { id: "source", type: "source", wires: [["a", "b", "c"]] },
        ...["a", "b", "c"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
    const branches = ["a", "b", "c"].map(messagesAt);
    const send = (payload: unknown): void => (nodeOf("source") as unknown as RedNode).send({ payload, topic: "t" });
    const batch = [{ ...reading, metadata: { a: "1" } }];
    send(batch);
    send({ plain: [1] });
    await until(() => branches.every(({ length }) => length === 2), "all branches heard");
    const payloads = branches.map(([first]) => first?.payload as typeof batch);
    expect(hooked).toBe(true);
    expect(payloads[0]).toBe(batch);
    expect(new Set(payloads).size).toBe(3);
    expect(new Set(payloads.map(([first]) => first?.metadata)).size).toBe(3);
    for (const payload of payloads) expect(payload).toEqual(batch);
    expect(branches[2]?.[1]?.payload).toEqual({ plain: [1] });
    expect(new Set(branches.map(([, second]) => second?.payload)).size).toBe(3);
    expect(branches.every(([first]) => first?.topic === "t" && first._msgid === branches[0]?.[0]?._msgid)).toBe(true);
  });
});
