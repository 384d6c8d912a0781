// Hotelling's T2 of single rows against the mean and the covariance of the first ones: the textbook's way.
import { createRequire } from "node:module";

const { symmetricEigen } = createRequire(import.meta.url)("../../dist/lib/linear-algebra/index.js");

/** A mean and a covariance of less say nothing. */
const FEWEST_ROWS = 30;
/** 99.9 % of F with 8 and 392 degrees of freedom is 3.36: T2 = 8 * 401 * 399 / (400 * 392) * F. */
const LIMIT = 27.4;

export class PlainT2 {
  #rows = [];
  #mean;
  #eigen;
  #seen = 0;
  #held;

  constructor(sensors, fit) {
    this.sensors = sensors;
    this.fit = fit;
    this.#held = new Float64Array(sensors);
  }

  /** What is missing stays what it was; rows that miss something are not learned from. */
  push({ values }) {
    this.#held = values.map((value, i) => (Number.isNaN(value) ? this.#held[i] : value));
    this.#seen += 1;
    if (this.#seen > this.fit) return this.#eigen !== undefined && this.#statistic(this.#held) > LIMIT;
    if (!values.some(Number.isNaN)) this.#rows.push(values);
    if (this.#seen === this.fit) this.#learn();
    return false;
  }

  #learn() {
    const n = this.sensors;
    const rows = this.#rows;
    if (rows.length < FEWEST_ROWS) return;
    this.#mean = Float64Array.from({ length: n }, (_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
    const covariance = new Float64Array(n * n);
    for (const row of rows) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          covariance[i * n + j] += ((row[i] - this.#mean[i]) * (row[j] - this.#mean[j])) / (rows.length - 1);
        }
      }
    }
    this.#eigen = symmetricEigen(covariance, n);
    this.#rows = [];
  }

  #statistic(values) {
    const { values: variances, vectors } = this.#eigen;
    return vectors.reduce((sum, vector, k) => {
      const projected = vector.reduce((dot, value, j) => dot + value * (values[j] - this.#mean[j]), 0);
      return sum + projected ** 2 / Math.max(variances[k], 1e-12);
    }, 0);
  }
}
