import type { FieldSpec, Fields } from "../../fields";
import { applies } from "../../validate";

/** A table in a dialog: Node-RED's editable list with one input a column. */
export class Table {
  readonly #rows = new WeakMap<Element, Record<string, unknown>>();

  constructor(
    private readonly element: HTMLElement,
    private readonly columns: Fields,
    rows: readonly unknown[],
    private readonly onChange: () => void,
  ) {
    const list = $(element).editableList({
      addItem: (container, _index, row) => this.#addRow(container.get(0), row),
      removeItem: onChange,
      sortItems: onChange,
      sortable: true,
      removable: true,
      addButton: "add",
      height: "auto",
    });
    for (const row of rows) list.editableList("addItem", row);
  }

  /** The rows as they stand in the inputs, without those that are just fading out. */
  values(): Record<string, unknown>[] {
    const lines = this.element.querySelectorAll("li:not(.red-ui-editableList-item-deleting) .gw-row");
    return [...lines].flatMap((line) => {
      const row = this.#rows.get(line);
      return row ? [{ ...row }] : [];
    });
  }

  #addRow(container: HTMLElement, given: Record<string, unknown>): void {
    const row: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(this.columns)) row[name] = given[name] ?? field.default;
    const line = document.createElement("div");
    line.className = "gw-row";
    this.#rows.set(line, row);
    const cells = new Map<string, HTMLElement>();
    const refresh = (): void => {
      for (const [name, cell] of cells) cell.hidden = !applies(this.columns, name, row);
    };
    for (const [name, field] of Object.entries(this.columns)) {
      const cell = makeCell(field, row[name], (value) => {
        row[name] = value;
        refresh();
        this.onChange();
      });
      cell.dataset.gwColumn = name;
      cells.set(name, cell);
      line.append(cell);
    }
    refresh();
    container.append(line);
    // The list makes an icon of it, which says nothing to a screen reader.
    container
      .closest("li")
      ?.querySelector(".red-ui-editableList-item-remove")
      ?.setAttribute("aria-label", "delete row");
    this.onChange();
  }
}

function makeCell(field: FieldSpec, value: unknown, onValue: (value: unknown) => void): HTMLElement {
  const cell = document.createElement("div");
  cell.className = "gw-cell";
  const label = document.createElement("label");
  label.textContent = field.unit ? `${field.label} (${field.unit})` : field.label;
  if (field.hint) label.title = field.hint;
  const input = makeInput(field, value);
  input.setAttribute("aria-label", field.label);
  const read = (): unknown =>
    input instanceof HTMLInputElement && input.type === "checkbox" ? input.checked : input.value;
  input.addEventListener("input", () => onValue(read()));
  input.addEventListener("change", () => onValue(read()));
  cell.append(label, input);
  return cell;
}

function makeInput(field: FieldSpec, value: unknown): HTMLInputElement | HTMLSelectElement {
  if (field.kind === "choice") {
    const select = document.createElement("select");
    for (const [key, text] of Object.entries(field.options ?? {})) select.add(new Option(text, key));
    select.value = String(value);
    return select;
  }
  const input = document.createElement("input");
  input.type = field.kind === "flag" ? "checkbox" : "text";
  if (field.kind === "flag") input.checked = value === true;
  else input.value = value === undefined || value === null ? "" : String(value);
  if (field.placeholder) input.placeholder = field.placeholder;
  return input;
}
