import { SavedState, StateError } from "../../numeric/state";
import type { Preprocessor, WindowPreprocess } from "../contract";
import { ModelFields } from "../predictors/fields";

const MAX_SENSORS = 10_000;
const MAX_VALUES = 1_000_000;

/** The last rows, normalised, oldest first. */
export class WindowInput implements Preprocessor {
  readonly size: number;
  readonly #sensors: number;
  readonly #mean: readonly number[];
  readonly #std: readonly number[];
  readonly #stride: number;
  readonly #values: Float64Array;
  #rows = 0;
  /** Rows since the latest input. */
  #since = 0;

  /** @throws ModelError when the spec is not one */
  constructor(spec: WindowPreprocess) {
    const fields = new ModelFields(spec, "preprocess");
    fields.oneOf("kind", ["window"]);
    const sensors = fields.list("sensors", 1, MAX_SENSORS).length;
    const length = fields.integer("length", 1, Math.floor(MAX_VALUES / sensors));
    this.#sensors = sensors;
    this.#mean = fields.any("mean") === undefined ? new Array(sensors).fill(0) : fields.numbers("mean", sensors);
    this.#std = fields.any("std") === undefined ? new Array(sensors).fill(1) : fields.numbers("std", sensors);
    if (!this.#std.every((value) => value > 0)) fields.fail("std", "numbers above 0");
    this.#stride = fields.any("stride") === undefined ? 1 : fields.integer("stride", 1, MAX_VALUES);
    this.size = length * sensors;
    this.#values = new Float64Array(this.size);
  }

  push(row: Float64Array): Float64Array | undefined {
    this.#values.copyWithin(0, this.#sensors);
    const start = this.size - this.#sensors;
    for (let s = 0; s < this.#sensors; s++) this.#values[start + s] = (row[s]! - this.#mean[s]!) / this.#std[s]!;
    const length = this.size / this.#sensors;
    const wasFull = this.#rows === length;
    this.#rows = Math.min(length, this.#rows + 1);
    this.#since += 1;
    if (this.#rows < length || (wasFull && this.#since < this.#stride)) return undefined;
    this.#since = 0;
    return this.#values.slice();
  }

  reset(): void {
    this.#values.fill(0);
    this.#rows = 0;
    this.#since = 0;
  }

  snapshot(): unknown {
    const values = Array.from(this.#values, (value) => (Number.isNaN(value) ? null : value));
    return { rows: this.#rows, since: this.#since, values };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const rows = saved.index("rows", this.size / this.#sensors);
    const since = saved.index("since", Number.MAX_SAFE_INTEGER);
    const values = saved.list("values", this.size);
    if (values.length !== this.size || !values.every((value) => value === null || Number.isFinite(value))) {
      throw new StateError(`values: expected ${this.size} numbers or nulls`);
    }
    this.#values.set(values.map((value) => (value === null ? Number.NaN : (value as number))));
    this.#rows = rows;
    this.#since = since;
  }
}
