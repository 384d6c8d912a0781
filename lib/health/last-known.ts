import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import { inverseOf } from "./covariance";

const MAX_SENSORS = 256;

/**
 * Stands in for sensors that are missing from a row, so that a worn device does not look healthy because the sensor that showed
 * it has died. A missing sensor keeps its last deviation. Where is known how the sensors move together, it moves with the
 * others as they have moved since: its stand-in is its last value plus the conditional expectation of its change given theirs, under
 * the normal distribution with the inverse covariance P: E[x_m | x_o] = -P_mm⁻¹ P_mo x_o.
 */
export class LastKnown implements Snapshotable {
  #recent: Float64Array | undefined;
  #pattern = "";
  #inverse: Float64Array = new Float64Array(0);

  /** @param share of the newest row in what is remembered, 0 to 1 */
  constructor(private readonly share: number) {}

  /**
   * The row with stand-ins, which is also remembered; NaN stays for sensors of which nothing is known.
   * @param row values of any scale without `precision`; deviations from 0 with it
   * @param precision inverse covariance of the columns, row by row
   */
  fill(row: Float64Array, precision?: readonly number[]): Float64Array {
    const recent = this.#recent?.length === row.length ? this.#recent : new Float64Array(row.length).fill(Number.NaN);
    const missing = indicesOf(row, Number.isNaN);
    const filled = missing.length > 0 ? this.#filled(row, recent, missing, precision) : row;
    this.#recent = recent.map((before, i) => {
      const value = filled[i] as number;
      return Number.isNaN(before) ? value : Number.isNaN(value) ? before : before + this.share * (value - before);
    });
    return filled;
  }

  #filled(
    row: Float64Array,
    recent: Float64Array,
    missing: readonly number[],
    precision?: readonly number[],
  ): Float64Array {
    if (!precision) return row.map((value, i) => (Number.isNaN(value) ? (recent[i] as number) : value));
    const before = row.map((value, i) => (Number.isNaN(recent[i] as number) ? value : (recent[i] as number)));
    const unknown = indicesOf(before, Number.isNaN);
    if (unknown.length > 0)
      this.#expect(before, missing, precision).forEach((value, k) => {
        const i = missing[k] as number;
        if (Number.isNaN(before[i] as number)) before[i] = value;
      });
    const change = this.#expect(
      row.map((value, i) => value - (before[i] as number)),
      missing,
      precision,
    );
    const filled = row.slice();
    missing.forEach((i, k) => {
      filled[i] = (before[i] as number) + (change[k] as number);
    });
    return filled;
  }

  /** Of the missing columns given the others. */
  #expect(row: Float64Array, missing: readonly number[], precision: readonly number[]): number[] {
    const size = row.length;
    const present = indicesOf(row, (_, i) => !missing.includes(i));
    const pulls = missing.map((m) =>
      present.reduce((sum, o) => sum - (precision[m * size + o] as number) * (row[o] as number), 0),
    );
    const inverse = this.#inverseAmong(missing, precision, size);
    return missing.map((_, k) =>
      pulls.reduce((sum, pull, l) => sum + (inverse[k * missing.length + l] as number) * pull, 0),
    );
  }

  /** P_mm⁻¹, kept while the same sensors are missing. */
  #inverseAmong(missing: readonly number[], precision: readonly number[], size: number): Float64Array {
    const pattern = missing.join();
    if (pattern !== this.#pattern) {
      const among = missing.flatMap((i) => missing.map((j) => precision[i * size + j] as number));
      this.#inverse = inverseOf(Float64Array.from(among), missing.length);
      this.#pattern = pattern;
    }
    return this.#inverse;
  }

  snapshot(): unknown {
    return { recent: this.#recent && Array.from(this.#recent, (value) => (Number.isNaN(value) ? null : value)) };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    if (saved.any("recent") === undefined) return;
    const recent = saved.list("recent", MAX_SENSORS).map((value) => {
      if (value === null) return Number.NaN;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new StateError("recent: expected numbers or null");
    });
    this.#recent = Float64Array.from(recent);
  }
}

function indicesOf(row: Float64Array, is: (value: number, index: number) => boolean): number[] {
  return [...row.keys()].filter((i) => is(row[i] as number, i));
}
