import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FieldSpec } from "../../kit/fields";
import type { NodeSchema } from "../../kit/node-schema";
import { applies, parseConfig, problemWith } from "../../kit/validate";
import type { Editor, Theme } from "../support/browser";
import { editing } from "../support/editing";
import type { FlowNode } from "../support/gateway";
import { missing } from "../support/needs";
import { builtNodes, defaultsOf } from "../support/pack";
import { DialogDriver, takePictures } from "./dialog";
import { conditionsOf, inOrder, scenariosOf, type Values, wrongValuesOf } from "./scenarios";

const schemas = builtNodes().map((node) => node.schema);
const idOf = (type: string): string => type.replace("gatewise-", "the-");
const links = Object.fromEntries(schemas.filter(({ kind }) => kind === "config").map(({ type }) => [type, idOf(type)]));

/** One node of each type on a disabled tab, so that nothing opens a port or a file. */
function oneOfEach(): FlowNode[] {
  const tab = { id: "tab", type: "tab", label: "One of each", disabled: true };
  const nodes = schemas.map((schema, index) => {
    const node = { ...defaultsOf(schema), id: idOf(schema.type), type: schema.type, z: "tab" };
    const wires = schema.outputs.map(() => []);
    return schema.kind === "config" ? node : { ...node, x: 200, y: 40 + 40 * index, wires };
  });
  return [tab, ...nodes];
}

function parsedAlone(field: FieldSpec, raw: unknown): unknown {
  return parseConfig({ field: { ...field, when: undefined } }, { field: raw }).values.field;
}

/** Tests the dialogs of every `parts`-th node from the `part`-th on. */
export function describeDialogs(part: number, parts: number): void {
  const mine = schemas.filter((_, index) => index % parts === part);
  describe.skipIf(missing("chromium"))("the dialog of", () => dialogsOf(mine));
}

function dialogsOf(tested: readonly NodeSchema[]): void {
  let editor: Editor;

  editing(oneOfEach(), (opened) => {
    ({ editor } = opened);
  });

  const storedAs = (schema: NodeSchema) => editor.run<Record<string, unknown>>("stored", idOf(schema.type));

  describe.each(tested.map((schema) => [schema.label, schema] as const))("%s", (_label, schema) => {
    let dialog: DialogDriver;
    const id = idOf(schema.type);

    beforeAll(() => {
      dialog = new DialogDriver(editor, schema);
    });
    // What a failed test has left open would fail the next one too.
    afterEach(async () => {
      while ((await editor.run<number>("trays")) > 0) await editor.run("closeTray");
    });

    /** Puts the node back to what the palette gives. */
    const fresh = async (changes: Values = {}): Promise<void> => {
      const nodes = oneOfEach().filter((node) => node.id === id);
      await editor.run("remove", id);
      await editor.run(
        "import",
        nodes.map((node) => ({ ...node, ...changes })),
      );
    };
    const enter = async (values: Values): Promise<void> => {
      for (const [name, value] of Object.entries(inOrder(schema.config, values))) await dialog.set(name, value);
    };

    /** What a configuration means, without links: an imported node takes the only config node there is. */
    const unlinked = (stored: Values): Values => {
      const fields = Object.entries(schema.config).filter(([, field]) => field.kind !== "link");
      return parseConfig(Object.fromEntries(fields), stored).values;
    };
    /** Fits into 180 pixels, names its inputs and buttons, and can be read in both themes. */
    const expectPresentable = async (): Promise<void> => {
      expect(await editor.run("overflow", 180)).toEqual([]);
      expect(await editor.run("namelessButtons")).toEqual([]);
      expect(await editor.run("namelessInputs")).toEqual([]);
      for (const theme of ["dark", "light"] satisfies Theme[]) {
        await editor.run("setTheme", theme);
        expect(await editor.run("faintTexts"), theme).toEqual([]);
      }
    };

    it("opens, and changes nothing when nothing was changed", async () => {
      const before = await storedAs(schema);
      await dialog.open(id);
      await takePictures(editor, dialog, `${schema.name}-0-new`);
      await expectPresentable();
      await dialog.ok();
      expect(await storedAs(schema)).toEqual(before);
    });

    it("shows and stores the defaults of what a stored flow does not mention", async () => {
      const [bare] = oneOfEach().filter((node) => node.id === id);
      const { type, z, x, y, wires } = bare!;
      await editor.run("remove", id);
      // Of this version: what an earlier one did not mention is for its migrations to say.
      await editor.run("import", [{ id, type, z, x, y, wires, version: schema.version }]);
      await dialog.open(id);
      await dialog.ok();
      expect(unlinked(await storedAs(schema))).toEqual(unlinked(defaultsOf(schema)));
    });

    it("keeps choices that are left to an environment variable", async () => {
      const chosen = Object.entries(schema.config).filter(([, field]) => field.kind === "choice" && !field.when);
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's way to name an environment variable
      const left = Object.fromEntries(chosen.map(([name]) => [name, "${FROM_OUTSIDE}"]));
      await fresh(left);
      await dialog.open(id);
      await dialog.ok();
      expect(await storedAs(schema)).toMatchObject(left);
    });

    it("shows and stores what a migration makes of an earlier version", async () => {
      const migrated = scenariosOf(schema, links)[0] ?? {};
      await fresh();
      await editor.run("defineNextVersion", schema, migrated);
      await dialog.open(id);
      await dialog.ok();
      const stored = await storedAs(schema);
      await editor.run("define", schema);
      expect(unlinked(stored)).toEqual(unlinked({ ...defaultsOf(schema), ...migrated }));
      expect(Number(stored.version)).toBe(schema.version + 1);
    });

    it("stores every field as it was entered, and shows it so again", async () => {
      for (const [index, scenario] of scenariosOf(schema, links).entries()) {
        await fresh();
        const before = await storedAs(schema);
        await dialog.open(id);
        await enter(scenario);
        await takePictures(editor, dialog, `${schema.name}-${index + 1}`);
        await expectPresentable();
        await dialog.ok();
        const stored = await storedAs(schema);
        const expected = parseConfig(schema.config, { ...before, ...scenario });
        expect(parseConfig(schema.config, stored).values, JSON.stringify(scenario)).toEqual(expected.values);

        await dialog.open(id);
        for (const [name, value] of Object.entries(scenario)) {
          const parsed = (raw: unknown) => parsedAlone(schema.config[name]!, raw);
          expect(parsed(await dialog.value(name)), name).toEqual(parsed(value));
        }
        await dialog.ok();
        expect(await storedAs(schema)).toEqual(stored);
      }
    });

    it("can be undone", async () => {
      const scenario = scenariosOf(schema, links)[0] ?? {};
      await fresh();
      const before = await storedAs(schema);
      await dialog.open(id);
      await enter(scenario);
      await dialog.ok();
      expect(await storedAs(schema)).not.toEqual(before);
      expect(await editor.run("isDirty")).toBe(true);
      await editor.run("invoke", "core:undo");
      expect(await storedAs(schema)).toEqual(before);
    });

    it("shows the fields that apply and no others", async () => {
      await dialog.open(id);
      for (const [name, field] of Object.entries(schema.config)) {
        const isController = Object.values(schema.config).some((other) => other.when && name in other.when);
        if (!isController) continue;
        await enter(conditionsOf(schema.config, name));
        const options = field.kind === "flag" ? [true, false] : Object.keys(field.options ?? {});
        for (const option of options) {
          await dialog.set(name, option);
          const values: Record<string, unknown> = {};
          for (const [each, spec] of Object.entries(schema.config)) {
            if (spec.kind === "flag" || spec.kind === "choice") values[each] = await dialog.value(each);
          }
          const expected = Object.keys(schema.config).filter((each) => applies(schema.config, each, values));
          const shown = await editor.run<string[]>("shownFields");
          expect(shown.filter((each) => each in schema.config).sort(), `${name} = ${option}`).toEqual(expected.sort());
        }
      }
      await dialog.cancel();
    });

    it("says under a field what is wrong with it, and the node tells it too", async () => {
      for (const { conditions, wrong } of wrongValuesOf(schema)) {
        await fresh();
        await dialog.open(id);
        await enter({ ...conditions, ...wrong });
        const problems = async () => {
          const lines = Object.keys(wrong).map(async (name) => [name, await dialog.problem(name)] as const);
          return Object.fromEntries(await Promise.all(lines));
        };
        const expected = Object.entries(wrong).map(
          ([name, value]) => [name, problemWith(schema.config[name]!, value)] as const,
        );
        // The dialog judges when the page has its turn, which may be after the last key.
        await expect.poll(problems, { timeout: 20_000 }).toEqual(Object.fromEntries(expected));
        await takePictures(editor, dialog, `${schema.name}-wrong`);
        await expectPresentable();
        await dialog.ok();
        const told = await editor.run<string[]>("validationErrors", id);
        expect(told).toEqual(
          expect.arrayContaining(expected.map(([name, why]) => `${schema.config[name]?.label}: ${why}`)),
        );
        await dialog.open(id);
        await expect
          .poll(problems, { message: "when it is opened again", timeout: 20_000 })
          .toEqual(Object.fromEntries(expected));
        await dialog.cancel();
      }
    });

    const linker = schemas.find(({ config }) => Object.values(config).some((field) => field.to === schema.type));
    if (schema.kind === "config" && linker) {
      it(`is added from the dialog of ${linker.label}, which then links to it`, async () => {
        const name = Object.keys(linker.config).find((each) => linker.config[each]?.to === schema.type)!;
        const linking = new DialogDriver(editor, linker);
        await linking.open(idOf(linker.type));
        for (const [other, value] of Object.entries(conditionsOf(linker.config, name))) await linking.set(other, value);
        await linking.row(name).locator(`[aria-label="add a new ${linker.config[name]?.label}"]`).click();
        await dialog.isOpen();
        await dialog.ok();
        await linking.row(name).waitFor();
        const added = (await editor.run<string[]>("ids", schema.type)).find((each) => each !== id);
        expect(await linking.value(name)).toBe(added);
        await linking.cancel();
        await editor.run("remove", added);
      });
    }

    const coded = Object.entries(schema.config).filter(([, field]) => field.kind === "code");
    for (const [name, field] of coded) {
      it(`opens ${field.label} in the editor for its language`, async () => {
        await fresh();
        await dialog.open(id);
        await enter(conditionsOf(schema.config, name));
        const before = await dialog.value(name);
        await dialog.row(name).locator(".gw-expand").click();
        await dialog.tray.locator(".node-text-editor").first().waitFor();
        await dialog.tray.locator("#node-dialog-ok").click();
        await dialog.row(name).waitFor();
        expect(await dialog.value(name)).toBe(before);
        await dialog.cancel();
      });
    }

    it("raises no error in the page", () => {
      expect(editor.errors).toEqual([]);
    });
  });
}
