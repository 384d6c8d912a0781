import type { Dialog } from "../../../../kit/editor/client/form";
import type { OptionSpec } from "../../../../lib/drivers/core/options";
import type { CatalogEntry } from "../../../../lib/sensing/listing";

/** Inputs for the options of the chosen part, above the field with their JSON. Returns what shows those of another part. */
export function optionInputs(dialog: Dialog): (entry?: CatalogEntry) => void {
  const box = document.createElement("div");
  box.style.minWidth = "0";
  const row = dialog.field("options");
  row.querySelector(".gw-control")?.before(box);
  let shown: CatalogEntry | undefined;
  const draw = (): void => {
    const values = stored(dialog);
    const specs = Object.entries(shown?.options ?? {});
    box.replaceChildren(
      ...specs.map(([name, spec]) =>
        optionRow(spec, values[name] ?? spec.default, (value) => {
          const { [name]: _before, ...others } = stored(dialog);
          const changed = value === spec.default ? others : { ...others, [name]: value };
          dialog.set("options", JSON.stringify(changed));
        }),
      ),
    );
  };
  const json = row.querySelector("textarea");
  if (json) json.rows = 2;
  json?.addEventListener("change", draw);
  return (entry) => {
    if (entry === shown) return;
    shown = entry;
    draw();
  };
}

/** What the JSON says; nothing while it is being written. */
function stored(dialog: Dialog): Record<string, unknown> {
  try {
    const options: unknown = JSON.parse(String(dialog.values().options || "{}"));
    return typeof options === "object" && options !== null && !Array.isArray(options) ? { ...options } : {};
  } catch {
    return {};
  }
}

function optionRow(spec: OptionSpec, value: unknown, onValue: (value: unknown) => void): HTMLElement {
  const row = document.createElement("label");
  row.style.cssText =
    "display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; width: auto; min-width: 0; margin: 0 0 6px";
  const name = document.createElement("span");
  name.style.cssText = "flex: 1 1 110px; min-width: 0; overflow-wrap: anywhere";
  name.textContent = spec.kind === "number" && spec.unit ? `${spec.label} (${spec.unit})` : spec.label;
  const input = optionInput(spec, value);
  input.style.cssText += "; margin: 0; min-width: 0; max-width: 100%; box-sizing: border-box";
  if (spec.kind !== "flag") input.style.flex = "2 1 100px";
  input.addEventListener("change", () => onValue(valueIn(input, spec)));
  row.append(name, input);
  if (spec.hint) {
    const hint = document.createElement("span");
    hint.className = "gw-hint";
    hint.style.cssText = "flex: 1 1 100%; min-width: 0; font-size: 12px; overflow-wrap: anywhere";
    hint.textContent = spec.hint;
    row.append(hint);
  }
  return row;
}

function optionInput(spec: OptionSpec, value: unknown): HTMLInputElement | HTMLSelectElement {
  if (spec.kind === "choice") {
    const select = document.createElement("select");
    for (const [key, label] of Object.entries(spec.choices)) select.add(new Option(label, key));
    select.value = String(value);
    return select;
  }
  const input = document.createElement("input");
  input.type = spec.kind === "flag" ? "checkbox" : "text";
  if (spec.kind === "flag") {
    input.checked = value === true;
    input.style.width = "auto";
  } else input.value = String(value);
  return input;
}

/** Numbers that are none stay texts: the node says what is wrong with them. */
function valueIn(input: HTMLInputElement | HTMLSelectElement, spec: OptionSpec): unknown {
  if (spec.kind === "flag") return input instanceof HTMLInputElement && input.checked;
  const text = input.value.trim();
  return spec.kind === "number" && text !== "" && Number.isFinite(Number(text)) ? Number(text) : input.value;
}
