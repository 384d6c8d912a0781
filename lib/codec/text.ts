import { isUtf8 } from "node:buffer";
import { CodecError, type CodecLimits } from "./contract";

const BOM = 0xfeff;

/** A Buffer over the same memory, because Buffer's own decoding beats TextDecoder on messages of this size. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws CodecError for an empty message and one over the limit; the first thing every codec does */
export function checkSize(codec: string, bytes: Uint8Array, limits: CodecLimits): void {
  if (bytes.length === 0) throw new CodecError(codec, "expected a message, got no bytes");
  if (bytes.length > limits.maxBytes) {
    throw new CodecError(codec, `expected at most ${limits.maxBytes} bytes, got ${bytes.length}`);
  }
}

/** The message as text, without a byte order mark. @throws CodecError when it is not UTF-8 */
export function utf8Text(codec: string, bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new CodecError(codec, "expected UTF-8 text, got bytes that are not valid UTF-8");
  const text = asBuffer(bytes).toString("utf8");
  return text.charCodeAt(0) === BOM ? text.slice(1) : text;
}
