import type { FieldSpec, Fields } from "../fields";
import type { NodeSchema } from "../node-schema";

/** The help page of a node in Markdown: what it is for, what its author wrote, and what the schema knows. */
export function helpPage(schema: NodeSchema, written: string): string {
  let page = `${schema.summary}\n\n${written.trim()}`;
  // What an author says of the outputs tells more than their labels.
  if (!hasSection(page, "Outputs")) page = withSection(page, "Outputs", outputs(schema));
  page = withSection(page, "Commands", commands(schema));
  page = withSection(page, "Properties", properties(schema));
  page = withSection(page, "Properties", kept(schema));
  return `${page.trim()}\n`;
}

function hasSection(page: string, title: string): boolean {
  return page.includes(`\n### ${title}\n`);
}

/** Adds a text to the section of this title, which is made at the end when there is none yet. */
function withSection(page: string, title: string, text: string): string {
  if (text === "") return page;
  if (!hasSection(page, title)) return `${page}\n\n### ${title}\n\n${text}`;
  const start = page.indexOf(`\n### ${title}\n`);
  const next = page.indexOf("\n### ", start + 1);
  const end = next < 0 ? page.length : next;
  return `${page.slice(0, end).trimEnd()}\n\n${text}\n${page.slice(end)}`;
}

/** The docs page: the help page under a title. */
export function docsPage(schema: NodeSchema, written: string): string {
  const where = schema.kind === "config" ? "Configuration node" : `Palette: gatewise ${schema.family}`;
  return `# ${schema.label}\n\n${where}, type \`${schema.type}\`, version ${schema.version}.\n\n${helpPage(schema, written)}`;
}

function outputs(schema: NodeSchema): string {
  return schema.outputs.map((label, index) => `${index + 1}. ${label}`).join("\n");
}

function commands(schema: NodeSchema): string {
  return Object.entries(schema.commands)
    .map(([name, what]) => `- \`msg.command = "${name}"\`: ${what}`)
    .join("\n");
}

function properties(schema: NodeSchema): string {
  const lines = fieldLines(schema.config);
  for (const [, spec] of Object.entries(schema.credentials)) {
    lines.push(`- **${spec.label}** (credential)${spec.hint ? `: ${spec.hint}` : ""}`);
  }
  return lines.join("\n");
}

/** Which options may be changed without losing what is in the store. */
function kept({ config, keepState }: NodeSchema): string {
  const labels = [...new Set(keepState.map((name) => config[name]?.label))].join(", ");
  return (
    labels && `What is saved in the store goes on after changes of: ${labels}. After other changes it starts afresh.`
  );
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
  const isShort = field.kind !== "code" && field.kind !== "multiline";
  const plain = typeof field.default === "number" || (typeof field.default === "string" && field.default !== "");
  if (plain && isShort) facts.push(`default ${field.options?.[String(field.default)] ?? field.default}`);
  return facts.length === 0 ? "" : ` (${facts.join("; ")})`;
}

function range(field: FieldSpec): string {
  if (field.max === undefined) return `at least ${field.min}`;
  return field.min === undefined ? `at most ${field.max}` : `${field.min} to ${field.max}`;
}
