/** A saved state that does not fit: of another configuration, damaged, or not ours. The series then starts afresh. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** What can be kept over a restart: `snapshot` gives a JSON-compatible value, from which `restore` continues exactly. */
export interface Snapshotable {
  snapshot(): unknown;
  /** @throws StateError when the value is not a snapshot of the same configuration */
  restore(state: unknown): void;
}

/** Checked access to the fields of a saved state, which comes from a file and is therefore not trusted. */
export class SavedState {
  readonly #fields: ReadonlyMap<string, unknown>;

  /** @throws StateError when the state is not an object */
  constructor(state: unknown) {
    if (typeof state !== "object" || state === null || Array.isArray(state)) {
      throw new StateError("expected a saved state, which is an object");
    }
    this.#fields = new Map(Object.entries(state));
  }

  any(field: string): unknown {
    return this.#fields.get(field);
  }

  /** @throws StateError when the field is not a finite number */
  number(field: string): number {
    const value = this.#fields.get(field);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new StateError(`${field}: expected a finite number`);
  }

  /** Such as a sum of squares. @throws StateError when the field is not a finite number of at least 0 */
  notNegative(field: string): number {
    const value = this.number(field);
    if (value >= 0) return value;
    throw new StateError(`${field}: expected a number of at least 0`);
  }

  /** A number, or undefined where none was saved. */
  optionalNumber(field: string): number | undefined {
    const value = this.#fields.get(field);
    return value === undefined || value === null ? undefined : this.number(field);
  }

  /** @throws StateError when the field is not an integer from 0 to `max` */
  index(field: string, max: number): number {
    const value = this.number(field);
    if (Number.isInteger(value) && value >= 0 && value <= max) return value;
    throw new StateError(`${field}: expected an integer from 0 to ${max}`);
  }

  /** @throws StateError when the field is not an array of at most `max` entries */
  list(field: string, max: number): readonly unknown[] {
    const value = this.#fields.get(field);
    if (Array.isArray(value) && value.length <= max) return value;
    throw new StateError(`${field}: expected an array of at most ${max}`);
  }

  /**
   * The `values` of a ring of that capacity in the order of their places, and the place of the `next` one.
   * @throws StateError when there are more than fit, or the next one would leave a gap
   */
  ring(capacity: number): { readonly values: readonly number[]; readonly next: number } {
    const values = this.numbers("values", capacity);
    const next = this.index("next", capacity - 1);
    if (values.length === capacity || next === values.length) return { values, next };
    throw new StateError("next: does not fit the values");
  }

  /** @throws StateError when the field is not an array of at most `max` finite numbers */
  numbers(field: string, max: number): readonly number[] {
    const values = this.list(field, max);
    if (values.every(Number.isFinite)) return values as readonly number[];
    throw new StateError(`${field}: expected finite numbers`);
  }
}
