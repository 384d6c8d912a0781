import type { FieldSpec } from "../../fields";
import { migrate, type NodeSchema } from "../../node-schema";
import { applies, problemWith } from "../../validate";
import type { EditedNode } from "./red-editor";
import { Table } from "./table";

/** What a node's own `editor.ts` gets when its dialog opens. */
export interface Dialog {
  readonly node: EditedNode;
  readonly root: HTMLElement;
  /** The values as they stand in the inputs, not yet saved. */
  values(): Record<string, unknown>;
  /** Sets one input, as if the user had. */
  set(field: string, value: unknown): void;
  /** The element of one field, to put a button or a text beside it. */
  field(name: string): HTMLElement;
}

/** An open dialog: it shows the fields that apply, says what is wrong as the user types, and reads tables and boxes. */
export class Form implements Dialog {
  readonly #tables = new Map<string, Table>();
  readonly #prefix: string;
  /** What the inputs showed at first. */
  readonly #before: Record<string, unknown>;
  readonly #isMigrated: boolean;

  constructor(
    readonly node: EditedNode,
    readonly root: HTMLElement,
    private readonly schema: NodeSchema,
  ) {
    this.#prefix = root.dataset.gwPrefix ?? "node-input";
    this.#isMigrated = Number(node.version ?? 1) < schema.version;
    const stored = this.#migrated();
    for (const [name, field] of Object.entries(schema.config))
      this.#prepare(name, field, stored[name] ?? field.default);
    for (const input of root.querySelectorAll("input, select, textarea")) {
      input.addEventListener("input", () => this.refresh());
    }
    // jQuery widgets of the editor such as config selects tell their changes by jQuery only.
    for (const input of root.querySelectorAll<HTMLElement>("input, select"))
      $(input).on("change", () => this.refresh());
    this.#nameButtons();
    this.refresh();
    this.#openSectionsWithProblems();
    this.#before = this.values();
  }

  values(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.schema.config).map(([name, field]) => [name, this.#read(name, field)]),
    );
  }

  set(field: string, value: unknown): void {
    const input = this.#input(field);
    if (!input) return;
    if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = value === true;
    else $(input).val(value);
    this.refresh();
  }

  field(name: string): HTMLElement {
    const row = this.root.querySelector<HTMLElement>(`[data-gw-field="${name}"]`);
    if (!row) throw new Error(`${this.schema.type} has no field ${name}`);
    return row;
  }

  /** Tables and boxes are no inputs that Node-RED reads: what was changed in them goes into the node here. */
  save(): void {
    for (const [name, field] of Object.entries(this.schema.config)) {
      if (!isDrawnByUs(field)) continue;
      const value = this.#read(name, field);
      const isChanged = JSON.stringify(value) !== JSON.stringify(this.#before[name]);
      if (isChanged || this.#isMigrated) this.node[name] = value;
    }
  }

  refresh(): void {
    const values = this.values();
    for (const [name, field] of Object.entries(this.schema.config)) {
      const row = this.field(name);
      const shown = applies(this.schema.config, name, values);
      row.hidden = !shown;
      this.#say(row, shown ? this.#problem(field, values[name]) : undefined);
    }
    for (const [name, spec] of Object.entries(this.schema.credentials)) {
      const asField: FieldSpec = { kind: "text", label: spec.label, default: "", when: spec.when };
      this.field(name).hidden = !applies({ ...this.schema.config, [name]: asField }, name, values);
    }
    for (const section of this.root.querySelectorAll<HTMLElement>(".gw-group")) {
      section.hidden = section.querySelector(".gw-field:not([hidden])") === null;
    }
  }

  /** A problem in a folded section would be one that nobody sees. */
  #openSectionsWithProblems(): void {
    for (const section of this.root.querySelectorAll<HTMLDetailsElement>("details.gw-group")) {
      if (section.querySelector(".gw-field:not([hidden]) > .gw-problem:not([hidden])")) section.open = true;
    }
  }

  /** Node-RED's buttons beside a config select show only an icon. */
  #nameButtons(): void {
    for (const [name, field] of Object.entries(this.schema.config)) {
      if (field.kind !== "link") continue;
      for (const [action, verb] of [
        ["edit", "edit"],
        ["add", "add a new"],
      ] as const) {
        const button = this.root.querySelector(`#${this.#prefix}-btn-${name}-${action}`);
        button?.setAttribute("role", "button");
        button?.setAttribute("aria-label", `${verb} ${field.label}`);
      }
    }
  }

  #problem(field: FieldSpec, value: unknown): string | undefined {
    // "_ADD_" is what Node-RED's select holds for "add new…", which is the same as none.
    return problemWith(field, field.kind === "link" && value === "_ADD_" ? "" : value);
  }

  #say(row: HTMLElement, problem: string | undefined): void {
    const line = row.querySelector<HTMLElement>(".gw-problem");
    if (!line) return;
    line.hidden = problem === undefined;
    line.textContent = problem ?? "";
    for (const input of row.querySelectorAll(".gw-control > input, .gw-control > select, .gw-control > textarea")) {
      input.classList.toggle("input-error", problem !== undefined);
      input.setAttribute("aria-invalid", String(problem !== undefined));
    }
  }

  /**
   * The stored values at the schema's version. The inputs show what a migration made of them, and the default of what
   * the stored node does not mention, as the runtime takes it; Node-RED would leave those inputs empty.
   */
  #migrated(): Record<string, unknown> {
    const stored = migrate(this.schema, this.node);
    const version = this.#input("version");
    if (version) $(version).val(this.schema.version);
    for (const [name, field] of Object.entries(this.schema.config)) {
      if (isDrawnByUs(field)) continue;
      const value = stored[name] ?? field.default;
      if (field.kind === "choice") this.#offer(name, value);
      if (this.#isMigrated || this.node[name] === undefined)
        this.set(name, field.kind === "link" ? value || "_ADD_" : value);
    }
    return stored;
  }

  /** A choice left to an environment variable is one of the choices. */
  #offer(name: string, value: unknown): void {
    const select = this.#input(name);
    if (typeof value !== "string" || !/^\$\{[^}]+\}$/.test(value) || !(select instanceof HTMLSelectElement)) return;
    select.add(new Option(value, value));
    select.value = value;
  }

  #prepare(name: string, field: FieldSpec, value: unknown): void {
    if (field.kind === "rows") {
      const element = this.field(name).querySelector<HTMLElement>(".gw-table");
      if (!element) return;
      const rows = Array.isArray(value) ? value : [];
      this.#tables.set(name, new Table(element, field.columns ?? {}, rows, () => this.#tableChanged()));
    } else if (field.kind === "choices") {
      const chosen: readonly unknown[] = Array.isArray(value) ? value : [];
      for (const box of this.#boxes(name)) box.checked = chosen.includes(box.value);
    } else if (field.kind === "code") {
      const button = this.field(name).querySelector(".gw-expand");
      button?.addEventListener("click", () => this.#openCodeEditor(name, field));
    }
  }

  /** The editor with syntax colours, and for JSONata with its functions and a place to try it. */
  #openCodeEditor(name: string, field: FieldSpec): void {
    const options = {
      value: String(this.#read(name, field)),
      focus: true,
      complete: (text: string) => this.set(name, text),
    };
    if (field.language === "json") RED.editor.editJSON(options);
    else RED.editor.editExpression(options);
  }

  /** A table tells of its rows while it is being made, before the form knows it. */
  #tableChanged(): void {
    if (this.#tables.size > 0) this.refresh();
  }

  #read(name: string, field: FieldSpec): unknown {
    if (field.kind === "rows") return this.#tables.get(name)?.values() ?? [];
    if (field.kind === "choices") return this.#boxes(name).flatMap((box) => (box.checked ? [box.value] : []));
    const input = this.#input(name);
    if (field.kind === "flag") return input instanceof HTMLInputElement && input.checked;
    const value = input ? $(input).val() : field.default;
    return value ?? "";
  }

  #boxes(name: string): HTMLInputElement[] {
    return [...this.field(name).querySelectorAll<HTMLInputElement>(".gw-boxes input")];
  }

  #input(name: string): HTMLElement | null {
    return this.root.querySelector<HTMLElement>(`#${this.#prefix}-${name}`);
  }
}

/** Tables and boxes, which Node-RED neither fills in nor reads. */
function isDrawnByUs(field: FieldSpec): boolean {
  return field.kind === "rows" || field.kind === "choices";
}
