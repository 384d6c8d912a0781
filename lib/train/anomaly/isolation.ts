import { type IsolationDocument, searchLength } from "../../model/predictors/anomaly/isolation";
import { encoded } from "../../model/predictors/arrays";
import { loadPredictor } from "../../model/predictors/load";
import { integerWithin } from "../../numeric/limits";
import { Breather } from "../breather";
import { checkSamples, type Matrix, type TrainingControl } from "../data";
import { drawn, type Random, seededRandom } from "../random";
import { calibrated } from "./calibrate";

export interface IsolationOptions {
  readonly trees: number;
  /** Rows that each tree is grown on; more hide anomalies behind each other. */
  readonly sample: number;
  readonly seed: number;
}

export const ISOLATION_DEFAULTS: IsolationOptions = { trees: 200, sample: 256, seed: 1 };

interface Node {
  feature: number;
  threshold: number;
  left: number;
  missingRight: boolean;
}

/**
 * An isolation forest: rows that random cuts soon set apart are unusual (Liu, Ting and Zhou 2008, ICDM). Memory and time
 * do not grow with the rows beyond one pass that calibrates the score.
 * @throws TrainingError, RangeError, or the signal's reason
 */
export async function trainIsolation(
  rows: Matrix,
  options: Partial<IsolationOptions> = {},
  control: TrainingControl = {},
): Promise<IsolationDocument> {
  checkSamples({ features: rows, target: new Float64Array(rows.rows) });
  const { trees, sample, seed } = { ...ISOLATION_DEFAULTS, ...options };
  integerWithin("trees", trees, 1, 10_000);
  const size = Math.min(integerWithin("sample", sample, 2, 100_000), rows.rows);
  const random = seededRandom(integerWithin("seed", seed, 0, 2 ** 32 - 1));
  const breather = new Breather(control.signal);
  const places = Int32Array.from({ length: rows.rows }, (_, row) => row);
  const roots: number[] = [];
  const nodes: Node[] = [];
  for (let tree = 0; tree < trees; tree++) {
    await breather.breathe();
    roots.push(nodes.length);
    grow(rows, drawn(places, size, random).slice(), Math.ceil(Math.log2(size)), nodes, random);
    control.onProgress?.({ done: (tree + 1) / trees, round: tree + 1, trainingLoss: Number.NaN });
  }
  return withCalibration(rows, {
    kind: "isolation",
    inputs: rows.columns,
    sample: size,
    roots: encoded(Int32Array.from(roots)),
    feature: encoded(Int16Array.from(nodes, ({ feature }) => feature)),
    threshold: encoded(Float64Array.from(nodes, ({ threshold }) => threshold)),
    left: encoded(Int32Array.from(nodes, ({ left }) => left)),
    missingRight: encoded(Uint8Array.from(nodes, ({ missingRight }) => (missingRight ? 1 : 0))),
  });
}

function withCalibration(rows: Matrix, forest: Omit<IsolationDocument, "calibration">): IsolationDocument {
  const rough = loadPredictor({ ...forest, calibration: { quantiles: [0, 1], excess: 1 } });
  const scores = rough.predict(rows.values, rows.rows).filter((_, i) => i % 2 === 0);
  return { ...forest, calibration: calibrated(scores) };
}

/** Appends the nodes of one tree, parents before children and children side by side. */
function grow(rows: Matrix, root: Int32Array, maxDepth: number, nodes: Node[], random: Random): void {
  const open = [{ node: nodes.length, places: root, depth: 0 }];
  nodes.push(leaf(0));
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { node, places, depth } = next;
    const cut = depth < maxDepth ? randomCut(rows, places, random) : undefined;
    if (cut === undefined) {
      nodes[node]!.threshold = depth + searchLength(places.length);
      continue;
    }
    const value = (place: number): number => rows.values[place * rows.columns + cut.feature]!;
    const left = places.filter((place) => value(place) <= cut.threshold);
    const right = places.filter((place) => value(place) > cut.threshold);
    const missing = places.filter((place) => Number.isNaN(value(place)));
    const missingRight = right.length > left.length;
    nodes[node] = { ...cut, left: nodes.length, missingRight };
    const both = [left, right].map((side, i) =>
      missingRight === (i === 1) ? Int32Array.of(...side, ...missing) : side,
    );
    both.forEach((side, i) => {
      open.push({ node: nodes.length + i, places: side, depth: depth + 1 });
    });
    nodes.push(leaf(0), leaf(0));
  }
}

const leaf = (length: number): Node => ({ feature: -1, threshold: length, left: 0, missingRight: false });

/** A uniform cut of a feature in which the rows differ; undefined when they are all alike. */
function randomCut(
  rows: Matrix,
  places: Int32Array,
  random: Random,
): { feature: number; threshold: number } | undefined {
  if (places.length < 2) return undefined;
  const first = random.below(rows.columns);
  for (let i = 0; i < rows.columns; i++) {
    const feature = (first + i) % rows.columns;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const place of places) {
      const value = rows.values[place * rows.columns + feature]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low >= high) continue;
    const threshold = low + random.uniform() * (high - low);
    return { feature, threshold: threshold < high ? threshold : low };
  }
  return undefined;
}
