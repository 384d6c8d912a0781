import type { Dialog } from "../../../../kit/editor/client/form";
import { button, line } from "../../../../kit/editor/client/page";
import type { CatalogEntry } from "../../../../lib/sensing/listing";
import { type Busses, busOf, loadCatalog } from "../in-page/editor";

/**
 * Puts a list of parts under the field, which is searched by name, maker and what they measure, and says what the chosen one
 * is. Calls back when the list has arrived and whenever another part is chosen.
 */
export function pickDriver(dialog: Dialog, role: CatalogEntry["role"], onChosen: (entry?: CatalogEntry) => void): void {
  const row = dialog.field("driver");
  const about = line();
  const list = document.createElement("div");
  list.hidden = true;
  list.style.cssText = "grid-column: 1 / -1; min-width: 0";
  const open = button("Choose…", () => {
    list.hidden = !list.hidden;
    open.setAttribute("aria-expanded", String(!list.hidden));
    if (!list.hidden) list.querySelector("input")?.focus();
  });
  open.setAttribute("aria-expanded", "false");
  row.querySelector(".gw-control")?.append(open);
  row.append(list, about);

  loadCatalog(
    (catalog) => {
      const parts = catalog.filter((entry) => entry.role === role);
      const chosen = () => parts.find(({ id }) => id === String(dialog.values().driver).trim());
      const refresh = (): void => {
        const entry = chosen();
        about.textContent = entry ? describe(entry, busOf(dialog)) : "The part is not in the list.";
        onChosen(entry);
      };
      fill(list, parts, dialog, () => {
        list.hidden = true;
        list.style.cssText = "grid-column: 1 / -1; min-width: 0";
        open.setAttribute("aria-expanded", "false");
        refresh();
      });
      for (const name of ["driver", "bus"]) {
        for (const input of dialog.field(name).querySelectorAll<HTMLElement>("input, select")) {
          $(input).on("change input", refresh);
        }
      }
      refresh();
    },
    (problem) => {
      about.textContent = `The list of parts cannot be had: ${problem}`;
    },
  );
}

function fill(list: HTMLElement, parts: readonly CatalogEntry[], dialog: Dialog, onPick: () => void): void {
  const search = document.createElement("input");
  search.type = "text";
  search.placeholder = "Search: humidity, acceleration, Bosch";
  search.setAttribute("aria-label", "Search the list of parts");
  search.style.cssText = "width: 100%; box-sizing: border-box; margin: 4px 0";
  const results = document.createElement("div");
  results.style.cssText =
    "max-height: 220px; overflow-y: auto; border: 1px solid var(--red-ui-secondary-border-color); border-radius: 4px";
  const show = (): void => {
    const words = search.value.toLowerCase().split(/\s+/);
    const bus = busOf(dialog);
    const found = parts.filter((entry) => {
      const text = `${entry.id} ${entry.name} ${entry.maker} ${entry.what}`.toLowerCase();
      return (!bus || entry.bus === bus.kind) && words.every((word) => text.includes(word));
    });
    results.replaceChildren(...found.map((entry) => item(entry, dialog, onPick)));
    if (found.length > 0) return;
    const none = line();
    none.textContent = bus ? `Nothing like that on ${bus.label}.` : "Nothing like that.";
    results.append(none);
  };
  search.addEventListener("input", show);
  // Enter would close the dialog.
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    results.querySelector("button")?.click();
  });
  search.addEventListener("focus", show);
  list.append(search, results);
}

function item(entry: CatalogEntry, dialog: Dialog, onPick: () => void): HTMLElement {
  const choose = button("", () => {
    dialog.set("driver", entry.id);
    onPick();
  });
  choose.classList.remove("red-ui-button");
  choose.style.cssText =
    "display: block; width: 100%; padding: 4px 8px; border: 0; background: none; text-align: left; color: inherit; overflow-wrap: anywhere";
  const name = document.createElement("b");
  name.textContent = entry.name;
  choose.append(name, ` ${entry.what}`);
  return choose;
}

function describe(entry: CatalogEntry, bus: Busses | undefined): string {
  const places = entry.addresses.map((address) => (entry.bus === "i2c" ? `0x${address.toString(16)}` : address));
  const shown = places.length > 4 ? `${places[0]} to ${places.at(-1)}` : places.join(", ");
  const at = places.length > 0 ? `, at ${shown}` : "";
  const channels = entry.channels.map(({ name, unit }) => (unit === "1" ? name : `${name} (${unit})`));
  const more = channels.length > 8 ? ` and ${channels.length - 8} more` : "";
  const wrong = bus && bus.kind !== entry.bus ? ` It does not belong on ${bus.label}.` : "";
  return `${entry.name} by ${entry.maker}: ${entry.what}${at}. Gives ${channels.slice(0, 8).join(", ")}${more}.${wrong}`;
}
