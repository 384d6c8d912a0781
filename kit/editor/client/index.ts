import type { NodeSchema } from "../../node-schema";
import { applies, problemWith } from "../../validate";
import { type Dialog, Form } from "./form";
import type { EditedNode } from "./red-editor";
import css from "./style.css";

/** What a node's HTML calls; one object for all nodes, brought by the editor plugin before any of them. */
interface GatewiseEditor {
  define(schema: NodeSchema, extra?: { prepare?(dialog: Dialog): void }): void;
  validate(node: EditedNode, type: string, field: string, value: unknown, opt: unknown): true | string;
  added(node: EditedNode, type: string): void;
  prepare(node: EditedNode, type: string): void;
  save(node: EditedNode, type: string): void;
  close(node: EditedNode, type: string): void;
}

interface Defined {
  readonly schema: NodeSchema;
  prepare?(dialog: Dialog): void;
}

const defined = new Map<string, Defined>();
const open = new Map<string, Form>();

const editor: GatewiseEditor = {
  define(schema, extra = {}) {
    defined.set(schema.type, { schema, ...extra });
  },

  validate(node, type, name, value, _opt) {
    const schema = defined.get(type)?.schema;
    const field = schema?.config[name];
    if (!schema || !field || !applies(schema.config, name, node)) return true;
    // A flow that was written before the field existed, or by hand, has no value: that is none.
    const chosen = value === "_ADD_" ? "" : (value ?? field.default);
    const problem = problemWith(field, chosen);
    if (problem !== undefined) return `${field.label}: ${problem}`;
    if (field.kind === "link" && chosen !== "" && !RED.nodes.node(String(chosen))) {
      return `${field.label}: the chosen node does not exist`;
    }
    return true;
  },

  added(node, type) {
    for (const [name, field] of Object.entries(defined.get(type)?.schema.config ?? {})) {
      if (field.kind !== "link" || !field.required) continue;
      const candidates: string[] = [];
      RED.nodes.eachConfig((config) => {
        if (config.type === field.to && (!config.z || config.z === node.z)) candidates.push(config.id);
      });
      if (candidates.length === 1) node[name] = candidates[0];
    }
  },

  prepare(node, type) {
    const known = defined.get(type);
    const dialogs = document.querySelectorAll<HTMLElement>(`.gw-dialog[data-gw-type="${type}"]`);
    const root = dialogs[dialogs.length - 1];
    if (!known || !root) return;
    const form = new Form(node, root, known.schema);
    open.set(node.id, form);
    known.prepare?.(form);
  },

  save(node) {
    open.get(node.id)?.save();
    open.delete(node.id);
  },

  close(node) {
    open.delete(node.id);
  },
};

const style = document.createElement("style");
style.textContent = css;
document.head.append(style);
Object.assign(window, { gatewise: editor });
