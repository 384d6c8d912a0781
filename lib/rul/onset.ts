import { SavedState, type Snapshotable } from "../numeric/state";

/** Values are clipped to this many standard deviations: one spike is no wear. */
const CLIP = 4;
/** Half the smallest lasting shift that is to be found, in standard deviations. */
const ALLOWANCE = 0.5;
/** Largest sum, in limits. */
const BOUND = 1.5;

/**
 * Finds when wear has begun: a cumulative sum of how far values lie on failure's side of normal (Page 1954, Biometrika
 * 41:100), C = max(0, C + z - 1/2). With a limit of 12 a healthy series of independent normal values is called worn once in
 * about a million readings (Siegmund's approximation of the run length), and a shift of one standard deviation
 * is found within 24 readings or so. The sum is bounded, so that a
 * repair shows some forty readings after it was made.
 */
export class OnsetWatch implements Snapshotable {
  #sum = 0;
  #begun = false;

  /** @param limit above 0; to be multiplied by the persistence of the series */
  constructor(private readonly limit: number) {}

  get hasBegun(): boolean {
    return this.#begun;
  }

  /** True while nothing at all points at wear. */
  get isClear(): boolean {
    return this.#sum === 0;
  }

  /** @param z distance from normal towards failure, in standard deviations */
  push(z: number): void {
    const step = Math.max(-CLIP, Math.min(CLIP, z)) - ALLOWANCE;
    this.#sum = Math.min(BOUND * this.limit, Math.max(0, this.#sum + step));
    if (this.#sum >= this.limit) this.#begun = true;
    else if (this.#sum === 0) this.#begun = false;
  }

  snapshot(): unknown {
    return { sum: this.#sum, begun: this.#begun };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#sum = saved.number("sum");
    this.#begun = saved.any("begun") === true;
  }
}
