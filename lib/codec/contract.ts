import type { Reading } from "../reading";

/** The wire formats. `auto` chooses among the others, except JSONata, by content type and first bytes. */
export type CodecName = "auto" | SyncCodecName | "jsonata";
export type SyncCodecName = "json" | "senml-json" | "senml-cbor" | "msgpack" | "plain";

/** What is known about a message besides its bytes. */
export interface DecodeContext {
  /**
   * The device that the topic names, or "" when it names none. A payload may name its device only where the topic does
   * not, so that a device whose credentials open one topic cannot speak for another device.
   */
  readonly deviceId: string;
  readonly topic: string;
  /** Milliseconds since the Unix epoch; the timestamp of readings that carry none. */
  readonly receivedAt: number;
  /** The sensor that the topic names, for payloads that name none; without it "value". */
  readonly sensor?: string;
  /** The topic's other named parts: become metadata of every reading, the payload's own metadata wins. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The MQTT 5 content type or the HTTP header, when the sender gave one. */
  readonly contentType?: string;
}

/** A wire format that decodes at once: the hot path. */
export interface Codec {
  readonly name: string;
  readonly async: false;
  /**
   * All readings of one message.
   * @throws CodecError, and nothing else, when any part of the message is not as the format asks: a message counts whole or not at all
   */
  decode(bytes: Uint8Array, context: DecodeContext): Reading[];
  /** One message that carries the readings. @throws CodecError when the format cannot carry them */
  encode(readings: readonly Reading[]): Uint8Array;
}

/** A wire format whose decoding may wait: only custom JSONata, which evaluates asynchronously. */
export interface AsyncCodec {
  readonly name: string;
  readonly async: true;
  /** As `Codec.decode`; rejects with a CodecError. */
  decode(bytes: Uint8Array, context: DecodeContext): Promise<Reading[]>;
  /** As `Codec.encode`; rejects with a CodecError. */
  encode(readings: readonly Reading[]): Promise<Uint8Array>;
}

export interface CodecLimits {
  /** Largest message in bytes. */
  readonly maxBytes: number;
  /** Deepest nesting of objects and arrays. */
  readonly maxDepth: number;
  /** Most readings in one message. */
  readonly maxReadings: number;
}

export const DEFAULT_LIMITS: CodecLimits = { maxBytes: 1_048_576, maxDepth: 32, maxReadings: 10_000 };

export interface CodecOptions extends Partial<CodecLimits> {
  /** `plain`: the UCUM code of the numbers; "1" by default. */
  readonly unit?: string;
  /** `jsonata`: gives a reading, or an array of them, from {payload, topic, device, sensor, receivedAt}. */
  readonly expression?: string;
  /** `jsonata`: gives the payload from {readings}; without it the codec only decodes. */
  readonly encodeExpression?: string;
  /** `jsonata`: longest run of an expression in milliseconds; 250 by default. */
  readonly timeout?: number;
}

/** Why a message could not be decoded, or readings not be encoded. */
export class CodecError extends Error {
  override readonly name = "CodecError";
  constructor(
    readonly codec: string,
    /** What was wrong and what was expected. */
    readonly reason: string,
    /** Where: "sensors[2].value", "byte 17"; "" for the message as a whole. */
    readonly path = "",
  ) {
    super(path ? `${codec}: ${path}: ${reason}` : `${codec}: ${reason}`);
  }
}
