import { integerWithin, positiveNumber } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import type { LifeEstimator, LifeVerdict } from "./estimate";
import { MIN_WINDOW, RunLibrary } from "./library";
import type { OnsetWatch } from "./onset";
import type { Run } from "./trajectory";

export interface SimilarityOptions {
  /** Latest steps that are compared, 5 to 200. */
  readonly window: number;
  /** h; from the runs when missing. */
  readonly step?: number;
  readonly onset: number;
}

/** Steps without a reading after which a device's recent past is not continued. */
const LONGEST_GAP = 10;

/**
 * Makes the library once, and what makes the estimator of one device.
 * @throws RangeError naming the option, or what is wrong with the runs
 */
export function similarityFactory(runs: readonly Run[], options: SimilarityOptions): () => Similarity {
  integerWithin("window", options.window, MIN_WINDOW, 200);
  positiveNumber("onset", options.onset);
  if (options.step !== undefined) positiveNumber("step", options.step);
  const library = new RunLibrary(runs, options);
  return () => new Similarity(library, options.window);
}

/** Remaining life by comparing a device's latest wear with runs to failure. */
export class Similarity implements LifeEstimator {
  #recent: number[] = [];
  /** The step under way: its number, and the sum and count of its values. */
  #step: number | undefined;
  #sum = 0;
  #count = 0;
  readonly #watch: OnsetWatch;

  constructor(
    private readonly library: RunLibrary,
    private readonly window: number,
  ) {
    this.#watch = library.watch();
  }

  push(value: number, hours: number): void {
    const step = Math.floor(hours / this.library.step + 1e-9);
    if (this.#step !== undefined && step < this.#step) return;
    if (this.#step !== undefined && step > this.#step) this.#complete(step - this.#step);
    this.#step = step;
    this.#sum += value;
    this.#count += 1;
  }

  #complete(steps: number): void {
    const mean = this.#sum / this.#count;
    this.#sum = 0;
    this.#count = 0;
    if (steps > LONGEST_GAP) this.#recent = [];
    // Over a short gap the last value is held, so that the steps stay even.
    const repeated = steps > LONGEST_GAP ? 1 : steps;
    for (let i = 0; i < repeated; i++) this.#recent.push(mean);
    this.#recent = this.#recent.slice(-this.window);
    const { normal, towards } = this.library;
    this.#watch.push(((mean - normal.level) * towards) / normal.spread);
  }

  verdict(): LifeVerdict {
    if (this.#recent.length < MIN_WINDOW) return { phase: "learning" };
    if (!this.#watch.hasBegun) return { phase: "healthy" };
    return { phase: "predicted", life: this.library.remainingLife(Float64Array.from(this.#recent)) };
  }

  snapshot(): unknown {
    return {
      recent: this.#recent,
      step: this.#step,
      sum: this.#sum,
      count: this.#count,
      watch: this.#watch.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#recent = [...saved.numbers("recent", this.window)];
    this.#step = saved.optionalNumber("step");
    this.#sum = saved.number("sum");
    this.#count = saved.index("count", Number.MAX_SAFE_INTEGER);
    this.#watch.restore(saved.any("watch"));
  }
}
