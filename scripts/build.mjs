// Compiles the pack and generates what follows from each node's schema: its HTML, icons, JSON Schema and docs page, and
// the list of nodes in package.json. `--clean` begins with an empty dist/.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { discoverNodes, nodeEntries, writeIfChanged } from "./nodes.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const dist = join(root, "dist");

if (process.argv.includes("--clean")) rmSync(dist, { recursive: true, force: true });
compile("tsconfig.build.json");
compile("kit/editor/client/tsconfig.json");
const esbuild = require("esbuild");
const { generate } = require(join(dist, "kit/editor/generate.js"));

await buildPlugin();
const nodes = discoverNodes(root);
for (const node of nodes) await buildNode(node);
updateManifest(nodes);
console.log(`built ${nodes.length} nodes`);

function compile(project) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "-p", join(root, project)], { stdio: "inherit" });
  if (run.status !== 0) {
    console.error(`build: type errors in ${project}`);
    process.exit(1);
  }
}

/** Bundles browser code as one script without imports. */
async function bundle(options) {
  const result = await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    minify: true,
    charset: "utf8",
    loader: { ".css": "text" },
    legalComments: "none",
    ...options,
  });
  return result.outputFiles[0].text;
}

async function buildPlugin() {
  const script = await bundle({ entryPoints: ["kit/editor/client/index.ts"] });
  const html = `<script type="text/javascript">\n${script.replaceAll("</script", "<\\/script")}</script>\n`;
  writeFileSync(join(dist, "kit/editor/plugin.html"), html);
}

async function buildNode({ family, name, folder }) {
  const compiled = join(dist, "nodes", family, name);
  const { schema } = require(join(compiled, "schema.js"));
  if (schema.name !== name || schema.family !== family) {
    throw new Error(`${folder}: the schema says ${schema.family}/${schema.name}, the folder ${family}/${name}`);
  }
  const hasEditor = existsSync(join(root, folder, "editor.ts"));
  const script = await bundle({
    stdin: {
      contents: hasEditor
        ? `import { schema } from "./schema"; import { prepare } from "./editor"; gatewise.define(schema, { prepare });`
        : `import { schema } from "./schema"; gatewise.define(schema);`,
      resolveDir: join(root, folder),
    },
  });
  const help = readFileSync(join(root, folder, "help.md"), "utf8");
  const files = generate(schema, script, help);
  writeFileSync(join(compiled, `${name}.html`), files.html);
  writeFileSync(join(compiled, "schema.json"), files.jsonSchema);
  mkdirSync(join(root, "docs/nodes"), { recursive: true });
  writeFileSync(join(root, "docs/nodes", `${name}.md`), files.docs);
  if (schema.icon) {
    mkdirSync(join(compiled, "icons"), { recursive: true });
    cpSync(join(root, "icons", schema.icon), join(compiled, "icons", basename(schema.icon)));
  }
}

function updateManifest(nodes) {
  const path = join(root, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest["node-red"].nodes = nodeEntries(nodes);
  writeIfChanged(path, `${JSON.stringify(manifest, null, 2)}\n`);
}
