import { isUtf8 } from "node:buffer";
import { describe, isPrototypeKey } from "../reading";
import { type Codec, CodecError, type CodecLimits } from "./contract";
import { Nesting } from "./nesting";
import { SenmlReader } from "./senml";
import { type SenmlFields, senmlPack } from "./senml-pack";
import type { SenmlRecord } from "./senml-record";
import { checkSize } from "./text";

const NAME = "senml-cbor";

/** RFC 8428 table 4: the integers that stand for labels. Extension fields keep their text. */
const LABEL_OF_NUMBER: ReadonlyMap<unknown, string> = new Map([
  [-1, "bver"],
  [-2, "bn"],
  [-3, "bt"],
  [-4, "bu"],
  [-5, "bv"],
  [-6, "bs"],
  [0, "n"],
  [1, "u"],
  [2, "v"],
  [3, "vs"],
  [4, "vb"],
  [5, "s"],
  [6, "t"],
  [7, "ut"],
  [8, "vd"],
]);
const NUMBER_OF_LABEL: ReadonlyMap<string, number> = new Map(
  [...LABEL_OF_NUMBER].map(([number, label]) => [label, number as number]),
);

type Cborg = typeof import("cborg", { with: { "resolution-mode": "import" }});
type Token = InstanceType<Cborg["Token"]>;

/** SenML as CBOR, application/senml+cbor (RFC 8428 section 6). Loads cborg. */
export async function senmlCborCodec(limits: CodecLimits): Promise<Codec> {
  const cborg = await import("cborg");
  const reader = new SenmlReader(NAME, limits);
  return {
    name: NAME,
    async: false,
    decode: (bytes, context) => {
      checkSize(NAME, bytes, limits);
      return reader.read(recordsOf(decodeCbor(cborg, bytes, limits)), context);
    },
    encode: (readings) => cborg.encode(senmlPack(NAME, readings).map(withNumbers)),
  };
}

function decodeCbor(cborg: Cborg, bytes: Uint8Array, limits: CodecLimits): unknown {
  const options = { allowNaN: false, allowInfinity: false, allowUndefined: false, retainStringBytes: true };
  const tokenizer = new LimitedTokenizer(cborg, bytes, limits, options);
  try {
    return cborg.decode(bytes, { ...options, useMaps: true, rejectDuplicateMapKeys: true, tags: TAGS, tokenizer });
  } catch (error) {
    if (error instanceof CodecError) throw error;
    throw new CodecError(NAME, `expected CBOR: ${(error as Error).message}`, `byte ${tokenizer.pos()}`);
  }
}

/** Tags that a sender may use: 4 is a decimal fraction (RFC 8949 section 3.4.4), 55799 says "this is CBOR" (3.4.6). */
const TAGS = {
  4: (content: () => unknown): number => {
    const pair = content();
    const [exponent, mantissa]: unknown[] = Array.isArray(pair) ? pair : [];
    if (isInteger(exponent) && isInteger(mantissa)) return Number(`${mantissa}e${exponent}`);
    throw new Error("expected a decimal fraction of two integers");
  },
  55799: (content: () => unknown): unknown => content(),
};

function isInteger(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isInteger(value);
}

/** cborg's own tokens, with depth and text judged before anything is built from them. */
class LimitedTokenizer {
  readonly #tokens: { done(): boolean; next(): Token; pos(): number };
  readonly #nesting: Nesting;
  readonly #type: Cborg["Type"];
  /** Tags enclose one item each, but recursion pays for them like for an array. */
  #tags = 0;

  constructor(
    cborg: Cborg,
    bytes: Uint8Array,
    private readonly limits: CodecLimits,
    options: object,
  ) {
    this.#tokens = new cborg.Tokenizer(bytes, options);
    this.#nesting = new Nesting(NAME, limits);
    this.#type = cborg.Type;
  }

  done(): boolean {
    return this.#tokens.done();
  }

  pos(): number {
    return this.#tokens.pos();
  }

  next(): Token {
    const at = this.#tokens.pos();
    const token = this.#tokens.next();
    const type = this.#type;
    if (token.type === type.tag) {
      if (++this.#tags > this.limits.maxDepth) throw new CodecError(NAME, "expected fewer tags in a row", `byte ${at}`);
      return token;
    }
    this.#tags = 0;
    if (token.type === type.array) this.#nesting.begin(token.value, at);
    else if (token.type === type.map) this.#nesting.begin(2 * token.value, at);
    else if (token.type === type.break) this.#nesting.end();
    else this.#nesting.item();
    if (token.byteValue && token.type === type.string && !isUtf8(token.byteValue)) {
      throw new CodecError(NAME, "expected UTF-8 text, got bytes that are not valid UTF-8", `byte ${at}`);
    }
    return token;
  }
}

function recordsOf(pack: unknown): SenmlRecord[] {
  if (!Array.isArray(pack)) throw new CodecError(NAME, `expected an array of records, got ${describe(pack)}`);
  return pack.map((record: unknown, index) => {
    if (!(record instanceof Map))
      throw new CodecError(NAME, `expected a record, got ${describe(record)}`, `[${index}]`);
    const fields: Record<string, unknown> = Object.create(null);
    for (const [key, value] of record) fields[labelOf(key, index)] = fieldOf(value);
    return fields;
  });
}

function labelOf(key: unknown, index: number): string {
  const label = typeof key === "string" ? key : LABEL_OF_NUMBER.get(key);
  if (label !== undefined && !isPrototypeKey(label)) return label;
  if (label !== undefined) throw new CodecError(NAME, `the key "${label}" is reserved`, `[${index}]`);
  // Section 6: unknown integers are extensions that may be ignored, as only text can end in "_".
  if (isInteger(key)) return `label ${key}`;
  throw new CodecError(NAME, `expected an integer or text as label, got ${describe(key)}`, `[${index}]`);
}

/** A data value comes as bytes and is base64url text from here on, as JSON writes it (RFC 8428 section 5). */
function fieldOf(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64url") : value;
}

function withNumbers(fields: SenmlFields): Map<number | string, unknown> {
  return new Map(
    Object.entries(fields).map(([label, value]) => [
      NUMBER_OF_LABEL.get(label) ?? label,
      label === "vd" ? Buffer.from(value as string, "base64url") : value,
    ]),
  );
}
