import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/** The first rows, which a detector learns from at once. NaN marks what is missing. */
export class FitRows implements Snapshotable {
  #rows: Float64Array[] = [];

  constructor(
    readonly sensors: number,
    readonly capacity: number,
  ) {}

  get isFull(): boolean {
    return this.#rows.length >= this.capacity;
  }

  push(row: Float64Array): void {
    this.#rows.push(row.slice());
  }

  /** The rows, which are then forgotten. */
  take(): readonly Float64Array[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  clear(): void {
    this.#rows = [];
  }

  snapshot(): unknown {
    return { rows: rowsToSave(this.#rows) };
  }

  restore(state: unknown): void {
    this.#rows = savedRows(new SavedState(state), "rows", this.sensors, this.capacity);
  }
}

/** JSON knows no NaN: what is missing is saved as null. */
export function rowsToSave(rows: readonly ArrayLike<number>[]): (number | null)[][] {
  return rows.map((row) => Array.from(row, (value) => (Number.isNaN(value) ? null : value)));
}

/** @throws StateError when the field is not a list of at most `most` rows of `sensors` numbers */
export function savedRows(saved: SavedState, field: string, sensors: number, most: number): Float64Array[] {
  return saved.list(field, most).map((row) => {
    if (!Array.isArray(row) || row.length !== sensors) throw new StateError(`${field}: expected rows of ${sensors}`);
    return Float64Array.from(row, (value: unknown) => {
      if (value === null) return Number.NaN;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new StateError(`${field}: expected numbers or null`);
    });
  });
}
