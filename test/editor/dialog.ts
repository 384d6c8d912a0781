import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import type { FieldSpec } from "../../kit/fields";
import type { NodeSchema } from "../../kit/node-schema";
import type { Editor, Theme } from "../support/browser";

/** Drives the dialog of one node the way a person does: by its inputs and buttons. */
export class DialogDriver {
  readonly #prefix: string;

  constructor(
    private readonly editor: Editor,
    readonly schema: NodeSchema,
  ) {
    this.#prefix = schema.kind === "config" ? "node-config-input" : "node-input";
  }

  get tray(): Locator {
    return this.editor.page.locator(".red-ui-tray").last();
  }

  get root(): Locator {
    return this.tray.locator(".gw-dialog");
  }

  row(name: string): Locator {
    return this.root.locator(`[data-gw-field="${name}"]`);
  }

  async open(id: string): Promise<void> {
    await this.editor.run("edit", id);
    await this.isOpen();
    await this.editor.run("unfold");
  }

  /** Waits until the tray stands and has put the focus into its first field, which would take it from a field being typed in. */
  async isOpen(): Promise<void> {
    await this.root.waitFor();
    await this.editor.page.waitForFunction("inPage.trayHasFocus()");
  }

  async ok(): Promise<void> {
    await this.#leave("ok");
  }

  async cancel(): Promise<void> {
    await this.#leave("cancel");
  }

  async #leave(how: "ok" | "cancel"): Promise<void> {
    const left = await this.root.elementHandle();
    const id = this.schema.kind === "config" ? `node-config-dialog-${how}` : `node-dialog-${how}`;
    await this.tray.locator(`#${id}`).click();
    await this.editor.page.waitForFunction((dialog) => !dialog?.isConnected, left);
  }

  /** Enters a value in one field. */
  async set(name: string, value: unknown): Promise<void> {
    const field = this.#field(name);
    if (field.kind === "rows") return this.#setRows(name, field, value as readonly Record<string, unknown>[]);
    if (field.kind === "choices") {
      for (const option of Object.keys(field.options ?? {})) {
        const box = this.row(name).locator(`input[value="${option}"]`);
        await box.setChecked((value as readonly string[]).includes(option));
      }
      return;
    }
    await enter(this.#input(name), field, value);
  }

  /** What one field shows, typed as it is stored. */
  async value(name: string): Promise<unknown> {
    const field = this.#field(name);
    if (field.kind === "rows") return this.#rows(name, field);
    if (field.kind === "choices") {
      return this.row(name)
        .locator(".gw-boxes input:checked")
        .evaluateAll((boxes) => boxes.map((box) => (box as unknown as { value: string }).value));
    }
    return shown(this.#input(name), field);
  }

  /** The reason under a field, or an empty text. */
  async problem(name: string): Promise<string> {
    const line = this.row(name).locator(".gw-problem");
    return (await line.isVisible()) ? line.innerText() : "";
  }

  #field(name: string): FieldSpec {
    const field = this.schema.config[name];
    if (!field) throw new Error(`${this.schema.type} has no field ${name}`);
    return field;
  }

  #input(name: string): Locator {
    return this.root.locator(`#${this.#prefix}-${name}`);
  }

  async #setRows(name: string, field: FieldSpec, rows: readonly Record<string, unknown>[]): Promise<void> {
    const lines = this.row(name).locator(".gw-row");
    while ((await lines.count()) > 0) {
      const before = await lines.count();
      await this.row(name).locator(".red-ui-editableList-item-remove").first().click();
      await this.editor.page.waitForFunction(`inPage.rowCount(${JSON.stringify(name)}) < ${before}`);
    }
    for (const [index, row] of rows.entries()) {
      await this.row(name).locator(".red-ui-editableList-addButton").click();
      for (const [column, spec] of Object.entries(field.columns ?? {})) {
        const cell = lines.nth(index).locator(`[data-gw-column="${column}"]`);
        if (row[column] !== undefined && (await cell.isVisible()))
          await enter(cell.locator("input, select"), spec, row[column]);
      }
    }
  }

  async #rows(name: string, field: FieldSpec): Promise<Record<string, unknown>[]> {
    const lines = await this.row(name).locator(".gw-row").all();
    return Promise.all(
      lines.map(async (line) => {
        const row: Record<string, unknown> = {};
        for (const [column, spec] of Object.entries(field.columns ?? {})) {
          row[column] = await shown(line.locator(`[data-gw-column="${column}"]`).locator("input, select"), spec);
        }
        return row;
      }),
    );
  }
}

async function enter(input: Locator, field: FieldSpec, value: unknown): Promise<void> {
  if (field.kind === "flag") await input.setChecked(value === true);
  else if (field.kind === "choice" || field.kind === "link") await input.selectOption(String(value));
  else await input.fill(Array.isArray(value) ? value.join(", ") : String(value ?? ""));
}

async function shown(input: Locator, field: FieldSpec): Promise<unknown> {
  return field.kind === "flag" ? input.isChecked() : input.inputValue();
}

/** With SHOTS=folder in the environment, keeps a picture of the open dialog in both themes, for people to look at. */
export async function takePictures(editor: Editor, dialog: DialogDriver, name: string): Promise<void> {
  const folder = process.env.SHOTS;
  if (!folder) return;
  await editor.page.setViewportSize({ width: 1500, height: 2000 });
  for (const theme of ["light", "dark"] satisfies Theme[]) {
    await editor.run("setTheme", theme);
    mkdirSync(join(folder, theme), { recursive: true });
    const path = join(folder, theme, `${name}.png`);
    await dialog.tray.screenshot({ path, animations: "disabled", style: "#red-ui-notifications { display: none }" });
  }
  await editor.run("setTheme", "light");
  await editor.page.setViewportSize({ width: 1500, height: 950 });
}
