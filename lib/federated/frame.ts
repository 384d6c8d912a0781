import { crc32 } from "node:zlib";
import { FrameError } from "./frame-error";
import { vectorBytes, vectorOf } from "./vector";

export { FrameError } from "./frame-error";

/** What a message is about. */
export type FrameKind = "announcement" | "update";

export interface Frame {
  readonly kind: FrameKind;
  /** Whatever JSON the sender wrote: to be checked field by field. */
  readonly header: unknown;
  /** Finite numbers only. */
  readonly vector: Float32Array;
}

const MAGIC = 0x4c_46_57_47; // "GWFL" as it lies in the message
const VERSION = 1;
const KINDS: readonly FrameKind[] = ["announcement", "update"];
const HEAD_BYTES = 12;
const CRC_BYTES = 4;
const MAX_HEADER_BYTES = 0xff_ff;

/**
 * A header and a vector as one MQTT payload, little endian:
 * `"GWFL" | version u8 | kind u8 | header bytes u16 | vector length u32 | header, JSON in UTF-8 | vector, float32 | CRC-32`.
 * The CRC covers all before it (ISO-HDLC, as in gzip). MQTT's transport already finds flipped bits; this finds what
 * gateways and bridges cut off or recode.
 * @throws FrameError when the header is over 64 KiB
 */
export function encodeFrame(kind: FrameKind, header: object, vector: Float32Array): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  if (text.length > MAX_HEADER_BYTES) throw new FrameError(`header: at most ${MAX_HEADER_BYTES} bytes fit`);
  const bytes = Buffer.alloc(HEAD_BYTES + text.length + 4 * vector.length + CRC_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes[4] = VERSION;
  bytes[5] = KINDS.indexOf(kind);
  bytes.writeUInt16LE(text.length, 6);
  bytes.writeUInt32LE(vector.length, 8);
  text.copy(bytes, HEAD_BYTES);
  vectorBytes(vector).copy(bytes, HEAD_BYTES + text.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -CRC_BYTES)), bytes.length - CRC_BYTES);
  return bytes;
}

/**
 * Reads a payload that anybody may have sent. Nothing is allocated before the lengths have been checked against what came.
 * @param maxBytes longer ones are refused unread
 * @throws FrameError
 */
export function decodeFrame(bytes: Uint8Array, maxBytes: number): Frame {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length > maxBytes) throw new FrameError(`${buffer.length} bytes: at most ${maxBytes} are taken`);
  if (buffer.length < HEAD_BYTES + CRC_BYTES || buffer.readUInt32LE(0) !== MAGIC) {
    throw new FrameError("not a message of a federation: it does not begin with GWFL");
  }
  if (buffer[4] !== VERSION) throw new FrameError(`version ${buffer[4]}: expected ${VERSION}`);
  const kind = KINDS[buffer[5] as number];
  if (kind === undefined) throw new FrameError(`kind ${buffer[5]}: expected 0 or 1`);
  const headerLength = buffer.readUInt16LE(6);
  const vectorLength = buffer.readUInt32LE(8);
  const expected = HEAD_BYTES + headerLength + 4 * vectorLength + CRC_BYTES;
  if (buffer.length !== expected) {
    throw new FrameError(`cut off or padded: ${buffer.length} bytes came, its head says ${expected}`);
  }
  if (buffer.readUInt32LE(expected - CRC_BYTES) !== crc32(buffer.subarray(0, -CRC_BYTES))) {
    throw new FrameError("damaged: the checksum does not fit");
  }
  const vectorAt = HEAD_BYTES + headerLength;
  return {
    kind,
    header: headerOf(buffer.subarray(HEAD_BYTES, vectorAt)),
    vector: vectorOf(buffer.subarray(vectorAt, vectorAt + 4 * vectorLength)),
  };
}

function headerOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new FrameError("header: expected JSON");
  }
}
