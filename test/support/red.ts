import helper from "node-red-node-test-helper";
import type { NodeModule } from "../../kit";
import type { NodeMessage } from "../../kit/red";

helper.init(require.resolve("node-red"));

export { helper };

export interface TestNode {
  readonly id: string;
  receive(msg: NodeMessage): void;
  on(event: string, handler: (...args: never[]) => void): void;
}

type FlowNode = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

/**
 * Runs a flow of the given nodes in a real Node-RED runtime until `stopFlow`. Config nodes say `z: ""`, all others stand
 * on one tab. Core nodes that the flow uses are loaded by themselves.
 * @param credentials by node id
 */
export async function startFlow(
  modules: readonly NodeModule[],
  flow: readonly FlowNode[],
  credentials: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Promise<void> {
  const tab = { id: "tab", type: "tab" };
  // Node-RED takes a node without a place for a config node.
  const placed = flow.map((node) => ("z" in node ? node : { ...node, z: "tab", x: 100, y: 100 }));
  await helper.load([...modules] as never, [tab, ...placed] as never, credentials as never);
}

/** Stops the flow and forgets its nodes; a test's afterEach. */
export async function stopFlow(): Promise<void> {
  await helper.unload();
}

export function nodeOf(id: string): TestNode {
  const node = helper.getNode(id) as unknown as TestNode | null;
  if (!node) throw new Error(`the flow has no node ${id}`);
  return node;
}

/** Collects what arrives at a helper node. */
export function messagesAt(id: string): NodeMessage[] {
  const messages: NodeMessage[] = [];
  nodeOf(id).on("input", ((msg: NodeMessage) => messages.push(msg)) as never);
  return messages;
}

/** Waits until `condition` holds, looking every few milliseconds; the limit is only there to end a broken test. */
export async function until(condition: () => boolean, what: string, limitMs = 5_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
