import { ModelError, type TensorInfo, type TensorType } from "../model/contract";

/** Values of a tensor, row-major. Booleans are 0 and 1; texts an array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int32Array
  | BigInt64Array
  | readonly string[];

export interface Tensor {
  readonly type: TensorType;
  /** The first dimension counts samples, where the model has a free or single first dimension. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** By the name of the model's input or output. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** Most values of one tensor. */
export const MAX_ELEMENTS = 2 ** 26;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int32: Int32Array,
} as const;

const RANGES: Partial<Record<TensorType, readonly [min: number, max: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** "[-1, 30, 3]" */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

export function emptyData(type: TensorType, length: number): TensorData {
  if (type === "string") return new Array<string>(length).fill("");
  return type === "int64" ? new BigInt64Array(length) : new ARRAYS[type](length);
}

/**
 * The numbers as data of a type; what does not fit is refused, not wrapped around.
 * @throws ModelError naming the tensor and the place
 */
export function dataOf(name: string, type: TensorType, values: ArrayLike<number>): TensorData {
  if (type === "string") throw new ModelError(`${name}: expected texts, got numbers`);
  const range = RANGES[type];
  for (let i = 0; range && i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isInteger(value) && value >= range[0] && value <= range[1]) continue;
    throw new ModelError(`${name}[${i}]: expected a whole number from ${range[0]} to ${range[1]}, got ${value}`);
  }
  if (type === "float32") return singles(name, values);
  if (type !== "int64") return ARRAYS[type].from(values);
  return BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i] as number));
}

/** NaN and Infinity stand as they came; a finite number must not become one. */
function singles(name: string, values: ArrayLike<number>): Float32Array {
  const data = Float32Array.from(values);
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i]) || !Number.isFinite(values[i])) continue;
    throw new ModelError(`${name}[${i}]: ${values[i]} is larger than a float32 can hold, which is at most 3.4e38`);
  }
  return data;
}

/** The data as numbers; texts are NaN. */
export function numbersOf(data: TensorData): Float64Array {
  if (data instanceof Float64Array) return data;
  if (data instanceof BigInt64Array || Array.isArray(data)) {
    return Float64Array.from({ length: data.length }, (_, i) => Number(data[i]));
  }
  return Float64Array.from(data as Float32Array);
}

/**
 * Whether a model's samples can be run together: every tensor counts samples in its first dimension, which is free, or 1 so
 * that the worker runs them one after the other.
 */
export function isBatched(infos: readonly TensorInfo[]): boolean {
  return infos.length > 0 && infos.every(({ shape }) => shape.length > 0 && (shape[0] === -1 || shape[0] === 1));
}

/**
 * Checks inputs against what the model takes, before they are sent to a worker.
 * @returns the number of samples
 * @throws ModelError naming the input and what was expected
 */
export function checkInputs(inputs: Tensors, infos: readonly TensorInfo[]): number {
  for (const name of inputs.keys()) {
    if (!infos.some((info) => info.name === name)) {
      throw new ModelError(`the model has no input "${name}": expected ${infos.map((info) => info.name).join(", ")}`);
    }
  }
  const batched = isBatched(infos);
  let count: number | undefined;
  for (const info of infos) {
    const tensor = inputs.get(info.name);
    if (!tensor) throw new ModelError(`input "${info.name}" is missing`);
    checkTensor(tensor, info, batched);
    const samples = batched ? (tensor.shape[0] as number) : 1;
    if (count !== undefined && samples !== count) {
      throw new ModelError(`input "${info.name}" has ${samples} samples, the others ${count}`);
    }
    count = samples;
  }
  return count ?? 0;
}

function checkTensor({ type, shape, data }: Tensor, info: TensorInfo, batched: boolean): void {
  const fits =
    shape.length === info.shape.length &&
    shape.every((size, i) => {
      if (!Number.isInteger(size) || size < 1) return false;
      const wanted = info.shape[i] as number;
      return size === wanted || wanted === -1 || (batched && i === 0);
    });
  const wanted = shapeText(info.shape);
  if (!fits) throw new ModelError(`input "${info.name}": expected shape ${wanted}, got ${shapeText(shape)}`);
  if (type !== info.type) throw new ModelError(`input "${info.name}": expected ${info.type}, got ${type}`);
  const elements = elementsOf(shape);
  if (elements > MAX_ELEMENTS) throw new ModelError(`input "${info.name}": more than ${MAX_ELEMENTS} values`);
  if (data.length !== elements) {
    throw new ModelError(`input "${info.name}": shape ${shapeText(shape)} has ${elements} values, got ${data.length}`);
  }
}

/** Shapes of one sample: only samples of equal ones can be run together. */
export function sampleShape(inputs: Tensors): string {
  return [...inputs].map(([name, { shape }]) => `${name}:${shape.slice(1).join("x")}`).join(";");
}

/** A view is sent to another thread with all the memory behind it: here only its own part remains. */
export function ownMemory(tensors: Tensors): Tensors {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const { data } = tensor;
      const isPart = ArrayBuffer.isView(data) && data.byteLength < data.buffer.byteLength;
      return [name, isPart ? { ...tensor, data: data.slice() } : tensor];
    }),
  );
}

/** Puts the samples of several requests into one, in their order. All have the same sample shape. */
export function stacked(requests: readonly Tensors[]): Tensors {
  const [first] = requests;
  if (!first || requests.length === 1) return ownMemory(first ?? new Map());
  return new Map(
    [...first.keys()].map((name) => [name, stackedTensor(requests.map((one) => one.get(name) as Tensor))]),
  );
}

function stackedTensor(tensors: readonly Tensor[]): Tensor {
  const { type, shape } = tensors[0] as Tensor;
  const count = tensors.reduce((sum, tensor) => sum + (tensor.shape[0] as number), 0);
  const whole = [count, ...shape.slice(1)];
  if (type === "string") return { type, shape: whole, data: tensors.flatMap(({ data }) => data as readonly string[]) };
  const data = emptyData(type, elementsOf(whole)) as Float32Array;
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data as Float32Array, at);
    at += tensor.data.length;
  }
  return { type, shape: whole, data };
}

/** The samples from `start` on, as views of the same memory. */
export function samplesFrom(tensors: Tensors, start: number, count: number): Tensors {
  return new Map(
    [...tensors].map(([name, { type, shape, data }]) => {
      const each = elementsOf(shape.slice(1));
      const [from, to] = [start * each, (start + count) * each];
      const part = Array.isArray(data) ? data.slice(from, to) : (data as Float32Array).subarray(from, to);
      return [name, { type, shape: [count, ...shape.slice(1)], data: part }];
    }),
  );
}
