import { isUtf8 } from "node:buffer";
import { CodecError, type CodecLimits } from "./contract";
import { Nesting } from "./nesting";

/** Bytes after the head of the items 0xc0 to 0xdf whose size the head alone tells; ext types count their type byte. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [0xc0, 0], // nil
  [0xc2, 0], // false
  [0xc3, 0], // true
  [0xca, 4], // float 32
  [0xcb, 8], // float 64
  [0xcc, 1], // uint 8 to 64
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1], // int 8 to 64
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
  [0xd4, 2], // fixext 1 to 16
  [0xd5, 3],
  [0xd6, 5],
  [0xd7, 9],
  [0xd8, 17],
]);

type Kind = "text" | "binary" | "array" | "map";

/** Kind, bytes that hold the length, and bytes besides the content (the type of an ext). */
const SIZED: ReadonlyMap<number, readonly [Kind, number, number]> = new Map([
  [0xc4, ["binary", 1, 0]],
  [0xc5, ["binary", 2, 0]],
  [0xc6, ["binary", 4, 0]],
  [0xc7, ["binary", 1, 1]],
  [0xc8, ["binary", 2, 1]],
  [0xc9, ["binary", 4, 1]],
  [0xd9, ["text", 1, 0]],
  [0xda, ["text", 2, 0]],
  [0xdb, ["text", 4, 0]],
  [0xdc, ["array", 2, 0]],
  [0xdd, ["array", 4, 0]],
  [0xde, ["map", 2, 0]],
  [0xdf, ["map", 4, 0]],
]);

/**
 * Reads over one MessagePack item without building anything, so that depth, lengths and text are known to be sound before
 * memory is spent on it (a five-byte array header can claim four thousand million entries).
 * Heads as in the MessagePack specification, "Formats".
 * @returns whether some text is as long as a key that reaches a prototype, so that the keys are worth a look
 * @throws CodecError naming the byte
 */
export function scanMsgpack(codec: string, bytes: Uint8Array, limits: CodecLimits): boolean {
  return new Scan(codec, bytes, limits).run();
}

/** Lengths of "__proto__" and "prototype", and of "constructor". */
const SUSPECT_LENGTHS: readonly number[] = [9, 11];

class Scan {
  readonly #nesting: Nesting;
  #at = 0;
  #suspect = false;

  constructor(
    private readonly codec: string,
    private readonly bytes: Uint8Array,
    limits: CodecLimits,
  ) {
    this.#nesting = new Nesting(codec, limits);
  }

  run(): boolean {
    while (!this.#nesting.complete) this.#readItem();
    const rest = this.bytes.length - this.#at;
    if (rest > 0) throw this.#error(`expected one item, got ${rest} bytes after it`);
    return this.#suspect;
  }

  #readItem(): void {
    this.#need(1);
    const head = this.bytes[this.#at++]!;
    if (head <= 0x7f || head >= 0xe0) this.#nesting.item();
    else if (head <= 0x8f) this.#container(2 * (head & 0x0f));
    else if (head <= 0x9f) this.#container(head & 0x0f);
    else if (head <= 0xbf) this.#text(head & 0x1f);
    else this.#readLargeItem(head);
  }

  #readLargeItem(head: number): void {
    const size = FIXED.get(head);
    const [kind, lengthBytes, extra] = SIZED.get(head) ?? [];
    const length = lengthBytes === undefined ? 0 : this.#readLength(lengthBytes);
    if (size !== undefined) this.#skip(size);
    else if (kind === "text") this.#text(length);
    else if (kind === "binary") this.#skip(length + extra!);
    else if (kind) this.#container(kind === "map" ? 2 * length : length);
    else throw this.#error("0xc1 begins no item", this.#at - 1);
  }

  #readLength(size: number): number {
    this.#need(size);
    let length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + this.bytes[this.#at++]!;
    return length;
  }

  #container(items: number): void {
    // An item has at least one byte, so that a length beyond the message's end is known at once.
    this.#need(items);
    this.#nesting.begin(items, this.#at - 1);
  }

  #text(length: number): void {
    this.#need(length);
    if (SUSPECT_LENGTHS.includes(length)) this.#suspect = true;
    const end = this.#at + length;
    if (!isAsciiRange(this.bytes, this.#at, end) && !isUtf8(this.bytes.subarray(this.#at, end))) {
      throw this.#error("expected UTF-8 text, got bytes that are not valid UTF-8");
    }
    this.#at = end;
    this.#nesting.item();
  }

  #skip(size: number): void {
    this.#need(size);
    this.#at += size;
    this.#nesting.item();
  }

  #need(size: number): void {
    if (this.#at + size > this.bytes.length) throw this.#error(`the message ends ${size} bytes too early`);
  }

  #error(reason: string, at = this.#at): CodecError {
    return new CodecError(this.codec, reason, `byte ${at}`);
  }
}

function isAsciiRange(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i]! > 0x7f) return false;
  return true;
}
