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

/** The status text a node shows, or "" when it has shown none: the helper's spy is one for all nodes. */
export function statusOf(id: string): string {
  const node = nodeOf(id);
  const spy = node.status as unknown as { args: [{ text?: string }][]; thisValues: unknown[] };
  const last = spy.thisValues.lastIndexOf(node);
  return last < 0 ? "" : (spy.args[last]?.[0].text ?? "");
}
