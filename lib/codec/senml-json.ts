import { describe } from "../reading";
import { type Codec, CodecError, type CodecLimits } from "./contract";
import { parseJson } from "./json-text";
import { SenmlReader } from "./senml";
import { senmlPack } from "./senml-pack";
import type { SenmlRecord } from "./senml-record";

const NAME = "senml-json";

/** SenML as JSON, application/senml+json (RFC 8428 section 5). */
export function senmlJsonCodec(limits: CodecLimits): Codec {
  const reader = new SenmlReader(NAME, limits);
  return {
    name: NAME,
    async: false,
    decode: (bytes, context) => reader.read(senmlRecords(NAME, parseJson(NAME, bytes, limits)), context),
    encode: (readings) => Buffer.from(JSON.stringify(senmlPack(NAME, readings))),
  };
}

/** A parsed pack as records. @throws CodecError */
export function senmlRecords(codec: string, pack: unknown): readonly SenmlRecord[] {
  if (!Array.isArray(pack)) throw new CodecError(codec, `expected an array of records, got ${describe(pack)}`);
  for (const [index, record] of (pack as readonly unknown[]).entries()) {
    if (typeof record === "object" && record !== null && !Array.isArray(record)) continue;
    throw new CodecError(codec, `expected a record, got ${describe(record)}`, `[${index}]`);
  }
  return pack;
}

const LABELS = ["n", "v", "vs", "vb", "vd", "s", "bn", "bt", "bu", "bv", "bs", "bver"];

/** True for an array whose first record has a label of RFC 8428; the native format has none of them. */
export function looksLikeSenml(pack: unknown): boolean {
  const first: unknown = Array.isArray(pack) ? pack[0] : undefined;
  return typeof first === "object" && first !== null && LABELS.some((label) => Object.hasOwn(first, label));
}
