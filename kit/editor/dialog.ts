import type { FieldSpec, SecretSpec } from "../fields";
import type { NodeSchema } from "../node-schema";
import { escapeHtml } from "./literal";

interface Row {
  readonly group: string | undefined;
  readonly folded: boolean;
  readonly html: string;
}

/** The dialog of a node: its name, its fields in their sections, its credentials. Tables and lists are filled in by the client. */
export function dialog(schema: NodeSchema): string {
  const prefix = schema.kind === "config" ? "node-config-input" : "node-input";
  const nameField: FieldSpec = { kind: "text", label: "Name", default: "", placeholder: schema.label };
  const rows: Row[] = [
    fieldRow(prefix, "name", nameField),
    ...Object.entries(schema.config).map(([name, field]) => fieldRow(prefix, name, field)),
    ...Object.entries(schema.credentials).map(([name, spec]) => secretRow(prefix, name, spec)),
  ];
  return `<div class="gw-dialog" data-gw-type="${schema.type}" data-gw-prefix="${prefix}">
<input type="hidden" id="${prefix}-version">
${sections(rows)}
</div>`;
}

/** Rows of the same group stand together, in the place of the group's first row. */
function sections(rows: readonly Row[]): string {
  const titles = [...new Set(rows.map((row) => row.group))];
  return titles
    .map((title) => {
      const members = rows.filter((row) => row.group === title);
      const body = members.map((row) => row.html).join("\n");
      if (title === undefined) return body;
      const open = members.some((row) => row.folded) ? "" : " open";
      return `<details class="gw-group"${open}><summary>${escapeHtml(title)}</summary>\n${body}\n</details>`;
    })
    .join("\n");
}

function fieldRow(prefix: string, name: string, field: FieldSpec): Row {
  const id = `${prefix}-${name}`;
  const unit = field.unit ? `<span class="gw-unit">${escapeHtml(field.unit)}</span>` : "";
  const html = wrap(name, id, field, `${control(id, field)}${unit}`);
  return { group: field.group, folded: field.folded ?? false, html };
}

function secretRow(prefix: string, name: string, spec: SecretSpec): Row {
  const id = `${prefix}-${name}`;
  const input = spec.multiline
    ? `<textarea id="${id}" rows="3" autocomplete="off" spellcheck="false" class="gw-secret"></textarea>`
    : `<input type="${spec.shown ? "text" : "password"}" id="${id}" autocomplete="new-password">`;
  return { group: spec.group, folded: false, html: wrap(name, id, spec, input) };
}

interface Labelled {
  readonly label: string;
  readonly hint?: string;
}

function wrap(name: string, id: string, field: Labelled & { readonly kind?: string }, inner: string): string {
  const title = field.hint ? ` title="${escapeHtml(field.hint)}"` : "";
  const hint = field.hint ? `<p class="gw-hint" id="${id}-hint">${escapeHtml(field.hint)}</p>` : "";
  const wide = ["rows", "multiline", "code"].includes(field.kind ?? "") ? " gw-wide" : "";
  return `<div class="gw-field gw-${field.kind ?? "secret"}${wide}" data-gw-field="${name}">
<label for="${id}"${title}>${escapeHtml(field.label)}</label>
<div class="gw-control">${inner}</div>
${hint}<p class="gw-problem" role="alert" hidden></p>
</div>`;
}

function control(id: string, field: FieldSpec): string {
  const placeholder = field.placeholder ? ` placeholder="${escapeHtml(field.placeholder)}"` : "";
  switch (field.kind) {
    case "flag":
      return `<input type="checkbox" id="${id}">`;
    case "choice": {
      const options = Object.entries(field.options ?? {}).map(
        ([value, label]) => `<option value="${escapeHtml(value)}">${escapeHtml(label)}</option>`,
      );
      return `<select id="${id}">${options.join("")}</select>`;
    }
    case "choices": {
      const boxes = Object.entries(field.options ?? {}).map(
        ([value, label]) =>
          `<label class="gw-box"><input type="checkbox" value="${escapeHtml(value)}"> ${escapeHtml(label)}</label>`,
      );
      return `<div class="gw-boxes" id="${id}-boxes" role="group">${boxes.join("")}</div>`;
    }
    case "rows":
      return `<ol class="gw-table" id="${id}-table"></ol>`;
    case "multiline":
      return `<textarea id="${id}" rows="3"${placeholder}></textarea>`;
    case "code": {
      const language = field.language === "json" ? "JSON" : "JSONata";
      return `<textarea id="${id}" rows="${field.language === "json" ? 8 : 3}" class="gw-code" spellcheck="false"${placeholder}></textarea>
<button type="button" class="red-ui-button gw-expand" title="Open in the ${language} editor" aria-label="Open in the ${language} editor"><i class="fa fa-expand"></i></button>`;
    }
    case "integer":
    case "number":
      return `<input type="text" inputmode="decimal" class="gw-number" id="${id}"${placeholder}>`;
    default:
      return `<input type="text" id="${id}"${placeholder}>`;
  }
}
