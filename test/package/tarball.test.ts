import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeModule } from "../../kit";
import type * as inference from "../../lib/inference";
import { packSources, unpack } from "../support/npm";
import { reluModel } from "../support/onnx";
import { builtNodes, defaultsOf, expectedEntries, PACKAGE, root } from "../support/pack";
import { type Registration, registrationsIn } from "./registration";
import { loadWith, type Recorded } from "./stub-red";

interface Manifest {
  readonly [key: string]: unknown;
  readonly name: string;
  readonly scripts?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly keywords?: string[];
  readonly engines?: { node?: string };
  readonly repository?: { url?: string };
  readonly "node-red": { version: string; nodes: Record<string, string>; plugins: Record<string, string> };
}

const nodes = builtNodes();
let folder: string;
let pack: string;
let manifest: Manifest;

const read = (path: string): string => readFileSync(join(pack, path), "utf8");
const files = (): string[] =>
  readdirSync(pack, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(pack.length + 1))
    .sort();
const exampleFiles = (): string[] => files().filter((path) => path.startsWith("examples/") && path.endsWith(".json"));
const htmlOf = (entry: string): string => read(entry.replace(/\.js$/, ".html"));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-pack-"));
  pack = unpack(packSources(folder), folder);
  // What a real installation would bring; installation.ts makes them.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  manifest = JSON.parse(read("package.json")) as Manifest;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("runs models in native code, in a process that is started from the package's own files", async () => {
  const { Models } = createRequire(join(pack, "package.json"))(join(pack, "dist/lib/inference")) as typeof inference;
  const models = new Models({ folder: join(folder, "models") });
  try {
    await models.import({ about: { name: "relu" }, files: new Map([["model.onnx", reluModel()]]) });
    const use = await models.inference.use("relu", { policy: "block", capacity: 1 });
    expect(use.runtime).toMatch(/^onnxruntime-node/);
    const inputs = new Map([["x", { type: "float32" as const, shape: [1, 2], data: Float32Array.of(1, 2) }]]);
    expect((await use.run({ inputs }))?.get("y")?.data).toEqual(Float32Array.of(5.5, 0));
  } finally {
    await models.close();
  }
});

describe("package.json", () => {
  it("lists each folder under nodes/ as an entry of its own", () => {
    expect(manifest["node-red"].nodes).toEqual(expectedEntries());
    const checkout = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
    expect(checkout["node-red"].nodes, "package.json of the checkout: npm run build").toEqual(expectedEntries());
  });

  it("says what the Flow Library and the scorecard ask for", () => {
    expect(manifest.name).toBe(PACKAGE);
    expect(manifest.license).toBe("Apache-2.0");
    expect(manifest.description).toEqual(expect.stringMatching(/\w+/));
    expect(manifest.repository?.url).toMatch(/^git\+https:\/\/.+\.git$/);
    expect(manifest.keywords).toContain("node-red");
    expect(manifest.engines?.node).toBe(">=22.9");
    expect(manifest["node-red"].version).toBe(">=4.0.0");
  });

  it("depends on at most six packages, and runs nothing when it is installed", () => {
    expect(Object.keys(manifest.dependencies ?? {}).length).toBeLessThanOrEqual(6);
    expect(Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual(
      [],
    );
    expect(manifest).not.toHaveProperty("bundledDependencies");
  });
});

describe("the tarball", () => {
  it("holds the licence, the readme, what changed, the build and the examples, and nothing else", () => {
    const unexpected = files().filter(
      (path) => !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+|examples\/.+)$/.test(path),
    );
    expect(unexpected).toEqual([]);
    for (const path of ["README.md", "LICENSE", "CHANGELOG.md"]) expect(files()).toContain(path);
    expect(read("LICENSE")).toContain("Apache License");
  });

  it("holds no sources, tests or leftovers of nodes that are gone", () => {
    const leftovers = files().filter((path) => /(?<!\.d)\.ts$|\.test\.|\.map$|\.tsbuildinfo$|__/.test(path));
    expect(leftovers).toEqual([]);
    const families = new Set(nodes.map((node) => `dist/nodes/${node.family}/${node.name}`));
    const folders = files()
      .filter((path) => path.startsWith("dist/nodes/"))
      .map((path) => path.split("/").slice(0, 4).join("/"));
    expect([...new Set(folders)].filter((path) => !families.has(path))).toEqual([]);
  });

  it("names no path of the machine that built it", () => {
    const betraying = files().filter((path) => /\.(js|html|json|md)$/.test(path) && read(path).includes(root));
    expect(betraying).toEqual([]);
  });
});

describe("the editor plugin", () => {
  it("is loaded with require and brings the script of all dialogs", () => {
    const entry = manifest["node-red"].plugins["gatewise-editor"] ?? "";
    expect(typeof defaultExport(entry)).toBe("function");
    expect(htmlOf(entry)).toMatch(/^<script type="text\/javascript">/);
  });

  it("uses no colours but the editor's own, which follow its theme", () => {
    expect(coloursIn(htmlOf(manifest["node-red"].plugins["gatewise-editor"] ?? ""))).toEqual([]);
  });
});

describe("types", () => {
  it("are each registered once, and begin with gatewise-", () => {
    const types = Object.values(manifest["node-red"].nodes).flatMap((entry) =>
      registrationsIn(htmlOf(entry)).map(({ type }) => type),
    );
    expect(types.filter((type) => !/^gatewise-[a-z0-9-]+$/.test(type))).toEqual([]);
    expect(new Set(types).size).toBe(types.length);
    expect(types.length).toBe(nodes.length);
  });

  it("are each shown in an example", () => {
    const used = new Set(
      exampleFiles().flatMap((path) => (JSON.parse(read(path)) as { type: string }[]).map(({ type }) => type)),
    );
    expect(nodes.map(({ schema }) => schema.type).filter((type) => !used.has(type))).toEqual([]);
  });
});

describe("examples", () => {
  it("are flows made of our nodes and core nodes, without credentials", () => {
    const core = coreTypes();
    const ours = new Set(nodes.map(({ schema }) => schema.type as string));
    for (const path of exampleFiles()) {
      const flow = JSON.parse(read(path)) as { id: string; type: string; credentials?: unknown }[];
      expect(
        flow.map(({ type }) => type).filter((type) => !ours.has(type) && !core.has(type)),
        path,
      ).toEqual([]);
      expect(
        flow.filter((node) => node.credentials !== undefined),
        path,
      ).toEqual([]);
      expect(new Set(flow.map(({ id }) => id)).size, `${path}: ids`).toBe(flow.length);
      expect(
        flow.some(({ type }) => type === "comment"),
        `${path}: a comment that teaches`,
      ).toBe(true);
    }
  });

  it("can all be imported into one Node-RED: no node has the id of another's", () => {
    const owners = new Map<string, string>();
    for (const path of exampleFiles()) {
      for (const { id } of JSON.parse(read(path)) as { id: string }[]) {
        expect(owners.get(id), `${path}: the id ${id} is also in`).toBeUndefined();
        owners.set(id, path);
      }
    }
  });
});

describe.each(nodes.map((node) => [node.schema.type, node] as const))("%s", (type, { schema, folder: place }) => {
  const entry = `dist/${place}/${schema.name}.js`;
  let registration: Registration;
  let recorded: Recorded;

  beforeAll(() => {
    const [first, ...others] = registrationsIn(htmlOf(entry));
    if (!first || others.length > 0) throw new Error(`${entry}: expected one registration`);
    registration = first;
    recorded = loadWith(defaultExport(entry) as NodeModule);
  });

  it("registers the same type in the editor and in the runtime, loaded with require", () => {
    expect(registration.type).toBe(type);
    expect(recorded.types).toEqual([type]);
  });

  it("is registered in literals that say what its schema says", () => {
    const expected = Object.fromEntries(Object.entries(defaultsOf(schema)));
    expect(Object.fromEntries(Object.entries(registration.defaults).map(([name, { value }]) => [name, value]))).toEqual(
      expected,
    );
    if (schema.kind === "config") {
      expect(registration.properties).toMatchObject({ category: "config" });
      return;
    }
    expect(registration.properties).toMatchObject({
      category: `gatewise ${schema.family}`,
      inputs: schema.inputs,
      outputs: schema.outputs.length,
      color: expect.stringMatching(/^#[0-9A-F]{6}$/),
    });
  });

  it("has validators of two parameters, which may return a reason", () => {
    for (const name of Object.keys(schema.config))
      expect(registration.defaults[name]?.validatorParameters, name).toBe(2);
  });

  it("links to config nodes that exist", () => {
    const known = new Set(
      nodes.filter((node) => node.schema.kind === "config").map((node) => node.schema.type as string),
    );
    for (const [name, { type: to }] of Object.entries(registration.defaults)) {
      if (to !== undefined) expect([...known], name).toContain(to);
    }
  });

  const itIfDrawn = schema.kind === "node" ? it : () => undefined;
  itIfDrawn("has its icon beside it, white on transparent, 40 x 60", () => {
    const icon = read(join(dirname(entry), "icons", String(registration.properties.icon)));
    expect(icon).toMatch(/viewBox="0 0 40 60"/);
    expect(icon).not.toMatch(/<(script|image|foreignObject)/);
    const colours = [...icon.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map((match) => match[1]?.toLowerCase());
    expect(colours.filter((colour) => !["none", "#fff", "#ffffff", "white"].includes(colour ?? ""))).toEqual([]);
  });

  it("declares its credentials in the editor and in the runtime, and none of them in its defaults", () => {
    expect(registration.credentials).toEqual(Object.keys(schema.credentials));
    expect(recorded.credentials).toEqual(Object.keys(schema.credentials));
    const suspicious = Object.keys(registration.defaults).filter((name) =>
      /password|secret|token|privatekey/i.test(name),
    );
    expect(suspicious).toEqual([]);
  });

  it("guards each admin route by a permission, writing ones by the right to write", () => {
    for (const route of recorded.routes) {
      expect(route.permission, `${route.method} ${route.path}`).toBe(
        route.method === "get" ? "gatewise.read" : "gatewise.write",
      );
      expect(route.path).toMatch(/^\/gatewise\//);
    }
  });

  it("has a dialog without colours of its own, and help that begins with what it is for", () => {
    const html = htmlOf(entry);
    const template = /<script type="text\/html"[^>]*>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "";
    expect(template).toContain("node-");
    expect(coloursIn(template)).toEqual([]);
    const help = /<script type="text\/markdown" data-help-name="([^"]+)">\n([\s\S]*?)<\/script>/.exec(html);
    expect(help?.[1]).toBe(type);
    expect(help?.[2]?.startsWith(`${schema.summary}\n\n`)).toBe(true);
  });

  it("brings its JSON Schema", () => {
    expect(JSON.parse(read(join(dirname(entry), "schema.json")))).toMatchObject({ title: type, type: "object" });
  });
});

/** A node's module as Node-RED takes it: the exports, or their default. */
function defaultExport(entry: string): unknown {
  const loaded = createRequire(join(pack, "package.json"))(join(pack, entry)) as { default?: unknown } | (() => void);
  return typeof loaded === "function" ? loaded : loaded.default;
}

/** Colours written out: hexadecimal, functional or by variables that are not the editor's. */
function coloursIn(text: string): string[] {
  const written = text.match(/(?<![&\w])#(?:[0-9a-f]{3,4}){1,2}\b(?!["'])|\b(?:rgb|hsl|hwb|lab|oklch)a?\(/gi) ?? [];
  const variables = [...text.matchAll(/var\(\s*(--[\w-]+)/g)].flatMap((match) =>
    match[1]?.startsWith("--red-ui-") ? [] : [match[1] ?? ""],
  );
  return [...written, ...variables];
}

function coreTypes(): Set<string> {
  const core = dirname(createRequire(join(root, "package.json")).resolve("@node-red/nodes/package.json"));
  const pages = readdirSync(join(core, "core"), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".html"),
  );
  const types = pages.flatMap((path) =>
    [...readFileSync(join(core, "core", path), "utf8").matchAll(/registerType\(\s*['"]([^'"]+)['"]/g)].map(
      (match) => match[1] ?? "",
    ),
  );
  return new Set([...types, "tab", "group", "subflow", "junction", "global-config"]);
}
