import type { FieldSpec } from "../fields";
import type { Family, NodeSchema } from "../node-schema";
import { literal, quoted } from "./literal";

/** Light enough for the editor's dark labels, different enough to tell the families apart. */
const COLORS: Readonly<Record<Family, string>> = {
  sensors: "#8FCBB9",
  protocols: "#92BCE6",
  process: "#BDB8EA",
  intelligence: "#DDB0DF",
  alerts: "#F2AE9B",
  devices: "#A9D39A",
  storage: "#E6C98C",
  domain: "#CFC7B2",
};

/**
 * The editor's registration of a node as literal JavaScript. The validators hand over to the shared validator of the
 * editor plugin, and declare (v, opt) so that Node-RED shows the reason they return.
 */
export function registration(schema: NodeSchema): string {
  const type = quoted(schema.type);
  const properties = [
    `category: ${quoted(schema.kind === "config" ? "config" : `gatewise ${schema.family}`)}`,
    ...(schema.kind === "node" ? [`color: ${quoted(COLORS[schema.family])}`] : []),
    `defaults: {\n    ${defaults(schema).join(",\n    ")}\n  }`,
    ...credentials(schema),
    ...(schema.kind === "node" ? nodeOnly(schema) : []),
    `label: function () { return this.name || ${quoted(schema.label)}; }`,
    "labelStyle: function () { return this.name ? 'node_label_italic' : ''; }",
    ...(linksToChoose(schema) ? [`onadd: function () { gatewise.added(this, ${type}); }`] : []),
    `oneditprepare: function () { gatewise.prepare(this, ${type}); }`,
    `oneditsave: function () { gatewise.save(this, ${type}); }`,
    `oneditcancel: function () { gatewise.close(this, ${type}); }`,
  ];
  return `RED.nodes.registerType(${type}, {\n  ${properties.join(",\n  ")}\n});`;
}

/** A new node takes the only config node there is, when it needs one. */
function linksToChoose(schema: NodeSchema): boolean {
  return (
    schema.kind === "node" && Object.values(schema.config).some((field) => field.kind === "link" && field.required)
  );
}

function nodeOnly(schema: NodeSchema): string[] {
  return [
    `inputs: ${schema.inputs}`,
    `outputs: ${schema.outputs.length}`,
    ...(schema.inputs === 1 ? [`inputLabels: ${literal(["readings or commands"])}`] : []),
    ...(schema.outputs.length > 0 ? [`outputLabels: ${literal(schema.outputs)}`] : []),
    `icon: ${quoted(schema.icon ?? "")}`,
    `paletteLabel: ${quoted(schema.label)}`,
  ];
}

function credentials(schema: NodeSchema): string[] {
  const entries = Object.entries(schema.credentials).map(
    ([name, spec]) => [name, { type: spec.shown ? "text" : "password" }] as const,
  );
  return entries.length > 0 ? [`credentials: ${literal(Object.fromEntries(entries))}`] : [];
}

function defaults(schema: NodeSchema): string[] {
  const fields = Object.entries(schema.config).map(
    ([name, field]) => `${name}: ${fieldDefault(schema.type, name, field)}`,
  );
  return ["name: { value: '' }", `version: { value: ${schema.version} }`, ...fields];
}

function fieldDefault(type: string, name: string, field: FieldSpec): string {
  const config = field.kind === "link" ? `, type: ${quoted(field.to ?? "")}, required: false` : "";
  const validate = `function (v, opt) { return gatewise.validate(this, ${quoted(type)}, ${quoted(name)}, v, opt); }`;
  return `{ value: ${literal(field.default)}${config}, validate: ${validate} }`;
}
