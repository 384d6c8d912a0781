import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DialogDriver } from "../editor/dialog";
import { Editor, launchBrowser } from "../support/browser";
import { type FlowNode, type Gateway, nodeRedVersion, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { missing } from "../support/needs";
import { installTarball, offline, packSources } from "../support/npm";
import { builtNodes, defaultsOf, expectedEntries, PACKAGE, root } from "../support/pack";

interface NodeSet {
  readonly name: string;
  readonly module: string;
  readonly types: string[];
  readonly enabled: boolean;
  readonly err?: unknown;
}

const examples = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".json"))
  .sort();

/**
 * Tests what a user gets who installs the pack into Node-RED.
 * @param release the line of releases, such as "4.1"
 * @param locate gives the folder of a node-red of that line
 */
export function describeInstallation(release: string, locate: () => string): void {
  describe.skipIf(offline())(`the packed pack, installed by npm into Node-RED ${release}`, () => {
    let folder: string;
    let gateway: Gateway;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "gatewise-tarball-"));
      const tarball = packSources(folder);
      const nodeRed = locate();
      expect(nodeRedVersion(nodeRed).startsWith(`${release}.`)).toBe(true);
      gateway = await startGateway({ nodeRed, install: installTarball(tarball) });
    }, 300_000);
    afterAll(async () => {
      await gateway?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("loads every set without an error", async () => {
      const sets = (await gateway.get<NodeSet[]>("/nodes")).filter((set) => set.module === PACKAGE);
      expect(sets.map(({ name }) => name).sort()).toEqual(Object.keys(expectedEntries()).sort());
      expect(sets.filter((set) => !set.enabled || set.err !== undefined)).toEqual([]);
      expect(sets.flatMap(({ types }) => types).sort()).toEqual(
        builtNodes()
          .map(({ schema }) => schema.type)
          .sort(),
      );
    });

    it("serves the editor with every dialog and icon", async () => {
      const html = await (await fetch(`${gateway.url}/nodes`, { headers: { Accept: "text/html" } })).text();
      for (const { schema } of builtNodes()) {
        expect(html).toContain(`RED.nodes.registerType('${schema.type}'`);
        if (schema.icon === undefined) continue;
        const icon = await fetch(`${gateway.url}/icons/${PACKAGE}/${schema.icon}`);
        expect(icon.headers.get("content-type"), schema.icon).toMatch(/^image\/svg\+xml/);
        expect(await icon.text(), schema.icon).toContain("<svg");
      }
    });

    it.skipIf(missing("chromium"))("opens and closes every dialog in its editor", async () => {
      const browser = await launchBrowser();
      try {
        const editor = await Editor.open(browser, gateway.url);
        for (const { schema } of builtNodes()) {
          const id = `the-${schema.name}`;
          const place = schema.kind === "config" ? {} : { x: 300, y: 100, z: await editor.run("workspace"), wires: [] };
          await editor.run("import", [{ ...defaultsOf(schema), ...place, id, type: schema.type }]);
          const before = await editor.run("stored", id);
          const dialog = new DialogDriver(editor, schema);
          await dialog.open(id);
          await dialog.ok();
          expect(await editor.run("stored", id)).toEqual(before);
        }
        expect(editor.errors).toEqual([]);
      } finally {
        await browser.close();
      }
    });

    it.each(examples)("runs the example %s as it is imported", async (example) => {
      // What the editor's Import > Examples gives.
      const path = encodeURI(`/library/examples/flows/${PACKAGE}/${example.replace(/\.json$/, "")}`);
      const flow = await gateway.get<FlowNode[]>(path);
      const before = gateway.log().length;
      await gateway.deploy(flow);
      await until(
        "readings go through it",
        async () => {
          const { nodes } = await gateway.get<{ nodes: { metrics: { in: number; out: number } }[] }>(
            "/gatewise/metrics",
          );
          return nodes.some(({ metrics }) => metrics.in + metrics.out > 0);
          // One of them trains a model first.
        },
        90_000,
      );
      const log = gateway.log().slice(before);
      expect(log).not.toMatch(/Waiting for missing types/);
      expect(log.split("\n").filter((line) => /\[(error|fatal)\]/.test(line))).toEqual([]);
    });
  });
}
