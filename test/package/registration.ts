import ts from "typescript";

/**
 * Reads the registrations of a node's HTML the way the Flow Library and the scorecard do: only inline scripts of type
 * text/javascript, only literals, no identifier, spread or quoted key in what they look at.
 */

export interface Registration {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** By property of `defaults`. */
  readonly defaults: Readonly<Record<string, DefaultEntry>>;
  readonly credentials: readonly string[];
}

interface DefaultEntry {
  readonly value: unknown;
  readonly type?: string;
  /** How many parameters its validator declares; undefined without one. */
  readonly validatorParameters?: number;
}

const LITERAL_PROPERTIES = ["category", "color", "icon", "inputs", "outputs", "paletteLabel"];

/** @throws Error that says what is no literal */
export function registrationsIn(html: string): Registration[] {
  const scripts = [...html.matchAll(/<script type="text\/javascript">([\s\S]*?)<\/script>/g)].map(
    (match) => match[1] ?? "",
  );
  return scripts.flatMap((script) => {
    const source = ts.createSourceFile("node.js", script, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
    const found: Registration[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.expression.getText() === "RED.nodes.registerType") found.push(read(node));
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

function read(call: ts.CallExpression): Registration {
  const [type, definition] = call.arguments;
  if (!type || !ts.isStringLiteral(type)) throw new Error("the type is no string literal");
  if (!definition || !ts.isObjectLiteralExpression(definition))
    throw new Error(`${type.text}: the definition is no object literal`);
  const members = membersOf(definition);
  const properties: Record<string, unknown> = {};
  for (const name of LITERAL_PROPERTIES) {
    const member = members.get(name);
    if (member) properties[name] = literalOf(member, `${type.text}.${name}`);
  }
  const defaults = members.get("defaults");
  if (!defaults || !ts.isObjectLiteralExpression(defaults))
    throw new Error(`${type.text}: defaults is no object literal`);
  const credentials = members.get("credentials");
  const credentialMembers =
    credentials && ts.isObjectLiteralExpression(credentials) ? membersOf(credentials) : new Map();
  return {
    type: type.text,
    properties,
    defaults: Object.fromEntries(
      [...membersOf(defaults)].map(([name, entry]) => [name, defaultOf(entry, `${type.text}.${name}`)]),
    ),
    credentials: [...credentialMembers.keys()],
  };
}

function defaultOf(node: ts.Expression, where: string): DefaultEntry {
  if (!ts.isObjectLiteralExpression(node)) throw new Error(`${where} is no object literal`);
  const members = membersOf(node);
  const value = members.get("value");
  if (!value) throw new Error(`${where} has no value`);
  const type = members.get("type");
  const validate = members.get("validate");
  return {
    value: literalOf(value, where),
    ...(type ? { type: String(literalOf(type, where)) } : {}),
    ...(validate && ts.isFunctionExpression(validate) ? { validatorParameters: validate.parameters.length } : {}),
  };
}

/** The properties of an object literal, none of them quoted, computed, short or spread. */
function membersOf(node: ts.ObjectLiteralExpression): Map<string, ts.Expression> {
  return new Map(
    node.properties.map((property) => {
      if (!ts.isPropertyAssignment(property))
        throw new Error(`${property.getText().slice(0, 60)} is no plain property`);
      if (!ts.isIdentifier(property.name)) throw new Error(`${property.name.getText()} is a quoted or computed key`);
      return [property.name.text, property.initializer] as const;
    }),
  );
}

function literalOf(node: ts.Expression, where: string): unknown {
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken)
    return -Number(literalOf(node.operand, where));
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (ts.isArrayLiteralExpression(node)) return node.elements.map((element) => literalOf(element, where));
  if (ts.isObjectLiteralExpression(node)) {
    return Object.fromEntries([...membersOf(node)].map(([name, member]) => [name, literalOf(member, where)]));
  }
  throw new Error(`${where}: ${node.getText().slice(0, 60)} is no literal`);
}
