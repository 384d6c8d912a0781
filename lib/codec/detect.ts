import type { Codec, CodecLimits, DecodeContext, SyncCodecName } from "./contract";
import { parseJson } from "./json-text";
import { ModelReader } from "./model";
import { jsonCodec } from "./native-json";
import { SenmlReader } from "./senml";
import { looksLikeSenml, senmlRecords } from "./senml-json";

/** Media types that name a format; parameters such as charset are not looked at. */
const BY_CONTENT_TYPE: ReadonlyMap<string, SyncCodecName> = new Map([
  ["application/senml+json", "senml-json"],
  ["application/senml+cbor", "senml-cbor"],
  ["application/cbor", "senml-cbor"],
  ["application/msgpack", "msgpack"],
  ["application/x-msgpack", "msgpack"],
  ["application/vnd.msgpack", "msgpack"],
  ["text/plain", "plain"],
]);

/** The formats whose messages begin like this one's: JSON is both native and SenML, and is told apart once parsed. */
export type Detected = "json" | Exclude<SyncCodecName, "senml-json">;

const BRACE = 0x7b;
const BRACKET = 0x5b;
const QUOTE = 0x22;

/** Judges by the first bytes. Text that is not JSON, and anything unknown, is given to `plain` or `json`, whose errors are clear. */
export function detectFormat(bytes: Uint8Array): Detected {
  const start = firstByteOfText(bytes);
  const first = bytes[start];
  if (first === undefined || first === BRACE || first === BRACKET || first === QUOTE) return "json";
  if (first < 0x80) return "plain";
  return looksLikeSenmlCbor(bytes) ? "senml-cbor" : isMsgpackContainer(first) ? "msgpack" : "json";
}

/** Skips white space and a UTF-8 byte order mark. */
function firstByteOfText(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d)) at++;
  return at;
}

function isMsgpackContainer(head: number): boolean {
  return head <= 0x9f || (head >= 0xdc && head <= 0xdf);
}

/**
 * SenML in CBOR is an array of maps whose first key is one of the integer labels. MessagePack uses the same bytes for its
 * small maps and arrays, but there the first key is text, and what stands in the label's place is a letter.
 */
function looksLikeSenmlCbor(bytes: Uint8Array): boolean {
  // d9 d9f7 is the tag that says "this is CBOR" (RFC 8949 section 3.4.6).
  if (bytes[0] === 0xd9 && bytes[1] === 0xd9 && bytes[2] === 0xf7) return true;
  const map = cborHeadLength(bytes[0], 0x80);
  if (map === 0) return false;
  const key = cborHeadLength(bytes[map], 0xa0);
  const label = bytes[map + key];
  return key > 0 && label !== undefined && (label <= 0x17 || (label >= 0x20 && label <= 0x37));
}

/** Bytes of the head of an array (0x80) or map (0xa0), or 0 when the byte begins something else. */
function cborHeadLength(head: number | undefined, major: number): number {
  if (head === undefined || (head & 0xe0) !== major) return 0;
  const minor = head & 0x1f;
  if (minor <= 0x17 || minor === 0x1f) return 1;
  return minor <= 0x1b ? 1 + 2 ** (minor - 0x18) : 0;
}

/** Decodes by content type, else by the first bytes; encodes the native JSON. */
export function autoCodec(limits: CodecLimits, codecs: ReadonlyMap<SyncCodecName, Codec>): Codec {
  const json = jsonCodec(limits);
  const model = new ModelReader("json", limits);
  const senml = new SenmlReader("senml-json", limits);
  const decodeJson = (bytes: Uint8Array, context: DecodeContext) => {
    const message = parseJson("json", bytes, limits);
    if (!looksLikeSenml(message)) return model.read(message, context);
    return senml.read(senmlRecords("senml-json", message), context);
  };
  return {
    name: "auto",
    async: false,
    decode: (bytes, context) => {
      const named = context.contentType === undefined ? undefined : byContentType(context.contentType);
      const format = named ?? detectFormat(bytes);
      return format === "json" ? decodeJson(bytes, context) : codecs.get(format)!.decode(bytes, context);
    },
    encode: json.encode,
  };
}

function byContentType(contentType: string): SyncCodecName | undefined {
  const end = contentType.indexOf(";");
  return BY_CONTENT_TYPE.get((end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase());
}
