import { SavedState, type Snapshotable } from "./state";

/** Room at first, and by how much it grows as values come: in few steps, because what is given back between them is not used again. */
const FIRST = 64;
const GROWTH = 4;

/** Beyond these a single precision number is none, or one of few digits. */
const LEAST = 1e-30;
const MOST = 1e30;

/**
 * Ranks and order statistics of the last `capacity` values in a third of the memory of SortedWindow: values are kept in single
 * precision, relative error 6e-8, and sorted by their places, of two bytes each, not by a second copy. A thousand take 6 kB. Room grows with the
 * values. A stream whose values single precision cannot hold, below 1e-30 or above 1e30, is kept in double precision from then on.
 */
export class RankedWindow implements Snapshotable {
  /** By age: the oldest at `#next` once the window is full. */
  #ring: Float32Array | Float64Array;
  /** Places in the ring by ascending value; equal values by age, so that the oldest of all is the first of its equals. */
  #order: Uint16Array | Uint32Array;
  #count = 0;
  #next = 0;

  /** @throws RangeError when capacity is not a positive integer */
  constructor(readonly capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`expected a window of at least 1, got ${capacity}`);
    const room = Math.min(FIRST, capacity);
    this.#ring = new Float32Array(room);
    this.#order = this.#places(room);
  }

  get count(): number {
    return this.#count;
  }

  /** Smallest part of a value by which two kept ones can differ. */
  get resolution(): number {
    return this.#ring instanceof Float32Array ? 2 ** -23 : Number.EPSILON;
  }

  /** What a value is when it is kept, so that it equals those that it was equal to. */
  rounded(value: number): number {
    return this.#ring instanceof Float32Array && fits(value) ? Math.fround(value) : value;
  }

  /** Adds a value, which replaces the oldest once the window is full. */
  push(value: number): void {
    // Adding 0 turns -0 into 0.
    const fresh = value + 0;
    if (!fits(fresh) && this.#ring instanceof Float32Array) this.#ring = Float64Array.from(this.#ring);
    const isFull = this.#count === this.capacity;
    if (this.#count === this.#ring.length && !isFull) this.#grow();
    const kept = this.rounded(fresh);
    const from = isFull ? this.#lowerBound(this.#ring[this.#next] as number) : this.#count;
    this.#move(from, this.#upperBound(kept));
    this.#ring[this.#next] = kept;
    if (!isFull) this.#count += 1;
    this.#next = this.#next + 1 === this.capacity ? 0 : this.#next + 1;
  }

  /** Frees the rank `from` and gives it to the next place in the ring, behind all ranks below `to`. */
  #move(from: number, to: number): void {
    const order = this.#order;
    if (to <= from) order.copyWithin(to + 1, to, from);
    else order.copyWithin(from, from + 1, to);
    order[to <= from ? to : to - 1] = this.#next;
  }

  #grow(): void {
    const room = Math.min(this.capacity, GROWTH * this.#ring.length);
    const [ring, order] = [this.#ring, this.#order];
    this.#ring = ring instanceof Float32Array ? new Float32Array(room) : new Float64Array(room);
    this.#ring.set(ring);
    this.#order = this.#places(room);
    this.#order.set(order);
  }

  #places(room: number): Uint16Array | Uint32Array {
    return this.capacity <= 65_536 ? new Uint16Array(room) : new Uint32Array(room);
  }

  clear(): void {
    this.#count = this.#next = 0;
  }

  /** The k-th smallest value, k from 0 to count - 1. */
  at(k: number): number {
    return this.#ring[this.#order[k] as number] as number;
  }

  /** How many values are smaller, and half of those that are equal. O(log n). */
  midRank(value: number): number {
    const kept = this.rounded(value);
    return (this.#lowerBound(kept) + this.#upperBound(kept)) / 2;
  }

  /** How many values are smaller. */
  #lowerBound(value: number): number {
    const [ring, order] = [this.#ring, this.#order];
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ring[order[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many values are no larger. */
  #upperBound(value: number): number {
    const [ring, order] = [this.#ring, this.#order];
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ring[order[middle] as number] as number) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The form of SortedWindow: each can continue from what the other saved. */
  snapshot(): unknown {
    return { values: Array.from(this.#ring.subarray(0, this.#count)), next: this.#next };
  }

  restore(state: unknown): void {
    const { values, next } = new SavedState(state).ring(this.capacity);
    const fresh = new RankedWindow(this.capacity);
    // From the oldest on, so that equal ones come to lie by age.
    for (const value of [...values.slice(next), ...values.slice(0, next)]) fresh.push(value);
    this.#count = fresh.#count;
    this.#next = fresh.#next;
    this.#ring = fresh.#ring;
    this.#order = fresh.#order;
  }
}

function fits(value: number): boolean {
  const size = Math.abs(value);
  return (size >= LEAST && size <= MOST) || size === 0;
}
