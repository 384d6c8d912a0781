/** Writes bytes, variable-length integers, doubles and texts into a buffer that grows. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  reset(): void {
    this.#length = 0;
  }

  /** What was written since the reset, in memory of its own. */
  copy(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** A non-negative integer below 2^53, seven bits a byte, the low ones first. */
  unsigned(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** An integer of at most 52 bits, its sign in the lowest bit so that small ones stay short. */
  signed(value: number): void {
    this.unsigned(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    this.bytes(Buffer.from(value));
  }

  bytes(value: Uint8Array): void {
    this.unsigned(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** Reads what a ByteWriter wrote; throws RangeError past the end. */
export class ByteReader {
  readonly #data: Buffer;

  constructor(
    data: Uint8Array,
    private position = 0,
  ) {
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }

  byte(): number {
    return this.#data.readUInt8(this.position++);
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
      scale *= 0x80;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    const value = this.#data.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  text(): string {
    return this.#slice().toString();
  }

  bytes(): Uint8Array {
    return this.#slice();
  }

  #slice(): Buffer {
    const length = this.unsigned();
    const end = this.position + length;
    if (end > this.#data.length) throw new RangeError("the data ends too early");
    const slice = this.#data.subarray(this.position, end);
    this.position = end;
    return slice;
  }
}
