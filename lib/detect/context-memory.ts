import { SavedState, type Snapshotable, StateError } from "../numeric/state";

/** Contexts that there is room for at first; it doubles as they come. */
const FIRST = 8;

/** How much of a new window its nearest context takes on. */
const LEARNING_RATE = 0.1;

/** Differences are held within what single precision can say; a step beyond has not been seen on any sensor. */
const LARGEST = 3e38;

/** The context that a window is nearest to, and how far: root mean square difference. */
export interface NearestContext {
  /** -1 while there is no context. */
  readonly index: number;
  readonly distance: number;
}

/**
 * A bounded memory of what the last values looked like: windows of `length` values, of which those that resemble one another
 * share a context. A window farther than the vigilance from all contexts becomes one itself, in the place of the context that
 * was met the longest ago when the memory is full (adaptive resonance: Carpenter and Grossberg 1987, Applied Optics 26:4919,
 * in its simplest form).
 *
 * A context is kept as its newest value, and the others by their difference from it in single precision: so the digits that are
 * kept are those of the pattern, at whatever height it is.
 */
export class ContextMemory implements Snapshotable {
  #newest: Float64Array;
  #differences: Float32Array;
  /** Number of the window that each was last nearest to. */
  #met: Float64Array;
  #count = 0;
  #windows = 0;

  constructor(
    private readonly length: number,
    private readonly capacity: number,
  ) {
    const room = Math.min(FIRST, capacity);
    this.#newest = new Float64Array(room);
    this.#differences = new Float32Array(room * length);
    this.#met = new Float64Array(room);
  }

  nearest(window: Float64Array): NearestContext {
    const { length } = this;
    const differences = this.#differences;
    let index = -1;
    let best = Number.POSITIVE_INFINITY;
    for (let context = 0; context < this.#count; context++) {
      const start = context * length;
      const newest = this.#newest[context] as number;
      let squares = 0;
      // The newest value first: what differs most often differs there, and the rest need not be looked at.
      for (let i = length - 1; i >= 0 && squares < best; i--) {
        const difference = (window[i] as number) - newest - (differences[start + i] as number);
        squares += difference * difference;
      }
      if (squares < best) {
        best = squares;
        index = context;
      }
    }
    return { index, distance: Math.sqrt(best / length) };
  }

  /** @param vigilance distance up to which a window belongs to its nearest context */
  learn(window: Float64Array, { index, distance }: NearestContext, vigilance: number): void {
    this.#windows += 1;
    const isAlike = index >= 0 && distance <= vigilance;
    const place = isAlike ? index : this.#freePlace();
    const rate = isAlike ? LEARNING_RATE : 1;
    const start = place * this.length;
    const newest = window[this.length - 1] as number;
    for (let i = 0; i < this.length; i++) {
      const old = rate === 1 ? 0 : (this.#differences[start + i] as number);
      const difference = old + rate * ((window[i] as number) - newest - old);
      this.#differences[start + i] = Math.min(Math.max(difference, -LARGEST), LARGEST);
    }
    const before = rate === 1 ? 0 : (this.#newest[place] as number);
    this.#newest[place] = before + rate * (newest - before);
    this.#met[place] = this.#windows;
  }

  #freePlace(): number {
    if (this.#count < this.capacity) {
      if (this.#count === this.#met.length) this.#reserve(Math.min(this.capacity, 2 * this.#count));
      this.#count += 1;
      return this.#count - 1;
    }
    let oldest = 0;
    for (let i = 1; i < this.capacity; i++) if ((this.#met[i] as number) < (this.#met[oldest] as number)) oldest = i;
    return oldest;
  }

  #reserve(room: number): void {
    if (room <= this.#met.length) return;
    const [newest, differences, met] = [this.#newest, this.#differences, this.#met];
    this.#newest = new Float64Array(room);
    this.#differences = new Float32Array(room * this.length);
    this.#met = new Float64Array(room);
    this.#newest.set(newest);
    this.#differences.set(differences);
    this.#met.set(met);
  }

  clear(): void {
    this.#count = this.#windows = 0;
  }

  snapshot(): unknown {
    return {
      newest: Array.from(this.#newest.subarray(0, this.#count)),
      differences: Array.from(this.#differences.subarray(0, this.#count * this.length)),
      met: Array.from(this.#met.subarray(0, this.#count)),
      windows: this.#windows,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const met = saved.numbers("met", this.capacity);
    const { newest, differences } = savedContexts(saved, met.length, this.length);
    const windows = saved.index("windows", Number.MAX_SAFE_INTEGER);
    this.#reserve(met.length);
    this.#newest.set(newest);
    this.#differences.set(differences);
    this.#met.set(met);
    this.#count = met.length;
    this.#windows = windows;
  }
}

interface SavedContexts {
  readonly newest: readonly number[];
  readonly differences: readonly number[];
}

/** Also as it was saved at first: the values themselves. */
function savedContexts(saved: SavedState, count: number, length: number): SavedContexts {
  if (saved.any("contexts") !== undefined) {
    const contexts = saved.numbers("contexts", count * length);
    if (contexts.length !== count * length) throw new StateError("contexts: expected one for each in met");
    const newest = Array.from({ length: count }, (_, i) => contexts[(i + 1) * length - 1] as number);
    return { newest, differences: contexts.map((value, i) => value - (newest[Math.floor(i / length)] as number)) };
  }
  const newest = saved.numbers("newest", count);
  const differences = saved.numbers("differences", count * length);
  if (newest.length !== count) throw new StateError("newest: expected one for each in met");
  if (differences.length !== count * length) throw new StateError("differences: expected one for each value");
  return { newest, differences };
}
