import { SavedState, type Snapshotable } from "../numeric/state";

/** Per value, for the coefficient: about the last 500 count, as they do for the mean. */
const FORGETTING = 0.998;
const MEAN_OF = 500;

/** Values before the first forecast. */
const MINIMUM = 20;

/**
 * Forecast of the next value by a first-order autoregression around a slowly moving mean, fitted by least squares with
 * exponential forgetting (Box and Jenkins, Time Series Analysis, ch. 7, for the estimator). One coefficient adapts within
 * few values and cannot become unstable; higher orders were measured and gave nothing.
 */
export class Autoregression implements Snapshotable {
  #count = 0;
  #mean = 0;
  #last = 0;
  #products = 0;
  #squares = 0;

  /** NaN while too little was learned. */
  forecast(): number {
    if (this.#count < MINIMUM) return Number.NaN;
    return this.#mean + this.#coefficient() * (this.#last - this.#mean);
  }

  #coefficient(): number {
    return this.#squares > 0 ? Math.min(Math.max(this.#products / this.#squares, -1), 1) : 0;
  }

  push(value: number): void {
    if (this.#count === 0) this.#mean = value;
    else {
      const before = this.#last - this.#mean;
      this.#products = FORGETTING * this.#products + before * (value - this.#mean);
      this.#squares = FORGETTING * this.#squares + before * before;
    }
    this.#count = Math.min(this.#count + 1, MEAN_OF);
    this.#mean += (value - this.#mean) / this.#count;
    this.#last = value;
  }

  clear(): void {
    this.#count = this.#mean = this.#last = this.#products = this.#squares = 0;
  }

  snapshot(): unknown {
    return {
      count: this.#count,
      mean: this.#mean,
      last: this.#last,
      products: this.#products,
      squares: this.#squares,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const count = saved.index("count", MEAN_OF);
    const [mean, last, products, squares] = ["mean", "last", "products", "squares"].map((field) => saved.number(field));
    this.#count = count;
    this.#mean = mean as number;
    this.#last = last as number;
    this.#products = products as number;
    this.#squares = squares as number;
  }
}
