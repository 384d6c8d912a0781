import type { Dialog } from "../../../../kit/editor/client/form";
import { request } from "../../../../kit/editor/client/page";
import type { CatalogEntry } from "../../../../lib/sensing/listing";

/** What the editor's page does for the dialogs of everything on a bus. */

let catalog: readonly CatalogEntry[] | undefined;

/** The list of drivers, which does not change while the page is open. */
export function loadCatalog(
  onCatalog: (entries: readonly CatalogEntry[]) => void,
  onProblem: (problem: string) => void,
): void {
  if (catalog) {
    onCatalog(catalog);
    return;
  }
  request<readonly CatalogEntry[]>(
    "GET",
    "gatewise/bus/drivers",
    (entries) => {
      catalog = entries;
      onCatalog(entries);
    },
    onProblem,
  );
}

const LABELS = { i2c: "I2C", spi: "SPI", serial: "a serial line", oneWire: "1-Wire", gpio: "GPIO" } as const;

export interface Busses {
  readonly id: string;
  readonly kind: CatalogEntry["bus"];
  readonly label: string;
}

/** The bus that the dialog's link names, if one is chosen. */
export function busOf(dialog: Dialog): Busses | undefined {
  const id = String(dialog.values().bus ?? "");
  const node = RED.nodes.node(id) as { readonly kind?: unknown } | null | undefined;
  const kind = node?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(LABELS, kind)) return undefined;
  return { id, kind: kind as CatalogEntry["bus"], label: LABELS[kind as CatalogEntry["bus"]] };
}
