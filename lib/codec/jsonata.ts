import { checkReading, describe, ReadingError } from "../reading";
import { type AsyncCodec, CodecError, type CodecLimits, type CodecOptions, type DecodeContext } from "./contract";
import { parseJson } from "./json-text";
import { fromReadingError, merged } from "./model";
import { checkSize, utf8Text } from "./text";
import { wireTimestamp } from "./timestamp";

const NAME = "jsonata";
const DEFAULT_TIMEOUT = 250;
/** Deepest evaluation: an expression of a few dozen levels is legible, endless recursion is not. */
const MAX_STACK = 500;
/** Longest sequence an expression may build, so that a short one cannot fill the memory. */
const MAX_SEQUENCE = 100_000;

/**
 * A format of the user's own. The expression sees {payload, topic, device, sensor, receivedAt}, where payload is the parsed
 * JSON or else the text, and gives a reading {sensor, value, unit, timestamp, ...}, a plain value, or an array of these.
 * Run time, depth and size of an evaluation are bounded; expressions see their input and JSONata's functions, nothing else.
 * Loads jsonata.
 * @throws CodecError when an expression does not compile
 */
export async function jsonataCodec(limits: CodecLimits, options: CodecOptions): Promise<AsyncCodec> {
  const { default: jsonata } = await import("jsonata");
  const guards = { timeout: options.timeout ?? DEFAULT_TIMEOUT, stack: MAX_STACK, sequence: MAX_SEQUENCE };

  const compile = (source: string, name: string): ((input: unknown) => Promise<unknown>) => {
    try {
      const expression = jsonata(source, guards);
      return (input) => evaluate(expression, input);
    } catch (error) {
      throw new CodecError(NAME, jsonataReason(error), name);
    }
  };

  if (!options.expression?.trim()) throw new CodecError(NAME, "expected a JSONata expression, got none", "expression");
  const decodeExpression = compile(options.expression, "expression");
  const encodeExpression = options.encodeExpression?.trim()
    ? compile(options.encodeExpression, "encodeExpression")
    : undefined;

  return {
    name: NAME,
    async: true,
    decode: async (bytes, context) => {
      const { topic, deviceId: device, sensor, receivedAt } = context;
      const payload = payloadOf(bytes, limits);
      return readingsOf(await decodeExpression({ payload, topic, device, sensor, receivedAt }), context, limits);
    },
    encode: async (readings) => {
      if (!encodeExpression) throw new CodecError(NAME, "no expression to encode with was given", "encodeExpression");
      const result = await encodeExpression({ readings });
      if (result === undefined) throw new CodecError(NAME, "the expression gave nothing to send", "encodeExpression");
      return Buffer.from(typeof result === "string" ? result : JSON.stringify(result));
    },
  };
}

interface Expression {
  evaluate(input: unknown): Promise<unknown>;
}

async function evaluate(expression: Expression, input: unknown): Promise<unknown> {
  try {
    return await expression.evaluate(input);
  } catch (error) {
    throw new CodecError(NAME, jsonataReason(error));
  }
}

/** JSONata throws plain objects with code, message and position. */
function jsonataReason(error: unknown): string {
  const { message, code, position } = error as { message?: string; code?: string; position?: number };
  const where = position === undefined ? "" : ` (at character ${position})`;
  return `${message ?? code ?? "the expression failed"}${where}`;
}

function payloadOf(bytes: Uint8Array, limits: CodecLimits): unknown {
  checkSize(NAME, bytes, limits);
  const text = utf8Text(NAME, bytes).trimStart();
  // What cannot be JSON is text for the expression; what begins like it must be sound.
  return /^[[{"\d-]|^(?:true|false|null)\b/.test(text) ? jsonOrText(text, bytes, limits) : text;
}

function jsonOrText(text: string, bytes: Uint8Array, limits: CodecLimits): unknown {
  if (text.startsWith("{") || text.startsWith("[")) return parseJson(NAME, bytes, limits);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readingsOf(result: unknown, context: DecodeContext, limits: CodecLimits) {
  if (result === undefined || result === null) {
    throw new CodecError(NAME, "the expression gave no readings; give [] for a message without any");
  }
  const items: readonly unknown[] = Array.isArray(result) ? result : [result];
  if (items.length > limits.maxReadings) {
    throw new CodecError(NAME, `expected at most ${limits.maxReadings} readings in a message, got ${items.length}`);
  }
  return items.map((item, index) => {
    try {
      return readingOf(item, context);
    } catch (error) {
      throw error instanceof ReadingError ? fromReadingError(NAME, error, `result[${index}]`) : error;
    }
  });
}

function readingOf(item: unknown, context: DecodeContext) {
  const { deviceId, receivedAt, metadata } = context;
  const sensor = context.sensor ?? "value";
  if (typeof item !== "object" || item === null) {
    return checkReading({ deviceId, sensor, value: item, metadata }, receivedAt);
  }
  const raw = item as Record<string, unknown>;
  if (deviceId !== "" && raw.deviceId !== undefined && raw.deviceId !== deviceId) {
    throw new ReadingError(
      `expected "${deviceId}", the device of the topic, got ${describe(raw.deviceId)}`,
      "deviceId",
    );
  }
  const timestamp = raw.timestamp === undefined ? receivedAt : wireTimestamp(raw.timestamp);
  const reading = checkReading({ deviceId, sensor: raw.type ?? sensor, ...raw, timestamp }, receivedAt);
  const all = merged(metadata, reading.metadata);
  return all === reading.metadata ? reading : { ...reading, metadata: all };
}
