import { mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { NodeSchema } from "../../kit/node-schema";
import { discoverNodes, nodeEntries } from "../../scripts/nodes.mjs";

/** The checkout. */
export const root = resolve(__dirname, "../..");
export const PACKAGE = "@gatewise/node-red-aiot";

export interface BuiltNode {
  readonly family: string;
  readonly name: string;
  /** In the sources: nodes/<family>/<name>. */
  readonly folder: string;
  readonly schema: NodeSchema;
}

/** Every node of the pack as it was built, so that tests cover a node as soon as its folder exists. */
export function builtNodes(): BuiltNode[] {
  const require = createRequire(join(root, "package.json"));
  return discoverNodes(root).map((node) => {
    const path = join(root, "dist", node.folder, "schema.js");
    try {
      return { ...node, schema: (require(path) as { schema: NodeSchema }).schema };
    } catch (error) {
      throw new Error(`${node.folder} is not built (npm run build): ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** What package.json must say under node-red.nodes. */
export function expectedEntries(): Record<string, string> {
  return nodeEntries(discoverNodes(root));
}

/** Makes the built checkout the installed pack of a user directory, as `npm install <folder>` would. */
export function linkPack(userDir: string): void {
  const link = join(userDir, "node_modules", PACKAGE);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(root, link);
}

/** The configuration that the editor gives a node dropped from the palette. */
export function defaultsOf(schema: NodeSchema): Record<string, unknown> {
  const fields = Object.entries(schema.config).map(([name, field]) => [name, field.default] as const);
  return { name: "", version: schema.version, ...Object.fromEntries(fields) };
}
