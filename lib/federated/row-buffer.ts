import { integerWithin } from "../numeric";
import { SavedState } from "../numeric/state";

/** Where a buffer keeps its rows over a restart; shaped as the store's series states are. */
export interface BlockStore {
  load(key: string): unknown;
  save(entries: Iterable<readonly [key: string, state: unknown]>): void;
}

/** Rows of a block. A block is written to the store once, when it is full: a memory card is not worn by every row. */
const BLOCK = 128;
const HEAD = "head";

/** The newest rows of a client, bounded, from which it trains. They never leave the gateway. */
export class RowBuffer {
  /** Full blocks, the oldest first. */
  #blocks: { readonly number: number; readonly values: Float64Array }[] = [];
  #open: Float64Array;
  #openRows = 0;
  #nextNumber = 0;
  readonly #mostBlocks: number;

  /**
   * @param columns values of a row
   * @param capacity rows kept, at least; a block of 128 more may be
   * @throws RangeError naming the option
   */
  constructor(
    private readonly columns: number,
    capacity: number,
    private readonly store?: BlockStore,
  ) {
    integerWithin("rows kept", capacity, 1, 10_000_000);
    this.#mostBlocks = Math.ceil(capacity / BLOCK);
    this.#open = new Float64Array(BLOCK * columns);
    this.#restore();
  }

  get size(): number {
    return this.#blocks.length * BLOCK + this.#openRows;
  }

  /** Takes finite values only; false when it did not. */
  add(row: Float64Array): boolean {
    if (row.length !== this.columns || !row.every(Number.isFinite)) return false;
    this.#open.set(row, this.#openRows * this.columns);
    this.#openRows += 1;
    if (this.#openRows === BLOCK) this.#closeBlock();
    return true;
  }

  /** A copy of all rows, the oldest first, one after the other. */
  rows(): Float64Array {
    const all = new Float64Array(this.size * this.columns);
    let at = 0;
    for (const { values } of this.#blocks) {
      all.set(values, at);
      at += values.length;
    }
    all.set(this.#open.subarray(0, this.#openRows * this.columns), at);
    return all;
  }

  clear(): void {
    const gone = this.#blocks.map(({ number }) => [keyOf(number), undefined] as const);
    this.#blocks = [];
    this.#openRows = 0;
    this.store?.save([...gone, [HEAD, this.#head()]]);
  }

  /** Saves the block that is not full yet: at the close of a node. */
  flush(): void {
    this.store?.save([[HEAD, this.#head()]]);
  }

  #closeBlock(): void {
    const number = this.#nextNumber++;
    const values = this.#open;
    this.#open = new Float64Array(BLOCK * this.columns);
    this.#openRows = 0;
    this.#blocks.push({ number, values });
    const gone = this.#blocks.splice(0, Math.max(0, this.#blocks.length - this.#mostBlocks));
    const removed = gone.map((block) => [keyOf(block.number), undefined] as const);
    this.store?.save([[keyOf(number), encoded(values)], ...removed, [HEAD, this.#head()]]);
  }

  #head(): unknown {
    const open = this.#open.slice(0, this.#openRows * this.columns);
    return { next: this.#nextNumber, blocks: this.#blocks.map(({ number }) => number), open: encoded(open) };
  }

  #restore(): void {
    const saved = this.store?.load(HEAD);
    if (saved === undefined || saved === null) return;
    const head = new SavedState(saved);
    this.#nextNumber = head.index("next", Number.MAX_SAFE_INTEGER);
    const open = decoded(head.any("open"), this.columns);
    this.#open.set(open.subarray(0, (BLOCK - 1) * this.columns));
    this.#openRows = Math.min(BLOCK - 1, open.length / this.columns);
    for (const number of head.numbers("blocks", Number.MAX_SAFE_INTEGER).slice(-this.#mostBlocks)) {
      const values = decoded(this.store?.load(keyOf(number)), this.columns);
      if (values.length === BLOCK * this.columns) this.#blocks.push({ number, values });
    }
  }
}

function keyOf(number: number): string {
  return `block/${number}`;
}

function encoded(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

/** Whole rows of finite values; none where the text is no such thing. */
function decoded(value: unknown, columns: number): Float64Array {
  const bytes = Buffer.from(typeof value === "string" ? value : "", "base64");
  const values = new Float64Array(Math.floor(bytes.length / 8));
  for (let i = 0; i < values.length; i++) values[i] = bytes.readDoubleLE(8 * i);
  return values.length % columns === 0 && values.every(Number.isFinite) ? values : new Float64Array(0);
}
