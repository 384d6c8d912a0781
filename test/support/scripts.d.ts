declare module "*/scripts/nodes.mjs" {
  interface NodeFolder {
    readonly family: string;
    readonly name: string;
    readonly folder: string;
  }
  export function discoverNodes(root: string): NodeFolder[];
  export function nodeEntries(nodes: readonly NodeFolder[]): Record<string, string>;
}
