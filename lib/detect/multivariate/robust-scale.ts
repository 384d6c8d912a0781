import { quantile } from "../../numeric/sorted-window";
import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/** The median absolute deviation of normal values is this part of their standard deviation. */
const MAD_OF_SIGMA = 0.6744897501960817;

/** A spread below this part of the level is the rounding of doubles: such a sensor stands still. */
const STANDSTILL = 1e-12;

/**
 * Level and spread of each sensor by median and median absolute deviation, which a tenth of odd values does not move. Where more
 * than half of the values are equal, as in coarsely quantised sensors, half the standard deviation takes the MAD's place.
 */
export class RobustScale implements Snapshotable {
  readonly #centre: Float64Array;
  /** 1 / spread; 0 for a sensor that was hardly ever there, which then says nothing. */
  readonly #perSpread: Float64Array;

  constructor(readonly sensors: number) {
    this.#centre = new Float64Array(sensors);
    this.#perSpread = new Float64Array(sensors);
  }

  /** @param rows NaN for what is missing */
  fit(rows: readonly Float64Array[]): void {
    for (let j = 0; j < this.sensors; j++) {
      const values = Float64Array.from(rows, (row) => row[j] as number).filter((value) => !Number.isNaN(value));
      const known = values.length >= rows.length / 2;
      this.#centre[j] = known ? quantile(values.sort(), 0.5) : 0;
      this.#perSpread[j] = known ? 1 / spreadOf(values, this.#centre[j] as number) : 0;
    }
  }

  /** How far the value is from the sensor's level, in spreads; NaN for a value that is missing. */
  standardised(value: number, sensor: number): number {
    return (value - (this.#centre[sensor] as number)) * (this.#perSpread[sensor] as number);
  }

  /** The value that lies so many spreads from the level; NaN for a sensor of which nothing is known. */
  value(standardised: number, sensor: number): number {
    const perSpread = this.#perSpread[sensor] as number;
    return perSpread > 0 ? (this.#centre[sensor] as number) + standardised / perSpread : Number.NaN;
  }

  snapshot(): unknown {
    return { centre: [...this.#centre], perSpread: [...this.#perSpread] };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#centre.set(exactly(saved, "centre", this.sensors));
    this.#perSpread.set(exactly(saved, "perSpread", this.sensors));
  }
}

/** @param values sorted */
function spreadOf(values: Float64Array, centre: number): number {
  const deviations = values.map((value) => Math.abs(value - centre)).sort();
  const robust = quantile(deviations, 0.5) / MAD_OF_SIGMA;
  // Relative to the largest, because squares of values near 1e150 would overflow when summed.
  const largest = deviations[deviations.length - 1] as number;
  let squares = 0;
  for (const deviation of deviations) squares += (deviation / (largest || 1)) ** 2;
  const half = 0.5 * largest * Math.sqrt(squares / deviations.length);
  return Math.max(robust, half, STANDSTILL * Math.abs(centre), Number.MIN_VALUE * 2 ** 60);
}

/** The saved numbers, of which there must be `length`. @throws StateError */
export function exactly(saved: SavedState, field: string, length: number): readonly number[] {
  const values = saved.numbers(field, length);
  if (values.length === length) return values;
  throw new StateError(`${field}: expected ${length} numbers, got ${values.length}`);
}
