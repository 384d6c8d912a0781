import { ModelError, type TensorInfo } from "../../model/contract";
import { dataOf, elementsOf, type Tensor, type Tensors } from "../tensor";

/** Deepest nesting of lists. */
const MAX_RANK = 8;

type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * A message's payload as a model's inputs: a typed array, nested lists of numbers, `{data, shape}`, or an object with one of these
 * for each input. Where the shape does not say how many samples there are, that follows from the number of values.
 * @throws ModelError naming the input and what was expected
 */
export function tensorInputs(payload: unknown, infos: readonly TensorInfo[]): Tensors {
  const [only] = infos;
  if (infos.length === 1 && only && isTensorLike(payload)) return new Map([[only.name, tensorOf(payload, only)]]);
  const names = infos.map(({ name }) => name).join(", ");
  if (typeof payload !== "object" || payload === null || isTensorLike(payload)) {
    throw new ModelError(`expected numbers for the inputs ${names}, as an object of arrays`);
  }
  const given = new Map(Object.entries(payload));
  const unknown = [...given.keys()].find((name) => !infos.some((info) => info.name === name));
  if (unknown !== undefined) throw new ModelError(`the model has no input "${unknown}": it has ${names}`);
  return new Map(
    infos.map((info) => {
      if (!given.has(info.name)) throw new ModelError(`input "${info.name}" is missing`);
      return [info.name, tensorOf(given.get(info.name), info)];
    }),
  );
}

/** Whether a payload can be nothing but a tensor: no reading, nor a list of them. */
export function isTensorLike(payload: unknown): boolean {
  if (ArrayBuffer.isView(payload)) return true;
  if (Array.isArray(payload))
    return payload.length > 0 && (typeof payload[0] === "number" || Array.isArray(payload[0]));
  return typeof payload === "object" && payload !== null && "data" in payload && "shape" in payload;
}

function tensorOf(value: unknown, info: TensorInfo): Tensor {
  const { values, shape } = flattened(value, info.name);
  const kind = info.type === "string" ? "string" : "number";
  const wrong = Array.isArray(values) ? values.findIndex((each) => typeof each !== kind) : -1;
  if (wrong >= 0) throw new ModelError(`input "${info.name}", value ${wrong + 1}: expected a ${kind}`);
  const sizes = fitted(shape, values.length, info);
  const data =
    kind === "string" ? (values as readonly string[]) : dataOf(info.name, info.type, values as ArrayLike<number>);
  return { type: info.type, shape: sizes, data };
}

interface Flat {
  readonly values: ArrayLike<unknown>;
  /** Undefined for typed arrays, which have none. */
  readonly shape?: readonly number[];
}

function flattened(value: unknown, name: string): Flat {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return { values: value as Numbers };
  if (Array.isArray(value)) {
    const shape = nestingOf(value, name);
    const values = value.flat(MAX_RANK);
    if (values.length !== elementsOf(shape)) throw new ModelError(`input "${name}": the lists are not equally long`);
    return { values, shape };
  }
  if (typeof value === "object" && value !== null && "data" in value && "shape" in value) {
    const { shape } = value;
    if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && size > 0)) {
      throw new ModelError(`input "${name}": shape: expected whole numbers above 0`);
    }
    return { values: flattened(value.data, name).values, shape };
  }
  throw new ModelError(`input "${name}": expected a typed array, lists of numbers, or {data, shape}`);
}

function nestingOf(list: readonly unknown[], name: string): number[] {
  const shape: number[] = [];
  let level: unknown = list;
  while (Array.isArray(level)) {
    if (level.length === 0) throw new ModelError(`input "${name}": an empty list`);
    if (shape.length === MAX_RANK) throw new ModelError(`input "${name}": lists nested more than ${MAX_RANK} deep`);
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

/** The shape as it was given, also without the number of samples; a flat list of the right length takes the model's. */
function fitted(shape: readonly number[] | undefined, length: number, info: TensorInfo): readonly number[] {
  if (shape && shape.length === info.shape.length) return shape;
  if (shape && shape.length > 1 && shape.length === info.shape.length - 1) return [1, ...shape];
  const sizes = info.shape.map((size) => Math.max(1, size));
  const samples = length / elementsOf(sizes);
  const isFlat = shape === undefined || shape.length === 1;
  if (isFlat && Number.isInteger(samples) && samples > 0 && (info.shape[0] === -1 || samples === 1)) {
    return sizes.length === 0 ? sizes : sizes.with(0, (sizes[0] as number) * samples);
  }
  throw new ModelError(
    `input "${info.name}": expected shape [${info.shape.join(", ")}], got ${shape ? `[${shape.join(", ")}]` : `${length} values`}`,
  );
}
