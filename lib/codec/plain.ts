import { checkReading, describe, ReadingError } from "../reading";
import { type Codec, CodecError, type CodecLimits } from "./contract";
import { fromReadingError } from "./model";
import { checkSize, utf8Text } from "./text";
import { checkFinite } from "./to-model";

const NAME = "plain";
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** No finite double needs more characters than this, so that a longer text is not worth matching. */
const LONGEST = 400;

/**
 * One value as text: a decimal number, or true or false. Device and sensor come from the topic, the time from the
 * message's arrival. Encodes exactly one reading, and of it only the value.
 */
export function plainCodec(limits: CodecLimits, unit = "1"): Codec {
  return {
    name: NAME,
    async: false,
    decode: (bytes, { deviceId, sensor = "value", receivedAt, metadata }) => {
      checkSize(NAME, bytes, limits);
      const value = parseValue(utf8Text(NAME, bytes).trim());
      try {
        return [checkReading({ deviceId, sensor, value, unit, metadata }, receivedAt)];
      } catch (error) {
        throw error instanceof ReadingError ? fromReadingError(NAME, error, "") : error;
      }
    },
    encode: (readings) => {
      const [reading] = readings;
      if (readings.length !== 1 || !reading) {
        throw new CodecError(NAME, `carries one reading a message, got ${readings.length}`);
      }
      checkFinite(NAME, reading);
      if (typeof reading.value === "string" || reading.value === null) {
        throw new CodecError(NAME, `carries a number, true or false, got ${describe(reading.value)}`, "value");
      }
      return Buffer.from(String(reading.value));
    },
  };
}

function parseValue(text: string): number | boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  const value = text.length <= LONGEST && NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new CodecError(NAME, `expected a number, true or false, got ${describe(text)}`);
}
