import type { Dialog } from "../../../kit/editor/client/form";
import { parseConfig } from "../../../kit/validate";
import { previewOf } from "./preview";
import { parsedRules } from "./rules-of";
import { schema } from "./schema";

/** Says under the rule's kind what the rule would say, or why it cannot be used, as the user types. */
export function prepare(dialog: Dialog): void {
  const line = document.createElement("p");
  line.setAttribute("aria-live", "polite");
  dialog.field("mode").append(line);
  const refresh = (): void => {
    const { text, isProblem } = judge(dialog.values(), String(dialog.node.name || "Alert rule"));
    line.textContent = text;
    line.className = isProblem ? "gw-problem" : "gw-hint";
  };
  for (const event of ["input", "change", "click"]) {
    // Rows come and go by clicks: the table is as it will be when the click has been dealt with.
    dialog.root.addEventListener(event, () => setTimeout(refresh));
  }
  refresh();
}

function judge(raw: Record<string, unknown>, name: string): { text: string; isProblem: boolean } {
  const { values, problems } = parseConfig(schema.config, raw);
  // What is wrong with a single field stands under it.
  if (problems.length > 0) return { text: "", isProblem: false };
  try {
    const rules = parsedRules(values as Parameters<typeof parsedRules>[0], "rule", name);
    const [first] = rules;
    if (!first) return { text: "", isProblem: false };
    const more = rules.length > 1 ? ` (and ${rules.length - 1} more)` : "";
    const { compiled, rule } = first;
    return { text: `Says: ${previewOf(compiled, rule.devices ?? [], rule.sensors ?? [])}${more}`, isProblem: false };
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error), isProblem: true };
  }
}
