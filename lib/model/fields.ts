import { isPrototypeKey } from "../reading/check";
import { ModelError } from "./contract";

/** Checked access to the fields of an object from outside; every error names the field and what was expected. */
export class Fields {
  readonly #entries: ReadonlyMap<string, unknown>;

  /** @throws ModelError when the value is not an object */
  constructor(
    private readonly path: string,
    value: unknown,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ModelError(`${path}: expected an object`);
    }
    this.#entries = new Map(Object.entries(value));
  }

  any(field: string): unknown {
    return this.#entries.get(field);
  }

  text(field: string, max: number): string {
    const value = this.any(field);
    if (typeof value === "string" && value !== "" && value.length <= max) return value;
    throw new ModelError(`${this.path}.${field}: expected a text of 1 to ${max} characters`);
  }

  number(field: string, min: number, max: number): number {
    const value = this.any(field);
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw new ModelError(`${this.path}.${field}: expected a number from ${min} to ${max}`);
  }

  integer(field: string, min: number, max: number): number {
    const value = this.any(field);
    if (Number.isInteger(value)) return this.number(field, min, max);
    throw new ModelError(`${this.path}.${field}: expected a whole number from ${min} to ${max}`);
  }

  oneOf<const T extends string>(field: string, options: readonly T[]): T {
    const value = this.any(field);
    const found = options.find((option) => option === value);
    if (found !== undefined) return found;
    throw new ModelError(`${this.path}.${field}: expected one of ${options.join(", ")}`);
  }

  list<T>(field: string, min: number, max: number, check: (value: unknown, path: string) => T): T[] {
    const value = this.any(field);
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw new ModelError(`${this.path}.${field}: expected a list of ${min} to ${max}`);
    }
    return value.map((item, i) => check(item, `${this.path}.${field}[${i}]`));
  }

  optional<T>(field: string, check: (value: unknown, path: string) => T): T | undefined {
    const value = this.any(field);
    return value === undefined ? undefined : check(value, `${this.path}.${field}`);
  }

  /** Every field, each checked in the same way; the result has no prototype. */
  mapOf<T>(max: number, check: (value: unknown, path: string) => T): Readonly<Record<string, T>> {
    if (this.#entries.size > max) throw new ModelError(`${this.path}: expected at most ${max} fields`);
    const result: Record<string, T> = Object.create(null);
    for (const [field, value] of this.#entries) {
      if (isPrototypeKey(field)) throw new ModelError(`${this.path}: the name "${field}" is reserved`);
      result[field] = check(value, `${this.path}.${field}`);
    }
    return result;
  }

  numbers(max: number): Readonly<Record<string, number>> {
    return this.mapOf(max, (value, path) => {
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new ModelError(`${path}: expected a finite number`);
    });
  }
}
