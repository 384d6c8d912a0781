import { afterEach, describe, expect, it } from "vitest";
import { coreNode, withHooks } from "../test/support/hooks";
import { nodeOf, startFlow, stopFlow, until } from "../test/support/red";
import type { NodeModule } from ".";
import { type FlowOutcome, flowControlOf } from "./flow-control";
import type { Done, NodeMessage, Red, RedNode, Send } from "./red";

type Handler = (this: RedNode, msg: NodeMessage, send: Send, done: Done) => void;

let runtime: Red;
let held: Done[] = [];

/** Plain Node-RED nodes as others write them: the kit's own always behave. */
const nodes = withHooks(((red: Red) => {
  runtime = red;
  const register = (type: string, handler: Handler): void =>
    red.nodes.registerType(type, function (this: RedNode, config: Record<string, unknown>) {
      red.nodes.createNode(this, config);
      this.on("input", handler.bind(this));
    });
  red.nodes.registerType("source", function (this: RedNode, config: Record<string, unknown>) {
    red.nodes.createNode(this, config);
  });
  register("passes", (msg, send, done) => {
    send(msg);
    done();
  });
  register("holds", (msg, send, done) => {
    send(msg);
    held.push(done);
  });
  register("fails", (_msg, _send, done) => done(new Error("no")));
  red.nodes.registerType("old", function (this: RedNode, config: Record<string, unknown>) {
    red.nodes.createNode(this, config);
    (this.on as (event: string, handler: (msg: NodeMessage) => void) => void)("input", (msg) => this.send(msg));
  });
}) as unknown as NodeModule);

afterEach(async () => {
  held = [];
  await stopFlow();
});

async function track(flow: Parameters<typeof startFlow>[1], limitMs = 0) {
  await startFlow([nodes, coreNode("common/60-link"), coreNode("function/10-function")], flow);
  const watch = flowControlOf(runtime).open();
  const close = (): void => watch.close();
  const outcomes: FlowOutcome[] = [];
  const source = nodeOf("source") as unknown as RedNode;
  const send = (): void => {
    const msg: NodeMessage = { payload: 1 };
    watch.track(msg, () => source.send(msg), {
      limitMs,
      forgiving: true,
      onFinished: (outcome) => void outcomes.push(outcome),
    });
  };
  return { outcomes, send, close };
}

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe("FlowControl", () => {
  it("finishes at once when nothing is wired", async () => {
    const { outcomes, send, close } = await track([{ id: "source", type: "source", wires: [[]] }]);
    send();
    expect(outcomes).toEqual([{ errors: 0, unfinished: [] }]);
    close();
  });

  it("finishes when the last node of the last branch has", async () => {
    const { outcomes, send, close } = await track([
      { id: "source", type: "source", wires: [["a", "b"]] },
      { id: "a", type: "passes", wires: [["c"]] },
      { id: "b", type: "holds", wires: [["d"]] },
      { id: "c", type: "fails", wires: [[]] },
      { id: "d", type: "holds", wires: [[]] },
    ]);
    send();
    await until(() => held.length === 2, "both hold it");
    await turns();
    expect(outcomes).toEqual([]);
    held[0]?.();
    await turns();
    expect(outcomes).toEqual([]);
    held[1]?.();
    held[1]?.();
    expect(outcomes).toEqual([{ errors: 1, unfinished: [] }]);
    close();
  });

  it("follows links, subflows and function nodes, and nodes that know no done", async () => {
    const { outcomes, send, close } = await track([
      { id: "source", type: "source", wires: [["old"]] },
      { id: "old", type: "old", wires: [["out"]] },
      { id: "out", type: "link out", mode: "link", links: ["in"], wires: [] },
      { id: "in", type: "link in", links: ["out"], wires: [["function"]] },
      { id: "function", type: "function", func: "return { payload: 2 };", outputs: 1, wires: [["end"]] },
      { id: "end", type: "holds", wires: [[]] },
    ]);
    send();
    await until(() => held.length === 1, "the end holds it");
    await turns();
    expect(outcomes).toEqual([]);
    held[0]?.();
    expect(outcomes).toEqual([{ errors: 0, unfinished: [] }]);
    close();
  });

  it("gives up at the time limit, names who was late, and does not wait for it again", async () => {
    const { outcomes, send, close } = await track(
      [
        { id: "source", type: "source", wires: [["late"]] },
        { id: "late", type: "holds", wires: [[]] },
      ],
      1,
    );
    send();
    await until(() => outcomes.length === 1, "the limit");
    expect(outcomes).toEqual([{ errors: 0, unfinished: ["late"] }]);
    send();
    await turns();
    expect(outcomes[1]).toEqual({ errors: 0, unfinished: [] });
    close();
  });

  it("waits for ever without a limit", async () => {
    const { outcomes, send, close } = await track([
      { id: "source", type: "source", wires: [["late"]] },
      { id: "late", type: "holds", wires: [[]] },
    ]);
    send();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(outcomes).toEqual([]);
    held[0]?.();
    expect(outcomes).toHaveLength(1);
    close();
  });

  it("judges a node anew after a redeploy", async () => {
    const flow = [
      { id: "source", type: "source", wires: [["late"]] },
      { id: "late", type: "holds", wires: [[]] },
    ];
    const first = await track(flow, 1);
    first.send();
    await until(() => first.outcomes.length === 1, "the limit");
    first.close();
    await stopFlow();
    held = [];
    const second = await track(flow);
    second.send();
    await until(() => held.length === 1, "it is held");
    expect(second.outcomes).toEqual([]);
    second.close();
  });

  it("tells nobody who has closed", async () => {
    const { outcomes, send, close } = await track([
      { id: "source", type: "source", wires: [["late"]] },
      { id: "late", type: "holds", wires: [[]] },
    ]);
    const other = flowControlOf(runtime).open();
    send();
    await until(() => held.length === 1, "it is held");
    close();
    held[0]?.();
    await turns();
    expect(outcomes).toEqual([]);
    other.close();
  });

  it("leaves no hooks behind", async () => {
    const { close } = await track([{ id: "source", type: "source", wires: [[]] }]);
    const again = flowControlOf(runtime).open();
    close();
    close();
    expect(runtime.hooks?.has("onComplete.gatewise-flow-control")).toBe(true);
    again.close();
    expect(runtime.hooks?.has("onComplete.gatewise-flow-control")).toBe(false);
  });
});
