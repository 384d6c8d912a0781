import { describe } from "../reading";
import { type Codec, CodecError, type CodecLimits } from "./contract";
import { parseJson } from "./json-text";
import { readingsOfSenml, type SenmlRecord } from "./senml";
import { senmlPack } from "./senml-pack";

const NAME = "senml-json";

/** SenML as JSON, application/senml+json (RFC 8428 section 5). */
export function senmlJsonCodec(limits: CodecLimits): Codec {
  return {
    name: NAME,
    async: false,
    decode: (bytes, context) =>
      readingsOfSenml(NAME, senmlRecords(NAME, parseJson(NAME, bytes, limits)), context, limits),
    encode: (readings) => Buffer.from(JSON.stringify(senmlPack(NAME, readings))),
  };
}

/** A parsed pack as records. @throws CodecError */
export function senmlRecords(codec: string, pack: unknown): SenmlRecord[] {
  if (!Array.isArray(pack)) throw new CodecError(codec, `expected an array of records, got ${describe(pack)}`);
  return pack.map((record: unknown, index) => {
    if (typeof record === "object" && record !== null && !Array.isArray(record)) return new Map(Object.entries(record));
    throw new CodecError(codec, `expected a record, got ${describe(record)}`, `[${index}]`);
  });
}

const LABELS = ["n", "v", "vs", "vb", "vd", "s", "bn", "bt", "bu", "bv", "bs", "bver"];

/** True for an array whose first record has a label of RFC 8428; the native format has none of them. */
export function looksLikeSenml(pack: unknown): boolean {
  const first: unknown = Array.isArray(pack) ? pack[0] : undefined;
  return typeof first === "object" && first !== null && LABELS.some((label) => Object.hasOwn(first, label));
}
