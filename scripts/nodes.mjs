// What the folders under nodes/ say about the pack: used by the build, and by the test that holds package.json in step.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Every nodes/<family>/<name>/ with a schema.ts, in a stable order. */
export function discoverNodes(root) {
  const families = readdirSync(join(root, "nodes"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return families
    .flatMap((family) =>
      readdirSync(join(root, "nodes", family.name), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => ({ family: family.name, name: entry.name, folder: `nodes/${family.name}/${entry.name}` })),
    )
    .filter((node) => existsSync(join(root, node.folder, "schema.ts")))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** The value of `node-red.nodes` in package.json. */
export function nodeEntries(nodes) {
  return Object.fromEntries(
    nodes.map(({ family, name }) => [`gatewise-${name}`, `dist/nodes/${family}/${name}/${name}.js`]),
  );
}

export function writeIfChanged(path, text) {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}
