import type { Dialog } from "../../../kit/editor/client/form";
import type { CatalogEntry } from "../../../lib/sensing/listing";
import { pickDriver } from "../bus/driver-picker/editor";
import { loadCatalog } from "../bus/in-page/editor";
import { optionInputs } from "../bus/option-inputs/editor";
import { scanButton } from "../bus/scan-button/editor";

/** The list of parts with a search, inputs for the options of the chosen one, and who answers on the bus. */
export function prepare(dialog: Dialog): void {
  let known: readonly CatalogEntry[] = [];
  const showOptions = optionInputs(dialog);
  loadCatalog(
    (catalog) => {
      known = catalog;
    },
    () => {},
  );
  pickDriver(dialog, "sensor", showOptions);
  scanButton(dialog, "sensor", () => known);
}
