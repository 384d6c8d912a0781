import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/**
 * Means over the last values: of the last `level` of them, and of two neighbouring windows of `shift` values each. Sums run
 * relative to an anchor and are taken anew once a round, so that rounding neither grows nor depends on an offset of the
 * series.
 */
export class TrailingMeans implements Snapshotable {
  readonly #ring: Float64Array;
  #count = 0;
  #next = 0;
  #anchor = 0;
  #levelSum = 0;
  #lateSum = 0;
  #earlySum = 0;

  /** @param level at most twice `shift` */
  constructor(
    private readonly level: number,
    private readonly shift: number,
  ) {
    this.#ring = new Float64Array(2 * shift);
  }

  /** Mean of the last `level` values with this one as the newest; NaN while there are fewer. */
  levelWith(value: number): number {
    const { level } = this;
    if (this.#count < level - 1) return Number.NaN;
    return this.#anchor + (this.#levelSum + (value - this.#anchor) - this.#left(level)) / level;
  }

  /** Mean of the last `shift` values with this one as the newest, minus that of as many before them; NaN while there are fewer. */
  shiftWith(value: number): number {
    const { shift } = this;
    if (this.#count < 2 * shift - 1) return Number.NaN;
    const between = this.#left(shift);
    const late = this.#lateSum + (value - this.#anchor) - between;
    return (late - (this.#earlySum + between - this.#left(2 * shift))) / shift;
  }

  push(value: number): void {
    const { level, shift } = this;
    if (this.#count === 0) this.#anchor = value;
    const between = this.#left(shift);
    this.#levelSum += value - this.#anchor - this.#left(level);
    this.#lateSum += value - this.#anchor - between;
    this.#earlySum += between - this.#left(2 * shift);
    this.#ring[this.#next] = value;
    this.#count = Math.min(this.#count + 1, this.#ring.length);
    this.#next = (this.#next + 1) % this.#ring.length;
    if (this.#next === 0) this.#sumAnew();
  }

  /** The value that leaves a window of this length when a new one comes, relative to the anchor; 0 if it is not yet full. */
  #left(length: number): number {
    if (this.#count < length) return 0;
    const at = this.#next - length;
    return (this.#ring[at < 0 ? at + this.#ring.length : at] as number) - this.#anchor;
  }

  #sumAnew(): void {
    const ring = this.#ring;
    const last = ring.length - 1;
    const anchor = ring[last] as number;
    this.#anchor = anchor;
    this.#levelSum = this.#lateSum = this.#earlySum = 0;
    for (let age = 0; age <= last; age++) {
      const distance = (ring[last - age] as number) - anchor;
      if (age < this.level) this.#levelSum += distance;
      if (age < this.shift) this.#lateSum += distance;
      else this.#earlySum += distance;
    }
  }

  clear(): void {
    this.#count = this.#next = 0;
    this.#anchor = this.#levelSum = this.#lateSum = this.#earlySum = 0;
  }

  snapshot(): unknown {
    return {
      ring: Array.from(this.#ring.subarray(0, this.#count)),
      next: this.#next,
      anchor: this.#anchor,
      sums: [this.#levelSum, this.#lateSum, this.#earlySum],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const ring = saved.numbers("ring", this.#ring.length);
    const next = saved.index("next", this.#ring.length - 1);
    const anchor = saved.number("anchor");
    const sums = saved.numbers("sums", 3);
    if (ring.length < this.#ring.length && next !== ring.length) throw new StateError("next: does not fit the ring");
    this.#ring.set(ring);
    this.#count = ring.length;
    this.#next = next;
    this.#anchor = anchor;
    [this.#levelSum, this.#lateSum, this.#earlySum] = [sums[0] ?? 0, sums[1] ?? 0, sums[2] ?? 0];
  }
}
