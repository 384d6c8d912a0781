// What the folders under nodes/ say about the pack: used by the build, and by the test that holds package.json in step.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The order of the palette's categories, which the editor takes from package.json: the data's way through a flow. */
const FAMILIES = ["sensors", "protocols", "process", "intelligence", "alerts", "devices", "storage", "domain"];

/** Every nodes/<family>/<name>/ with a schema.ts, by family and name. */
export function discoverNodes(root) {
  const families = readdirSync(join(root, "nodes"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return families
    .flatMap((family) =>
      readdirSync(join(root, "nodes", family.name), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => ({ family: family.name, name: entry.name, folder: `nodes/${family.name}/${entry.name}` })),
    )
    .filter((node) => existsSync(join(root, node.folder, "schema.ts")))
    .sort((a, b) => FAMILIES.indexOf(a.family) - FAMILIES.indexOf(b.family) || (a.name < b.name ? -1 : 1));
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
