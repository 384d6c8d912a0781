import type { Codec, CodecLimits } from "./contract";
import { parseJson } from "./json-text";
import { ModelReader } from "./model";
import { toModel } from "./to-model";

const NAME = "json";

/** The native format: the object model of `ModelReader` as JSON. */
export function jsonCodec(limits: CodecLimits): Codec {
  const model = new ModelReader(NAME, limits);
  return {
    name: NAME,
    async: false,
    decode: (bytes, context) => model.read(parseJson(NAME, bytes, limits), context),
    encode: (readings) => Buffer.from(JSON.stringify(toModel(NAME, readings))),
  };
}
