/**
 * The one operation that training a network spends its time in, the product of two matrices, as a WebAssembly module of SIMD
 * instructions that is assembled here: several times as fast as JavaScript's doubles, and the same to the last bit on every machine.
 * Opcodes are those of the WebAssembly core specification 2.0, section 5.4.
 */

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

type Code = readonly number[];

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number): Code => [0x21, ...unsigned(local)];
/** Positive ones below 64 only: their signed and unsigned forms are the same byte. */
const i32 = (value: number): Code => [0x41, value];
const ADD: Code = [0x6a];
const MULTIPLY: Code = [0x6c];
const SHIFT_LEFT: Code = [0x74];
const GREATER: Code = [0x4b];
const SUBTRACT: Code = [0x6b];
const MEMORY = (align: number, offset: number): number[] => [align, ...unsigned(offset)];
const loop = (...body: Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0b];
const block = (...body: Code[]): Code => [0x02, 0x40, ...body.flat(), 0x0b];
const breakIf = (depth: number): Code => [0x0d, depth];
const again: Code = [0x0c, 0];

// Parameters and locals of the function.
const [A, B, OUT, M, N, K] = [0, 1, 2, 3, 4, 5];
const [ROW, COLUMN, LEFT, AT_B, STRIDE_A, STRIDE_B] = [6, 7, 8, 9, 10, 11];
/** One a row. */
const AT_A = 12;
const ROWS = 4;
const VECTORS = 2;
const SUMS = AT_A + ROWS;
const SECOND = SUMS + ROWS * VECTORS;
const SCALAR_SUMS = SECOND + VECTORS;
const SCALAR_B = SCALAR_SUMS + ROWS;

/** How a strip of columns is computed: in one or two vectors of four, or one number at a time. */
interface Strip {
  readonly columns: number;
  readonly parts: number;
  readonly sum: (row: number, part: number) => number;
  readonly second: (part: number) => number;
  readonly zero: Code;
  readonly load: (part: number) => Code;
  readonly spread: Code;
  readonly multiplyAdd: Code;
  readonly store: (part: number) => Code;
}

const vectorStrip = (parts: number): Strip => ({
  columns: 4 * parts,
  parts,
  sum: (row, part) => SUMS + row * VECTORS + part,
  second: (part) => SECOND + part,
  zero: [...simd(0x0c), ...new Array<number>(16).fill(0)],
  load: (part) => [...simd(0x00), ...MEMORY(2, 16 * part)],
  spread: [...simd(0x09), ...MEMORY(2, 0)],
  multiplyAdd: [...simd(0xe6), ...simd(0xe4)],
  store: (part) => [...simd(0x0b), ...MEMORY(2, 16 * part)],
});

const scalarStrip: Strip = {
  columns: 1,
  parts: 1,
  sum: (row) => SCALAR_SUMS + row,
  second: () => SCALAR_B,
  zero: [0x43, 0, 0, 0, 0],
  load: () => [0x2a, ...MEMORY(2, 0)],
  spread: [0x2a, ...MEMORY(2, 0)],
  multiplyAdd: [0x94, 0x92],
  store: () => [0x38, ...MEMORY(2, 0)],
};

const each = (count: number, code: (i: number) => Code): Code =>
  Array.from({ length: count }, (_, i) => code(i)).flat();
const add = (local: number, amount: Code): Code => [...get(local), ...amount, ...ADD, ...set(local)];

/** `rows` rows times one strip of columns: sums over k in locals, then stored. */
function tile(rows: number, strip: Strip): Code {
  const { parts, sum, second } = strip;
  const start: Code = [
    ...each(rows, (row) => each(parts, (part) => [...strip.zero, ...set(sum(row, part))])),
    // Address of the first row of a, and of the strip's first row in b.
    ...[...get(A), ...get(ROW), ...get(STRIDE_A), ...MULTIPLY, ...ADD, ...set(AT_A)],
    ...each(rows - 1, (row) => [...get(AT_A + row), ...get(STRIDE_A), ...ADD, ...set(AT_A + row + 1)]),
    ...[...get(B), ...get(COLUMN), ...i32(2), ...SHIFT_LEFT, ...ADD, ...set(AT_B)],
    ...[...get(K), ...set(LEFT)],
  ];
  const step: Code = [
    ...each(parts, (part) => [...get(AT_B), ...strip.load(part), ...set(second(part))]),
    ...each(rows, (row) =>
      each(parts, (part) => [
        ...get(sum(row, part)),
        ...get(AT_A + row),
        ...strip.spread,
        ...get(second(part)),
        ...strip.multiplyAdd,
        ...set(sum(row, part)),
      ]),
    ),
    ...each(rows, (row) => add(AT_A + row, i32(4))),
    ...add(AT_B, get(STRIDE_B)),
    ...[...get(LEFT), ...i32(1), ...SUBTRACT, 0x22, LEFT, ...breakIf(0)],
  ];
  const end: Code = [
    // Address in the result: out + row * strideB + column * 4.
    ...[...get(OUT), ...get(ROW), ...get(STRIDE_B), ...MULTIPLY, ...ADD],
    ...[...get(COLUMN), ...i32(2), ...SHIFT_LEFT, ...ADD, ...set(AT_B)],
    ...each(rows, (row) => [
      ...each(parts, (part) => [...get(AT_B), ...get(sum(row, part)), ...strip.store(part)]),
      ...add(AT_B, get(STRIDE_B)),
    ]),
  ];
  return [...start, ...loop(step), ...end];
}

/** Repeats the body while `counter` + `size` is at most `limit`, adding `size` each time. */
function whileFits(counter: number, size: number, limit: number, body: Code): Code {
  const past: Code = [...get(counter), ...i32(size), ...ADD, ...get(limit), ...GREATER];
  return block(loop(past, breakIf(1), body, add(counter, i32(size)), again));
}

function product(): Code {
  const strips = [vectorStrip(2), vectorStrip(1), scalarStrip];
  const rowsOf = (rows: number): Code =>
    whileFits(ROW, rows, M, [
      ...[...i32(0), ...set(COLUMN)],
      ...strips.flatMap((strip) => whileFits(COLUMN, strip.columns, N, tile(rows, strip))),
    ]);
  const strides: Code = [
    ...[...get(K), ...i32(2), ...SHIFT_LEFT, ...set(STRIDE_A)],
    ...[...get(N), ...i32(2), ...SHIFT_LEFT, ...set(STRIDE_B)],
  ];
  return [...strides, ...rowsOf(ROWS), ...rowsOf(1), 0x0b];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body];
  const name = (text: string): Code => [text.length, ...Buffer.from(text, "latin1")];
  const integers = AT_A + ROWS - 6;
  const locals: Code = [3, integers, I32, ROWS * VECTORS + VECTORS, V128, ROWS + 1, F32];
  const body: Code = [...locals, ...product()];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 6, I32, I32, I32, I32, I32, I32, 0]),
    ...section(2, [1, ...name("gatewise"), ...name("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("multiply"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

const PAGE = 65_536;
/** Of memory, 1 GiB. */
const MAX_PAGES = 16_384;

/** What is used of WebAssembly, whose types come with those of browsers only. */
interface Wasm {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly multiply: Product } };
}

const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

/** Of addresses and sizes. */
type Product = (a: number, b: number, out: number, m: number, n: number, k: number) => void;

/** Once a process, when the first network is made. */
let compiled: object | undefined;

/** Memory that matrices are allocated in and multiplied in. It goes when nothing refers to it. */
export class Arena {
  readonly #memory: InstanceType<Wasm["Memory"]>;
  readonly #multiply: Product;
  #used = 0;

  /**
   * @param numbers how many there will be, in all arrays together
   * @throws RangeError when they do not fit into a gibibyte
   */
  constructor(numbers: number) {
    const pages = Math.ceil((4 * numbers) / PAGE) + 1;
    if (pages > MAX_PAGES) throw new RangeError(`network: expected to need at most 1 GiB, not ${pages * PAGE} bytes`);
    this.#memory = new Memory({ initial: pages, maximum: pages });
    compiled ??= new Module(moduleBytes());
    const { exports } = new Instance(compiled, { gatewise: { memory: this.#memory } });
    this.#multiply = exports.multiply;
  }

  /** An array of zeros. */
  floats(length: number): Float32Array {
    const array = new Float32Array(this.#memory.buffer, this.#used, length);
    // Aligned for vectors of 16 bytes.
    this.#used += Math.ceil(length / 4) * 16;
    return array;
  }

  /**
   * out[m x n] = a[m x k] . b[k x n], all arrays of this arena, row after row.
   * @throws RangeError when an array is smaller than told
   */
  multiply(a: Float32Array, b: Float32Array, out: Float32Array, m: number, n: number, k: number): void {
    if (a.length < m * k || b.length < k * n || out.length < m * n || k < 1) {
      throw new RangeError(
        `multiply: arrays of ${a.length}, ${b.length}, ${out.length} do not hold ${m} x ${n} x ${k}`,
      );
    }
    this.#multiply(a.byteOffset, b.byteOffset, out.byteOffset, m, n, k);
  }
}

/** out[columns x rows] = a[rows x columns] transposed. */
export function transpose(a: Float32Array, out: Float32Array, rows: number, columns: number): void {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = a[r * columns + c]!;
}
