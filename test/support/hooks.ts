import { createRequire } from "node:module";
import type { NodeModule } from "../../kit";
import type { Red } from "../../kit/red";

const require2 = createRequire(createRequire(__filename).resolve("node-red"));
const util = require2("@node-red/util") as { hooks: Red["hooks"]; util: Red["util"] };

/** Node-RED's own helpers, such as its copy of a message. */
export const runtimeUtil = util.util;

/** The test helper leaves the messaging hooks out of what it gives to nodes, though its runtime has them. */
export function withHooks(module: NodeModule): NodeModule {
  return (red) => module(Object.assign(red, { hooks: util.hooks }));
}

/** One of Node-RED's own nodes: `coreNode("common/60-link")`. */
export function coreNode(path: string): NodeModule {
  return require2(`@node-red/nodes/core/${path}.js`) as NodeModule;
}
