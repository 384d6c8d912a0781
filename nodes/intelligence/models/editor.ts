import type { Dialog } from "../../../kit/editor/client/form";
import { importForm } from "./import-form/editor";
import { modelList } from "./list/editor";

/** Below the folder: the models that are in it, and a form that imports another. */
export function prepare(dialog: Dialog): void {
  const list = modelList(dialog.node.id);
  const form = importForm(dialog.node.id, list.refresh);
  const panel = document.createElement("div");
  panel.className = "gw-field gw-wide";
  panel.append(list.element, form);
  dialog.field("folder").after(panel);
  list.refresh();
}
