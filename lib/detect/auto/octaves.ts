import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/** Lengths of the windows, each twice the one before, so that no event falls between two of them. */
export const OCTAVES = [5, 10, 20, 40, 80, 160, 320] as const;

const LONGEST = 320;

/**
 * What the last values are like at several scales at once: means, shifts between neighbouring windows, and mean changes from
 * value to value, of windows whose lengths are octaves. Sums run relative to an anchor and are taken anew once a round, so that
 * rounding neither grows nor depends on an offset of the series.
 */
export class Octaves implements Snapshotable {
  readonly #ring = new Float64Array(LONGEST);
  // So few numbers take less as arrays of doubles than in buffers of their own.
  readonly #sums: number[] = OCTAVES.map(() => 0);
  readonly #changes: number[] = OCTAVES.map(() => 0);
  #count = 0;
  #next = 0;
  #anchor = 0;

  /** Mean of the last values of an octave with this one as the newest; NaN while there are fewer. */
  meanWith(value: number, octave: number): number {
    const length = OCTAVES[octave] as number;
    return this.#count < length - 1 ? Number.NaN : this.#anchor + this.#sumWith(value, octave) / length;
  }

  /**
   * Mean of the last values of an octave with this one as the newest, minus that of as many before them; NaN while there are
   * fewer.
   * @param octave not the longest
   */
  shiftWith(value: number, octave: number): number {
    const length = OCTAVES[octave] as number;
    if (this.#count < 2 * length - 1) return Number.NaN;
    return (2 * this.#sumWith(value, octave) - this.#sumWith(value, octave + 1)) / length;
  }

  /**
   * Mean distance from value to value over an octave with this one as the newest; NaN while there are fewer.
   * @param octave not the longest
   */
  changeWith(value: number, octave: number): number {
    const length = OCTAVES[octave] as number;
    if (this.#count < length) return Number.NaN;
    const sum = (this.#changes[octave] as number) + Math.abs(value - this.back(1)) - this.#changeLeaving(length);
    return Math.max(sum, 0) / length;
  }

  /** Whether the last values of an octave are all of them newer than they were when this was so before: windows that do not overlap. */
  endsWindow(octave: number): boolean {
    return this.#next % (OCTAVES[octave] as number) === 0;
  }

  #sumWith(value: number, octave: number): number {
    return (this.#sums[octave] as number) + (value - this.#anchor) - this.#leaving(OCTAVES[octave] as number);
  }

  push(value: number): void {
    if (this.#count === 0) this.#anchor = value;
    for (let octave = 0; octave < OCTAVES.length; octave++) {
      const length = OCTAVES[octave] as number;
      this.#sums[octave] = this.#sumWith(value, octave);
      if (this.#count === 0 || length === LONGEST) continue;
      const change = Math.abs(value - this.back(1)) - this.#changeLeaving(length);
      this.#changes[octave] = (this.#changes[octave] as number) + change;
    }
    this.#ring[this.#next] = value;
    this.#count = Math.min(this.#count + 1, LONGEST);
    this.#next = (this.#next + 1) % LONGEST;
    if (this.#next === 0) this.#sumAnew();
  }

  /** The value that many values ago; 1 is the last, 320 the farthest. */
  back(age: number): number {
    const at = this.#next - age;
    return this.#ring[at < 0 ? at + LONGEST : at] as number;
  }

  /** The value that leaves a window of this length when a new one comes, relative to the anchor; 0 if it is not yet full. */
  #leaving(length: number): number {
    return this.#count < length ? 0 : this.back(length) - this.#anchor;
  }

  #changeLeaving(length: number): number {
    return this.#count <= length ? 0 : Math.abs(this.back(length) - this.back(length + 1));
  }

  /** At the end of a round the newest value is the last in the ring. */
  #sumAnew(): void {
    const ring = this.#ring;
    const last = LONGEST - 1;
    this.#anchor = ring[last] as number;
    let sum = 0;
    let changes = 0;
    let octave = 0;
    for (let age = 0; age < LONGEST; age++) {
      sum += (ring[last - age] as number) - this.#anchor;
      if (age < last) changes += Math.abs((ring[last - age] as number) - (ring[last - age - 1] as number));
      if (age + 1 !== OCTAVES[octave]) continue;
      this.#sums[octave] = sum;
      this.#changes[octave] = changes;
      octave += 1;
    }
  }

  clear(): void {
    this.#count = this.#next = this.#anchor = 0;
    this.#sums.fill(0);
    this.#changes.fill(0);
  }

  snapshot(): unknown {
    return {
      ring: Array.from(this.#ring.subarray(0, this.#count)),
      next: this.#next,
      anchor: this.#anchor,
      sums: [...this.#sums],
      changes: [...this.#changes],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const ring = saved.numbers("ring", LONGEST);
    const next = saved.index("next", LONGEST - 1);
    const anchor = saved.number("anchor");
    const sums = saved.numbers("sums", OCTAVES.length);
    const changes = saved.numbers("changes", OCTAVES.length);
    if (ring.length < LONGEST && next !== ring.length) throw new StateError("next: does not fit the ring");
    if (sums.length !== OCTAVES.length || changes.length !== OCTAVES.length) {
      throw new StateError(`sums: expected one for each of ${OCTAVES.length} octaves`);
    }
    this.#ring.set(ring);
    for (let octave = 0; octave < OCTAVES.length; octave++) {
      this.#sums[octave] = sums[octave] as number;
      this.#changes[octave] = changes[octave] as number;
    }
    this.#count = ring.length;
    this.#next = next;
    this.#anchor = anchor;
  }
}
