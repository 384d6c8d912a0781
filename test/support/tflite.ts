import { Builder } from "flatbuffers";

/**
 * Writes a TensorFlow Lite model with one fully connected layer, for tests. Field numbers are those of tensorflow's
 * schema_v3c.fbs. The function is that of `reluModel`: y = relu(x W + b), W = [[1, -1], [2, 3]], b = [0.5, -10], one sample.
 */
export function tfliteModel(): Buffer {
  const b = new Builder(1024);
  const buffers = offsets(b, [
    bufferOf(b),
    // Fully connected layers keep their weights transposed.
    bufferOf(b, Float32Array.of(1, 2, -1, 3)),
    bufferOf(b, Float32Array.of(0.5, -10)),
  ]);
  const tensors = offsets(b, [
    tensorOf(b, "x", [1, 2], 0),
    tensorOf(b, "W", [2, 2], 1),
    tensorOf(b, "b", [2], 2),
    tensorOf(b, "y", [1, 2], 0),
  ]);
  const [inputs, outputs] = [integers(b, [0]), integers(b, [3])];
  const operators = offsets(b, [fullyConnected(b)]);
  b.startObject(5);
  b.addFieldOffset(0, tensors, 0);
  b.addFieldOffset(1, inputs, 0);
  b.addFieldOffset(2, outputs, 0);
  b.addFieldOffset(3, operators, 0);
  const graphs = offsets(b, [b.endObject()]);
  b.startObject(4);
  b.addFieldInt8(0, FULLY_CONNECTED, 0);
  b.addFieldInt32(2, 1, 0);
  b.addFieldInt32(3, FULLY_CONNECTED, 0);
  const codes = offsets(b, [b.endObject()]);
  b.startObject(8);
  b.addFieldInt32(0, 3, 0);
  b.addFieldOffset(1, codes, 0);
  b.addFieldOffset(2, graphs, 0);
  b.addFieldOffset(4, buffers, 0);
  b.finish(b.endObject(), "TFL3");
  return Buffer.from(b.asUint8Array());
}

/** BuiltinOperator.FULLY_CONNECTED, BuiltinOptions.FullyConnectedOptions, ActivationFunctionType.RELU */
const FULLY_CONNECTED = 9;
const FULLY_CONNECTED_OPTIONS = 8;
const RELU = 1;

function fullyConnected(b: Builder): number {
  b.startObject(1);
  b.addFieldInt8(0, RELU, 0);
  const options = b.endObject();
  const [inputs, outputs] = [integers(b, [0, 1, 2]), integers(b, [3])];
  b.startObject(5);
  b.addFieldOffset(1, inputs, 0);
  b.addFieldOffset(2, outputs, 0);
  b.addFieldInt8(3, FULLY_CONNECTED_OPTIONS, 0);
  b.addFieldOffset(4, options, 0);
  return b.endObject();
}

function tensorOf(b: Builder, name: string, shape: readonly number[], buffer: number): number {
  const [text, sizes] = [b.createString(name), integers(b, shape)];
  b.startObject(4);
  b.addFieldOffset(0, sizes, 0);
  b.addFieldInt32(2, buffer, 0);
  b.addFieldOffset(3, text, 0);
  return b.endObject();
}

function bufferOf(b: Builder, data?: Float32Array): number {
  const bytes = new Uint8Array(data?.buffer ?? new ArrayBuffer(0));
  b.startVector(1, bytes.length, 16);
  for (const byte of [...bytes].reverse()) b.addInt8((byte << 24) >> 24);
  const vector = b.endVector();
  b.startObject(1);
  if (data) b.addFieldOffset(0, vector, 0);
  return b.endObject();
}

function integers(b: Builder, values: readonly number[]): number {
  b.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) b.addInt32(value);
  return b.endVector();
}

function offsets(b: Builder, values: readonly number[]): number {
  b.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) b.addOffset(value);
  return b.endVector();
}
