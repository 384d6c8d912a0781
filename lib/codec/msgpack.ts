import type { Codec, CodecLimits } from "./contract";
import { refusePrototypeKeys } from "./json-text";
import { ModelReader } from "./model";
import { scanMsgpack } from "./msgpack-scan";
import { checkSize } from "./text";
import { toModel } from "./to-model";

const NAME = "msgpack";

/** The object model of `ModelReader` as MessagePack. Loads @msgpack/msgpack. */
export async function msgpackCodec(limits: CodecLimits): Promise<Codec> {
  const { Decoder, Encoder } = await import("@msgpack/msgpack");
  const decoder = new Decoder();
  const encoder = new Encoder({ ignoreUndefined: true, maxDepth: limits.maxDepth });
  const model = new ModelReader(NAME, limits);
  return {
    name: NAME,
    async: false,
    decode: (bytes, context) => {
      checkSize(NAME, bytes, limits);
      const suspect = scanMsgpack(NAME, bytes, limits);
      const message = decoder.decode(bytes);
      if (suspect) refusePrototypeKeys(NAME, message, "");
      return model.read(message, context);
    },
    encode: (readings) => encoder.encode(toModel(NAME, readings)),
  };
}
