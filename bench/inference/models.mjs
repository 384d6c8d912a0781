import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";

// The writer of ONNX files that the tests use is TypeScript.
const source = readFileSync(new URL("../../test/support/onnx.ts", import.meta.url), "utf8");
const { code } = transformSync(source, { loader: "ts", format: "esm" });
const { onnxModel } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

/** Reproducible numbers from -0.5 to 0.5 (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32 - 0.5;
  };
}

function weight(name, shape, next) {
  const size = shape.reduce((product, each) => product * each, 1);
  return { name, shape, data: Float32Array.from({ length: size }, () => next()) };
}

/** Layers of 64 and 32 on 16 inputs, one output. */
export function mlp() {
  const next = numbers(1);
  const layer = (i, inputs, outputs, relu) => ({
    nodes: [
      { op: "Gemm", inputs: [`v${i}`, `W${i}`, `b${i}`], outputs: [relu ? `h${i}` : "y"] },
      ...(relu ? [{ op: "Relu", inputs: [`h${i}`], outputs: [`v${i + 1}`] }] : []),
    ],
    weights: [weight(`W${i}`, [inputs, outputs], next), weight(`b${i}`, [outputs], next)],
  });
  const layers = [layer(0, 16, 64, true), layer(1, 64, 32, true), layer(2, 32, 1, false)];
  return onnxModel({
    inputs: [{ name: "v0", shape: ["N", 16] }],
    outputs: [{ name: "y", shape: ["N", 1] }],
    nodes: layers.flatMap(({ nodes }) => nodes),
    weights: layers.flatMap(({ weights }) => weights),
  });
}

/** Two convolutions over `length` rows of three channels, mean over time, two classes. */
export function cnn(length, channels) {
  const next = numbers(2);
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 3, length] }],
    outputs: [{ name: "y", shape: ["N", 2] }],
    nodes: [
      { op: "Conv", inputs: ["x", "K1"], outputs: ["c1"], attributes: { kernel_shape: [5] } },
      { op: "Relu", inputs: ["c1"], outputs: ["r1"] },
      { op: "Conv", inputs: ["r1", "K2"], outputs: ["c2"], attributes: { kernel_shape: [5] } },
      { op: "Relu", inputs: ["c2"], outputs: ["r2"] },
      { op: "GlobalAveragePool", inputs: ["r2"], outputs: ["p"] },
      { op: "Flatten", inputs: ["p"], outputs: ["f"] },
      { op: "Gemm", inputs: ["f", "W", "b"], outputs: ["y"] },
    ],
    weights: [
      weight("K1", [channels, 3, 5], next),
      weight("K2", [channels, channels, 5], next),
      weight("W", [channels, 2], next),
      weight("b", [2], next),
    ],
  });
}

/** Complete trees of the given depth: as objects, and as the pack stores them. */
export function trees(count, depth, inputs) {
  const next = numbers(3);
  const grow = (left) =>
    left === 0
      ? { value: next() }
      : { feature: Math.floor((next() + 0.5) * inputs), threshold: next(), low: grow(left - 1), high: grow(left - 1) };
  const roots = Array.from({ length: count }, () => grow(depth));
  return { roots, document: stored(roots, inputs) };
}

function stored(roots, inputs) {
  const feature = [];
  const threshold = [];
  const left = [];
  // Two children stand beside each other: a node's place is kept before it is written.
  const write = (node, at) => {
    feature[at] = node.feature ?? -1;
    threshold[at] = node.threshold ?? node.value;
    left[at] = 0;
    if (node.feature === undefined) return;
    left[at] = feature.length;
    feature.push(0, 0);
    const children = left[at];
    write(node.low, children);
    write(node.high, children + 1);
  };
  const starts = roots.map((root) => {
    const at = feature.length;
    feature.push(0);
    write(root, at);
    return at;
  });
  const base64 = (array) => Buffer.from(array.buffer).toString("base64");
  return {
    ...{ kind: "trees", inputs, outputs: 1, link: "identity", base: [0] },
    roots: base64(Int32Array.from(starts)),
    feature: base64(Int16Array.from(feature)),
    threshold: base64(Float64Array.from(threshold)),
    left: base64(Int32Array.from(left)),
    missingRight: base64(new Uint8Array(feature.length)),
  };
}

/** The peer for trees: follows objects, as one would write it first. */
export function evaluate(roots, row) {
  let sum = 0;
  for (let node of roots) {
    while (node.feature !== undefined) node = row[node.feature] <= node.threshold ? node.low : node.high;
    sum += node.value;
  }
  return sum;
}
