import { isPrototypeKey } from "../reading";
import { CodecError, type CodecLimits } from "./contract";
import { checkSize, utf8Text } from "./text";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses a JSON message from outside. Size, UTF-8 and nesting are judged before it is parsed, and keys that reach a
 * prototype are refused at any depth.
 * @throws CodecError
 */
export function parseJson(codec: string, bytes: Uint8Array, limits: CodecLimits): unknown {
  checkSize(codec, bytes, limits);
  const text = utf8Text(codec, bytes);
  const escapes = checkNesting(codec, bytes, limits.maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodecError(codec, `expected JSON: ${(error as Error).message}`);
  }
  // A key can be spelled with escapes, so a text with any backslash is walked too.
  if (escapes || text.includes("proto") || text.includes("constructor")) refusePrototypeKeys(codec, value, "");
  return value;
}

/** Throws when brackets nest too deep; tells whether the text contains a backslash. */
function checkNesting(codec: string, bytes: Uint8Array, maxDepth: number): boolean {
  let openers = 0;
  let escapes = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    // "[" and "{" are the only bytes that give 0x5b when bit 5 is cleared.
    if ((byte & 0xdf) === 0x5b) openers++;
    else if (byte === BACKSLASH) escapes = true;
  }
  // Few brackets cannot nest deep, wherever they stand; only a text with many is read a second time, strings left out.
  if (openers > maxDepth) checkDepthOutsideStrings(codec, bytes, maxDepth);
  return escapes;
}

function checkDepthOutsideStrings(codec: string, bytes: Uint8Array, maxDepth: number): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if ((byte & 0xdf) === 0x5b) {
      if (++depth > maxDepth) throw tooDeep(codec, maxDepth, i);
    } else if ((byte & 0xdf) === 0x5d) {
      depth--;
    }
  }
}

export function tooDeep(codec: string, maxDepth: number, offset: number): CodecError {
  return new CodecError(codec, `expected at most ${maxDepth} levels of nesting`, `byte ${offset}`);
}

/** Walks a parsed value, whose depth is known to be bounded. @throws CodecError naming the key's path */
export function refusePrototypeKeys(codec: string, value: unknown, path: string): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refusePrototypeKeys(codec, item, `${path}[${index}]`);
    return;
  }
  for (const key of Object.keys(value)) {
    const at = path ? `${path}.${key}` : key;
    if (isPrototypeKey(key)) throw new CodecError(codec, `the key "${key}" is reserved`, at);
    refusePrototypeKeys(codec, (value as Record<string, unknown>)[key], at);
  }
}
