import { SavedState, type Snapshotable, StateError } from "../numeric/state";

/** How much of a new window its nearest context takes on. */
const LEARNING_RATE = 0.1;

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
 */
export class ContextMemory implements Snapshotable {
  readonly #contexts: Float64Array;
  /** Number of the window that each was last nearest to. */
  readonly #met: Float64Array;
  #count = 0;
  #windows = 0;

  constructor(
    private readonly length: number,
    private readonly capacity: number,
  ) {
    this.#contexts = new Float64Array(length * capacity);
    this.#met = new Float64Array(capacity);
  }

  nearest(window: Float64Array): NearestContext {
    const { length } = this;
    const contexts = this.#contexts;
    let index = -1;
    let best = Number.POSITIVE_INFINITY;
    for (let context = 0; context < this.#count; context++) {
      const start = context * length;
      let squares = 0;
      // The newest value first: what differs most often differs there, and the rest need not be looked at.
      for (let i = length - 1; i >= 0 && squares < best; i--) {
        const difference = (window[i] as number) - (contexts[start + i] as number);
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
    for (let i = 0; i < this.length; i++) {
      const old = rate === 1 ? 0 : (this.#contexts[start + i] as number);
      this.#contexts[start + i] = old + rate * ((window[i] as number) - old);
    }
    this.#met[place] = this.#windows;
  }

  #freePlace(): number {
    if (this.#count < this.capacity) {
      this.#count += 1;
      return this.#count - 1;
    }
    let oldest = 0;
    for (let i = 1; i < this.capacity; i++) if ((this.#met[i] as number) < (this.#met[oldest] as number)) oldest = i;
    return oldest;
  }

  clear(): void {
    this.#count = this.#windows = 0;
  }

  snapshot(): unknown {
    return {
      contexts: Array.from(this.#contexts.subarray(0, this.#count * this.length)),
      met: Array.from(this.#met.subarray(0, this.#count)),
      windows: this.#windows,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const met = saved.numbers("met", this.capacity);
    const contexts = saved.numbers("contexts", this.#contexts.length);
    const windows = saved.index("windows", Number.MAX_SAFE_INTEGER);
    if (contexts.length !== met.length * this.length) throw new StateError("contexts: expected one for each in met");
    this.#contexts.set(contexts);
    this.#met.set(met);
    this.#count = met.length;
    this.#windows = windows;
  }
}
