import {
  type AsyncCodec,
  type Codec,
  CodecError,
  type CodecLimits,
  type CodecName,
  type CodecOptions,
  DEFAULT_LIMITS,
  type SyncCodecName,
} from "./contract";
import { autoCodec } from "./detect";
import { jsonataCodec } from "./jsonata";
import { msgpackCodec } from "./msgpack";
import { jsonCodec } from "./native-json";
import { plainCodec } from "./plain";
import { senmlCborCodec } from "./senml-cbor";
import { senmlJsonCodec } from "./senml-json";

export * from "./contract";
export { toWireTimestamp, wireTimestamp } from "./timestamp";

type Loader = (limits: CodecLimits, options: CodecOptions) => Codec | Promise<Codec>;

/** Every format that decodes at once. To add one is to add a row. */
const LOADERS: ReadonlyMap<SyncCodecName, Loader> = new Map<SyncCodecName, Loader>([
  ["json", jsonCodec],
  ["senml-json", senmlJsonCodec],
  ["senml-cbor", senmlCborCodec],
  ["msgpack", msgpackCodec],
  ["plain", (limits, { unit }) => plainCodec(limits, unit)],
]);

/**
 * Makes a codec; libraries that it needs are loaded here and not before. What it makes throws CodecError and nothing else.
 * @throws CodecError for an unknown name or an expression that does not compile
 */
export async function loadCodec(name: "jsonata", options?: CodecOptions): Promise<AsyncCodec>;
export async function loadCodec(name: Exclude<CodecName, "jsonata">, options?: CodecOptions): Promise<Codec>;
export async function loadCodec(name: CodecName, options?: CodecOptions): Promise<Codec | AsyncCodec>;
export async function loadCodec(name: CodecName, options: CodecOptions = {}): Promise<Codec | AsyncCodec> {
  const limits = limitsOf(options);
  if (name === "jsonata") return jsonataCodec(limits, options);
  if (name === "auto") return onlyCodecErrors(autoCodec(limits, await loadAll(limits, options)));
  const load = LOADERS.get(name);
  if (!load) throw new CodecError(String(name), `expected one of auto, ${[...LOADERS.keys()].join(", ")}, jsonata`);
  return onlyCodecErrors(await load(limits, options));
}

async function loadAll(limits: CodecLimits, options: CodecOptions): Promise<Map<SyncCodecName, Codec>> {
  const codecs = new Map<SyncCodecName, Codec>();
  for (const [name, load] of LOADERS) codecs.set(name, await load(limits, options));
  return codecs;
}

function limitsOf({ maxBytes, maxDepth, maxReadings }: CodecOptions): CodecLimits {
  return {
    maxBytes: maxBytes ?? DEFAULT_LIMITS.maxBytes,
    maxDepth: maxDepth ?? DEFAULT_LIMITS.maxDepth,
    maxReadings: maxReadings ?? DEFAULT_LIMITS.maxReadings,
  };
}

/** The last line of defence: what a library throws on bytes nobody thought of still names the codec. */
function onlyCodecErrors(codec: Codec): Codec {
  const rethrow = (error: unknown): never => {
    if (error instanceof CodecError) throw error;
    throw new CodecError(codec.name, error instanceof Error ? error.message : String(error));
  };
  return {
    name: codec.name,
    async: false,
    decode: (bytes, context) => {
      try {
        return codec.decode(bytes, context);
      } catch (error) {
        return rethrow(error);
      }
    },
    encode: (readings) => {
      try {
        return codec.encode(readings);
      } catch (error) {
        return rethrow(error);
      }
    },
  };
}
