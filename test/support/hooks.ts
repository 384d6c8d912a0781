import { createRequire } from "node:module";
import type { NodeModule } from "../../kit";
import type { Red } from "../../kit/red";
import { nodeOf } from "./red";

const require2 = createRequire(createRequire(__filename).resolve("node-red"));
const util = require2("@node-red/util") as { hooks: Red["hooks"]; util: Red["util"] };

/** Node-RED's own helpers, such as its copy of a message. */
export const runtimeUtil = util.util;

/** Its messaging hooks. */
export const runtimeHooks = util.hooks as NonNullable<Red["hooks"]>;

/** The test helper leaves the messaging hooks out of what it gives to nodes, though its runtime has them. */
export function withHooks(module: NodeModule): NodeModule {
  return (red) => module(Object.assign(red, { hooks: util.hooks }));
}

/** One of Node-RED's own nodes: `coreNode("common/60-link")`. */
export function coreNode(path: string): NodeModule {
  return require2(`@node-red/nodes/core/${path}.js`) as NodeModule;
}

interface Shown {
  readonly fill?: string;
  readonly text?: string;
}

/** The status a node shows; nothing when it has shown none. */
export function shownBy(id: string): Shown {
  return calls<Shown>(id, "status").at(-1) ?? {};
}

/** The status text a node shows, or "" when it has shown none. */
export function statusOf(id: string): string {
  return shownBy(id).text ?? "";
}

/** What a node has warned of, in its order. */
export function warningsOf(id: string): string[] {
  return calls<string>(id, "warn");
}

interface Spy<A> {
  readonly args: readonly [A][];
  readonly thisValues: readonly unknown[];
}

/** What a node has called a method of its own with: the helper's spies are one for all nodes. */
function calls<A>(id: string, method: "status" | "warn"): A[] {
  const node = nodeOf(id);
  const { args, thisValues } = (node as unknown as Record<typeof method, Spy<A>>)[method];
  return args.filter((_, i) => thisValues[i] === node).map(([first]) => first);
}
