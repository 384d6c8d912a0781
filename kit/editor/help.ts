import type { FieldSpec, Fields } from "../fields";
import type { NodeSchema } from "../node-schema";

/** The help page of a node in Markdown: what it is for, what its author wrote, and what the schema knows. */
export function helpPage(schema: NodeSchema, written: string): string {
  const parts = [schema.summary, written.trim(), ports(schema), commands(schema), properties(schema)];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** The docs page: the help page under a title. */
export function docsPage(schema: NodeSchema, written: string): string {
  const where = schema.kind === "config" ? "Configuration node" : `Palette: gatewise ${schema.family}`;
  return `# ${schema.label}\n\n${where}, type \`${schema.type}\`, version ${schema.version}.\n\n${helpPage(schema, written)}`;
}

function ports(schema: NodeSchema): string {
  if (schema.outputs.length === 0) return "";
  return `### Outputs\n\n${schema.outputs.map((label, index) => `${index + 1}. ${label}`).join("\n")}`;
}

function commands(schema: NodeSchema): string {
  const entries = Object.entries(schema.commands);
  if (entries.length === 0) return "";
  return `### Commands\n\n${entries.map(([name, what]) => `- \`msg.command = "${name}"\`: ${what}`).join("\n")}`;
}

function properties(schema: NodeSchema): string {
  const lines = fieldLines(schema.config);
  for (const [, spec] of Object.entries(schema.credentials)) {
    lines.push(`- **${spec.label}** (credential)${spec.hint ? `: ${spec.hint}` : ""}`);
  }
  return lines.length === 0 ? "" : `### Properties\n\n${lines.join("\n")}`;
}

function fieldLines(fields: Fields, indent = ""): string[] {
  return Object.values(fields).flatMap((field) => [
    `${indent}- **${field.label}**${facts(field)}${field.hint ? `: ${field.hint}` : ""}`,
    ...(field.columns ? fieldLines(field.columns, `${indent}  `) : []),
  ]);
}

function facts(field: FieldSpec): string {
  const facts: string[] = [];
  if (field.unit) facts.push(field.unit);
  if (field.options) facts.push(Object.values(field.options).join(", "));
  if (field.min !== undefined || field.max !== undefined) facts.push(range(field));
  const plain = typeof field.default === "number" || (typeof field.default === "string" && field.default !== "");
  if (plain) facts.push(`default ${field.options?.[String(field.default)] ?? field.default}`);
  return facts.length === 0 ? "" : ` (${facts.join("; ")})`;
}

function range(field: FieldSpec): string {
  if (field.max === undefined) return `at least ${field.min}`;
  return field.min === undefined ? `at most ${field.max}` : `${field.min} to ${field.max}`;
}
