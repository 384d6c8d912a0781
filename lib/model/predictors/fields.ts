import { ModelError } from "../contract";
import { decoded } from "./arrays";

/** Checked access to the fields of a model, which comes from a file and is therefore not trusted. */
export class ModelFields {
  readonly #fields: ReadonlyMap<string, unknown>;

  /**
   * @param path where the part lies in the model, for messages; "" for the whole
   * @throws ModelError when it is not an object
   */
  constructor(
    part: unknown,
    readonly path: string,
  ) {
    if (typeof part !== "object" || part === null || Array.isArray(part)) this.fail("", "an object");
    this.#fields = new Map(Object.entries(part as object));
  }

  /** @throws ModelError naming the field and what was expected */
  fail(field: string, expected: string): never {
    const name = [this.path, field].filter((part) => part !== "").join(".");
    throw new ModelError(`${name === "" ? "model" : name}: expected ${expected}`);
  }

  any(field: string): unknown {
    return this.#fields.get(field);
  }

  text(field: string): string {
    const value = this.#fields.get(field);
    return typeof value === "string" ? value : this.fail(field, "a text");
  }

  oneOf<Choice extends string>(field: string, choices: readonly Choice[]): Choice {
    const value = this.#fields.get(field);
    return choices.find((choice) => choice === value) ?? this.fail(field, `one of ${choices.join(", ")}`);
  }

  integer(field: string, min: number, max: number): number {
    const value = this.#fields.get(field);
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.fail(field, `a whole number from ${min} to ${max}`);
  }

  number(field: string): number {
    const value = this.#fields.get(field);
    return typeof value === "number" && Number.isFinite(value) ? value : this.fail(field, "a finite number");
  }

  flag(field: string): boolean {
    const value = this.#fields.get(field);
    return typeof value === "boolean" ? value : this.fail(field, "true or false");
  }

  list(field: string, min: number, max: number): readonly unknown[] {
    const value = this.#fields.get(field);
    if (Array.isArray(value) && value.length >= min && value.length <= max) return value;
    return this.fail(field, min === max ? `a list of ${min}` : `a list of ${min} to ${max}`);
  }

  numbers(field: string, min: number, max = min): readonly number[] {
    const values = this.list(field, min, max);
    return values.every(Number.isFinite) ? (values as readonly number[]) : this.fail(field, "finite numbers");
  }

  /** Finite doubles. */
  doubles(field: string, min: number, max = min): Float64Array {
    return this.#finite(field, new Float64Array(this.#bytes(field, 8, min, max)));
  }

  /** Finite single-precision numbers. */
  floats(field: string, min: number, max = min): Float32Array {
    return this.#finite(field, new Float32Array(this.#bytes(field, 4, min, max)));
  }

  int32(field: string, min: number, max = min): Int32Array {
    return new Int32Array(this.#bytes(field, 4, min, max));
  }

  int16(field: string, min: number, max = min): Int16Array {
    return new Int16Array(this.#bytes(field, 2, min, max));
  }

  bytes(field: string, min: number, max = min): Uint8Array {
    return new Uint8Array(this.#bytes(field, 1, min, max));
  }

  #bytes(field: string, size: number, min: number, max: number): ArrayBuffer {
    const expected = `base64 of ${min === max ? min : `${min} to ${max}`} numbers of ${size} bytes`;
    const text = this.#fields.get(field);
    if (typeof text !== "string" || text.length > 4 * Math.ceil((max * size) / 3)) this.fail(field, expected);
    const bytes = decoded(text as string, size);
    const count = (bytes?.byteLength ?? -1) / size;
    return bytes !== undefined && count >= min && count <= max ? bytes : this.fail(field, expected);
  }

  #finite<Values extends Float32Array | Float64Array>(field: string, values: Values): Values {
    return values.every((value) => Number.isFinite(value)) ? values : this.fail(field, "finite numbers");
  }
}
