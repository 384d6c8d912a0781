import { describe, expect, it } from "vitest";
import type { Editor } from "../support/browser";
import { editing } from "../support/editing";
import type { Gateway } from "../support/gateway";
import { missing } from "../support/needs";
import { builtNodes, defaultsOf, PACKAGE } from "../support/pack";
import { Canvas } from "./canvas";

const schemas = builtNodes().map((node) => node.schema);
const palette = schemas.filter(({ kind }) => kind === "node");

interface PaletteEntry {
  readonly category: string;
  readonly label: string;
  readonly icon: string;
}

describe.skipIf(missing("chromium"))("the palette", () => {
  let gateway: Gateway;
  let editor: Editor;

  editing([], (opened) => {
    ({ gateway, editor } = opened);
  });

  it.each(palette.map((schema) => [schema.label, schema] as const))(
    "has %s in its family with its icon",
    async (label, schema) => {
      const entry = await editor.run<PaletteEntry>("paletteEntry", schema.type);
      expect(entry).toMatchObject({ category: `gatewise_${schema.family}`, label });
      expect(entry.icon).toContain(`icons/${PACKAGE}/${schema.icon}`);
      const icon = await fetch(new URL(entry.icon, `${gateway.url}/`));
      expect(icon.headers.get("content-type")).toMatch(/^image\/svg\+xml/);
    },
  );

  it("shows its families in the order of the data's way", async () => {
    const shown = await editor.run<string[]>("categories");
    const families = ["sensors", "protocols", "process", "intelligence", "alerts", "devices", "storage", "domain"];
    const present = families.filter((family) => palette.some((schema) => schema.family === family));
    expect(shown.filter((id) => id.startsWith("gatewise_"))).toEqual(present.map((family) => `gatewise_${family}`));
  });

  it("gives each node its defaults when it is dragged to the canvas", async () => {
    const canvas = new Canvas(editor);
    for (const [index, schema] of palette.entries()) {
      const id = await canvas.drag(schema.type, 200 + 250 * (index % 3), 60 + 60 * Math.floor(index / 3));
      expect(await editor.run("stored", id)).toEqual({ ...defaultsOf(schema), id, type: schema.type });
    }
    expect(editor.errors).toEqual([]);
  });

  it("gives a new node the config node it needs when there is only one", async () => {
    const needing = palette.flatMap((schema) =>
      Object.entries(schema.config).flatMap(([name, field]) =>
        field.kind === "link" && field.required ? [{ schema, name, to: field.to ?? "" }] : [],
      ),
    );
    const [{ schema, name, to }] = needing as [(typeof needing)[0]];
    const canvas = new Canvas(editor);
    const config = (id: string) => ({ ...defaultsOf(schemas.find(({ type }) => type === to)!), id, type: to });
    const linkOf = async (id: string) => (await editor.run<Record<string, unknown>>("stored", id))[name];

    await editor.run("import", [config("one")]);
    expect(await linkOf(await canvas.drag(schema.type, 300, 500))).toBe("one");
    await editor.run("import", [config("two")]);
    expect(await linkOf(await canvas.drag(schema.type, 300, 560))).toBe("");
  });

  it.each(schemas.map((schema) => [schema.label, schema] as const))("shows the help of %s", async (_label, schema) => {
    const help = await editor.run<string>("help", schema.type);
    expect(help.replaceAll(/\s+/g, " ")).toContain(schema.summary);
    for (const command of Object.keys(schema.commands)) expect(help).toContain(`msg.command = "${command}"`);
    for (const field of Object.values(schema.config)) expect(help).toContain(field.label);
    // Markdown that was not rendered.
    expect(help).not.toMatch(/\*\*|^#+ |\]\(/m);
  });
});
