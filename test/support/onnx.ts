/**
 * Writes ONNX models, for tests and benches: the messages of onnx.proto that a small graph needs, in protobuf's wire format.
 * Field numbers are those of onnx/onnx.proto, IR version 8.
 */

const VARINT = 0;
const BYTES = 2;

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const integer = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([varint(field * 8 + VARINT), varint(value)]);
const bytes = (field: number, data: Buffer | string): Buffer => {
  const content = Buffer.from(data);
  return Buffer.concat([varint(field * 8 + BYTES), varint(content.length), content]);
};

/** TensorProto.DataType */
export const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, string: 8, bool: 9, float64: 11 } as const;
export type OnnxType = keyof typeof TYPES;

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;
}

export interface OnnxValue {
  readonly name: string;
  /** A text is a free dimension's name. */
  readonly shape: readonly (number | string)[];
  readonly type?: OnnxType;
}

/** A graph that a node runs, such as the body of a loop. It may use the values of the graph around it. */
export type OnnxBody = Omit<OnnxGraph, "weights">;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whole numbers, lists of them, or graphs. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

type Attribute = number | readonly number[] | OnnxBody;

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly weights?: readonly OnnxTensor[];
}

/** The bytes of a .onnx file. */
export function onnxModel(graph: OnnxGraph, opset = 13): Buffer {
  const operators = bytes(8, Buffer.concat([bytes(1, ""), integer(2, opset)]));
  return Buffer.concat([integer(1, 8), bytes(7, graphProto(graph)), operators]);
}

function graphProto({ inputs, outputs, nodes, weights = [] }: OnnxGraph): Buffer {
  return Buffer.concat([
    ...nodes.map((node) => bytes(1, nodeProto(node))),
    bytes(2, "graph"),
    ...weights.map((weight) => bytes(5, tensorProto(weight))),
    ...inputs.map((value) => bytes(11, valueInfo(value))),
    ...outputs.map((value) => bytes(12, valueInfo(value))),
  ]);
}

function nodeProto({ op, inputs, outputs, attributes = {} }: OnnxNode): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attributeProto(name, value))),
  ]);
}

/** AttributeProto: type INT is 2, GRAPH 5, INTS 7. */
function attributeProto(name: string, value: Attribute): Buffer {
  return Buffer.concat([bytes(1, name), ...attributeValue(value)]);
}

function attributeValue(value: Attribute): Buffer[] {
  if (typeof value === "number") return [integer(3, value), integer(20, 2)];
  if ("nodes" in value) return [bytes(6, graphProto(value)), integer(20, 5)];
  return [...value.map((each) => integer(8, each)), integer(20, 7)];
}

function tensorProto({ name, shape, data }: OnnxTensor): Buffer {
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([
    ...shape.map((size) => integer(1, size)),
    integer(2, typeOf(data)),
    bytes(8, name),
    bytes(9, raw),
  ]);
}

function typeOf(data: OnnxTensor["data"]): number {
  if (data instanceof Float32Array) return TYPES.float32;
  if (data instanceof Float64Array) return TYPES.float64;
  if (data instanceof Int8Array) return TYPES.int8;
  if (data instanceof Uint8Array) return TYPES.uint8;
  return data instanceof Int32Array ? TYPES.int32 : TYPES.int64;
}

function valueInfo({ name, shape, type = "float32" }: OnnxValue): Buffer {
  const dimensions = shape.map((size) => bytes(1, typeof size === "number" ? integer(1, size) : bytes(2, size)));
  const tensorType = Buffer.concat([integer(1, TYPES[type]), bytes(2, Buffer.concat(dimensions))]);
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, tensorType))]);
}

/** y = relu(x W + b) with W = [[1, -1], [2, 3]] and b = [0.5, -10]: relu gives [x1 + 2 x2 + 0.5, -x1 + 3 x2 - 10] where positive. */
export function reluModel(bias: readonly [number, number] = [0.5, -10], batch: number | string = "N"): Buffer {
  return onnxModel({
    inputs: [{ name: "x", shape: [batch, 2] }],
    outputs: [{ name: "y", shape: [batch, 2] }],
    nodes: [
      { op: "Gemm", inputs: ["x", "W", "b"], outputs: ["h"] },
      { op: "Relu", inputs: ["h"], outputs: ["y"] },
    ],
    weights: [
      { name: "W", shape: [2, 2], data: Float32Array.of(1, -1, 2, 3) },
      { name: "b", shape: [2], data: Float32Array.from(bias) },
    ],
  });
}

/** y = sum over the window of x with kernel [1, 0, -1] on one channel: x[i] - x[i + 2], shape [N, 1, length - 2]. */
export function convModel(length: number): Buffer {
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 1, length] }],
    outputs: [{ name: "y", shape: ["N", 1, length - 2] }],
    nodes: [{ op: "Conv", inputs: ["x", "K"], outputs: ["y"], attributes: { kernel_shape: [3] } }],
    weights: [{ name: "K", shape: [1, 1, 3], data: Float32Array.of(1, 0, -1) }],
  });
}

/**
 * A dynamically quantised layer, as quantize_dynamic makes them: x is quantised to uint8 at run time, multiplied with int8 weights
 * in integers, and scaled back. W = [[64, -64], [127, 0]] / 64, so y is about [x1 + 1.984 x2, -x1].
 */
export function int8Model(): Buffer {
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 2] }],
    outputs: [{ name: "y", shape: ["N", 2] }],
    nodes: [
      { op: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "scale", "zero"] },
      { op: "MatMulInteger", inputs: ["q", "W", "zero", "wZero"], outputs: ["product"] },
      { op: "Cast", inputs: ["product"], outputs: ["real"], attributes: { to: TYPES.float32 } },
      { op: "Mul", inputs: ["scale", "wScale"], outputs: ["both"] },
      { op: "Mul", inputs: ["real", "both"], outputs: ["y"] },
    ],
    weights: [
      { name: "W", shape: [2, 2], data: Int8Array.of(64, -64, 127, 0) },
      { name: "wZero", shape: [], data: Int8Array.of(0) },
      { name: "wScale", shape: [], data: Float32Array.of(1 / 64) },
    ],
  });
}

/** A statically quantised layer: int8 in, int8 weights, int8 out (QLinearMatMul, all scales 0.5 and zero points 0). */
export function qlinearModel(): Buffer {
  const scale = (name: string) => ({ name, shape: [], data: Float32Array.of(0.5) });
  const zero = (name: string) => ({ name, shape: [], data: Int8Array.of(0) });
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 2], type: "int8" }],
    outputs: [{ name: "y", shape: ["N", 1], type: "int8" }],
    nodes: [
      {
        op: "QLinearMatMul",
        inputs: ["x", "xs", "xz", "W", "ws", "wz", "ys", "yz"],
        outputs: ["y"],
      },
    ],
    weights: [
      ...[scale("xs"), zero("xz"), scale("ws"), zero("wz"), scale("ys"), zero("yz")],
      { name: "W", shape: [2, 1], data: Int8Array.of(2, 4) },
    ],
  });
}

/** y = tanh(tanh(…(x))), as many times as the largest of x times `factor`: runs for ever when that is large enough. */
export function loopModel(factor = 1): Buffer {
  const row = ["N", 2] as const;
  const body: OnnxBody = {
    inputs: [
      { name: "i", shape: [], type: "int64" },
      { name: "more", shape: [], type: "bool" },
      { name: "v", shape: row },
    ],
    outputs: [
      { name: "still more", shape: [], type: "bool" },
      { name: "next", shape: row },
    ],
    nodes: [
      { op: "Identity", inputs: ["more"], outputs: ["still more"] },
      { op: "Tanh", inputs: ["v"], outputs: ["next"] },
    ],
  };
  return onnxModel({
    inputs: [{ name: "x", shape: row }],
    outputs: [{ name: "y", shape: row }],
    nodes: [
      { op: "ReduceMax", inputs: ["x"], outputs: ["largest"], attributes: { keepdims: 0 } },
      { op: "Mul", inputs: ["largest", "factor"], outputs: ["product"] },
      { op: "Cast", inputs: ["product"], outputs: ["times"], attributes: { to: TYPES.int64 } },
      { op: "Loop", inputs: ["times", "", "x"], outputs: ["y"], attributes: { body } },
    ],
    weights: [{ name: "factor", shape: [], data: Float32Array.of(factor) }],
  });
}

/** y = x + 0, for which it first makes so many zeros of four bytes. */
export function greedyModel(zeros: number): Buffer {
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 2] }],
    outputs: [{ name: "y", shape: ["N", 2] }],
    nodes: [
      { op: "ConstantOfShape", inputs: ["count"], outputs: ["zeros"] },
      { op: "ReduceMax", inputs: ["zeros"], outputs: ["zero"], attributes: { keepdims: 0 } },
      { op: "Add", inputs: ["x", "zero"], outputs: ["y"] },
    ],
    weights: [{ name: "count", shape: [1], data: BigInt64Array.of(BigInt(zeros)) }],
  });
}
