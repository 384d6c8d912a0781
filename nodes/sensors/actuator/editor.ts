import type { Dialog } from "../../../kit/editor/client/form";
import { partDialog } from "../bus/part-dialog/editor";

export const prepare = (dialog: Dialog): void => partDialog(dialog, "actuator");
