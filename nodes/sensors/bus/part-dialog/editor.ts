import type { Dialog } from "../../../../kit/editor/client/form";
import type { CatalogEntry } from "../../../../lib/sensing/listing";
import { pickDriver } from "../driver-picker/editor";
import { loadCatalog } from "../in-page/editor";
import { optionInputs } from "../option-inputs/editor";
import { scanButton } from "../scan-button/editor";

/** The list of parts with a search, inputs for the options of the chosen one, and who answers on the bus. */
export function partDialog(dialog: Dialog, role: "sensor" | "actuator"): void {
  let known: readonly CatalogEntry[] = [];
  const showOptions = optionInputs(dialog);
  loadCatalog(
    (catalog) => {
      known = catalog;
    },
    () => {},
  );
  pickDriver(dialog, role, showOptions);
  scanButton(dialog, role, () => known);
}
