import type { Dialog } from "../../../../kit/editor/client/form";
import { button, line, request } from "../../../../kit/editor/client/page";
import type { CatalogEntry, Found } from "../../../../lib/sensing/listing";
import { busOf } from "../in-page/editor";

/** A button beside the address that lists who answers on the bus; choosing one takes its address, and the part when it is clear. */
export function scanButton(dialog: Dialog, role: CatalogEntry["role"], known: () => readonly CatalogEntry[]): void {
  const row = dialog.field("place");
  const said = line();
  const list = document.createElement("div");
  const scan = button("Scan", () => {
    const bus = busOf(dialog);
    list.replaceChildren();
    if (!bus) {
      said.textContent = "Choose a bus first.";
      return;
    }
    said.textContent = "Asking…";
    request<readonly Found[]>(
      "POST",
      `gatewise/bus/${bus.id}/scan`,
      (found) => {
        said.textContent = found.length === 0 ? "Nobody answers." : `${found.length} on the bus:`;
        list.replaceChildren(...found.map((one) => choice(one, dialog, role, known)));
      },
      (problem) => {
        said.textContent = problem;
      },
    );
  });
  row.querySelector(".gw-control")?.append(scan);
  row.append(said, list);
  list.style.cssText =
    "grid-column: 1 / -1; min-width: 0; display: flex; flex-direction: column; gap: 4px; align-items: start";
}

function choice(
  { place, drivers }: Found,
  dialog: Dialog,
  role: CatalogEntry["role"],
  known: () => readonly CatalogEntry[],
): HTMLElement {
  const own = drivers.filter(({ id }) => known().some((entry) => entry.id === id && entry.role === role));
  const names = own.length > 0 ? own.map(({ name }) => name) : drivers.map(({ name }) => name);
  const few = names.slice(0, 4).join(", ");
  const element = button(`${place}: ${few || "unknown"}${names.length > 4 ? ", …" : ""}`, () => {
    dialog.set("place", place);
    const current = String(dialog.values().driver);
    if (own.length === 0 || own.some(({ id }) => id === current)) return;
    dialog.set("driver", own[0]!.id);
    const input = dialog.field("driver").querySelector<HTMLElement>("input");
    input?.dispatchEvent(new Event("change"));
  });
  element.style.cssText = "max-width: 100%; height: auto; white-space: normal; text-align: left";
  return element;
}
