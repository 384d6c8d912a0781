import type { TreesDocument } from "../../model/predictors/trees";
import { Breather } from "../breather";
import { checkSamples, type Samples, type TrainingControl, TrainingError } from "../data";
import { checkTarget, type Loss, lossOf, weightedQuantile } from "../losses";
import { drawn, type Random, seededRandom } from "../random";
import { type BinEdges, type BinnedMatrix, binEdges, binned } from "./bins";
import { treesDocument } from "./document";
import { addLeafValues, type GrownNode, type GrownTree, TreeGrower } from "./grow";
import { histogramOffsets } from "./histogram";
import { checkedTreesOptions, type TreesOptions } from "./options";

export interface TrainedTrees {
  readonly model: TreesDocument;
  /** Share of the whole gain that the splits on each feature brought; sums to 1, or is all 0 when nothing was split. */
  readonly importances: Float64Array;
  /** Rounds in the model: those of the smallest validation loss where early stopping was asked for. */
  readonly rounds: number;
  readonly trainingLoss: number;
  readonly validationLoss?: number;
}

/**
 * Gradient-boosted regression trees on binned features: Friedman 2001 (Annals of Statistics 29:1189) for the method and
 * its losses, Chen and Guestrin 2016 (KDD, XGBoost) for second-order gains, the L2 penalty and the learned side of missing
 * values, Ke et al. 2017 (NIPS, LightGBM) for histograms, their subtraction and leaf-wise growth. The same samples, options and
 * seed give the same model to the last bit.
 * @throws TrainingError when the samples are not fit for it
 * @throws RangeError when an option is out of range
 * @throws the signal's reason when it is aborted
 */
export async function trainTrees(
  samples: Samples,
  options: Partial<TreesOptions> = {},
  control: TrainingControl = {},
): Promise<TrainedTrees> {
  checkSamples(samples);
  const checked = checkedTreesOptions(options, samples.features.columns);
  checkTarget(samples, checked);
  const booster = new Booster(samples, checked, control.validation);
  const breather = new Breather(control.signal);
  for (let round = 1; round <= checked.rounds; round++) {
    await breather.breathe();
    const losses = booster.round();
    control.onProgress?.({ done: round / checked.rounds, round, ...losses });
    if (booster.hasStopped) break;
  }
  return booster.trained();
}

/** Scores of some samples, and what the trees add to them. */
class Scored {
  readonly data: BinnedMatrix;
  readonly scores: Float64Array;

  constructor(
    readonly samples: Samples,
    edges: readonly BinEdges[],
    start: Float64Array,
  ) {
    this.data = binned(samples.features, edges);
    const { rows } = samples.features;
    this.scores = new Float64Array(rows * start.length);
    start.forEach((score, output) => {
      this.scores.fill(score, output * rows, (output + 1) * rows);
    });
  }

  add(nodes: readonly GrownNode[], output: number): void {
    addLeafValues(nodes, this.data, this.scores, output * this.data.rows);
  }

  /** The same where the leaves hold every row: nothing need be asked again. */
  addLeaves({ nodes, leaves }: GrownTree, output: number): void {
    const start = output * this.data.rows;
    for (const { node, rows } of leaves) {
      const { value } = nodes[node]!;
      for (let i = 0; i < rows.length; i++) this.scores[start + rows[i]!]! += value;
    }
  }
}

class Booster {
  readonly #loss: Loss;
  readonly #random: Random;
  readonly #edges: readonly BinEdges[];
  readonly #training: Scored;
  readonly #validation: Scored | undefined;
  readonly #grower: TreeGrower;
  readonly #gradient: Float64Array;
  readonly #hessian: Float64Array;
  readonly #start: Float64Array;
  /** Rows with a weight, in an order that drawing changes. */
  readonly #rows: Int32Array;
  readonly #columns: Int32Array;
  readonly #trees: GrownTree["nodes"][] = [];
  readonly #gains: Float64Array;
  #best = { round: 0, trainingLoss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY };
  #rounds = 0;
  #trainingLoss = Number.NaN;

  constructor(
    samples: Samples,
    private readonly options: TreesOptions,
    validation: Samples | undefined,
  ) {
    const { features, weights } = samples;
    this.#loss = lossOf(options);
    this.#random = seededRandom(options.seed);
    this.#edges = binEdges(features, options.maxBins, this.#random);
    this.#start = this.#loss.start(samples);
    this.#training = new Scored(samples, this.#edges, this.#start);
    this.#validation = validation && this.#validating(validation);
    const monotone = options.monotone && { monotone: Int8Array.from(options.monotone) };
    const rules = { ...options, monotone: undefined, ...monotone };
    this.#grower = new TreeGrower(this.#training.data, histogramOffsets(this.#edges), rules);
    this.#gradient = new Float64Array(features.rows * this.#loss.outputs);
    this.#hessian = new Float64Array(features.rows * this.#loss.outputs);
    const all = Int32Array.from({ length: features.rows }, (_, row) => row);
    this.#rows = weights === undefined ? all : all.filter((row) => weights[row]! > 0);
    this.#columns = Int32Array.from({ length: features.columns }, (_, column) => column);
    this.#gains = new Float64Array(features.columns);
  }

  #validating(validation: Samples): Scored {
    const { columns } = this.#training.samples.features;
    if (validation.features.columns !== columns) {
      throw new TrainingError(`expected ${columns} features in validation too, got ${validation.features.columns}`);
    }
    checkSamples(validation);
    checkTarget(validation, this.options);
    return new Scored(validation, this.#edges, this.#start);
  }

  get hasStopped(): boolean {
    const { patience } = this.options;
    return this.#validation !== undefined && patience > 0 && this.#rounds - this.#best.round >= patience;
  }

  /** Adds a tree an output. */
  round(): { trainingLoss: number; validationLoss?: number } {
    const { samples, scores } = this.#training;
    const { rows } = samples.features;
    this.#loss.derivatives(samples, scores, this.#gradient, this.#hessian);
    for (let output = 0; output < this.#loss.outputs; output++) {
      const own = [output * rows, (output + 1) * rows] as const;
      this.#addTree(output, this.#gradient.subarray(...own), this.#hessian.subarray(...own));
    }
    this.#rounds += 1;
    this.#trainingLoss = this.#loss.mean(samples, scores);
    if (this.#validation === undefined) return { trainingLoss: this.#trainingLoss };
    const validationLoss = this.#loss.mean(this.#validation.samples, this.#validation.scores);
    if (validationLoss < this.#best.validationLoss) {
      this.#best = { round: this.#rounds, trainingLoss: this.#trainingLoss, validationLoss };
    }
    return { trainingLoss: this.#trainingLoss, validationLoss };
  }

  #addTree(output: number, gradient: Float64Array, hessian: Float64Array): void {
    const rows = this.#share(this.#rows, this.options.rowShare);
    const columns = this.#share(this.#columns, this.options.columnShare).slice().sort();
    // In order, for the sake of the processor's cache.
    const { nodes, leaves } = this.#grower.grow(rows.slice().sort(), columns, gradient, hessian);
    if (this.#loss.leafQuantile !== undefined) this.#setQuantiles({ nodes, leaves }, this.#loss.leafQuantile);
    for (const node of nodes) {
      node.value *= this.options.learningRate;
      if (node.feature >= 0) this.#gains[node.feature]! += node.gain;
    }
    this.#trees.push(nodes);
    if (rows.length === this.#training.data.rows) this.#training.addLeaves({ nodes, leaves }, output);
    else this.#training.add(nodes, output);
    this.#validation?.add(nodes, output);
  }

  #share(items: Int32Array, share: number): Int32Array {
    return share === 1 ? items : drawn(items, Math.max(1, Math.round(share * items.length)), this.#random);
  }

  #setQuantiles({ nodes, leaves }: GrownTree, level: number): void {
    const { samples, scores } = this.#training;
    const { target, weights } = samples;
    for (const { node, rows } of leaves) {
      const residuals = Float64Array.from(rows, (row) => target[row]! - scores[row]!);
      const own = weights && Float64Array.from(rows, (row) => weights[row]!);
      nodes[node]!.value = weightedQuantile(residuals, own, level);
    }
  }

  trained(): TrainedTrees {
    const stopped = this.#validation !== undefined && this.options.patience > 0;
    const rounds = stopped ? this.#best.round : this.#rounds;
    const { outputs, name } = this.#loss;
    const gain = this.#gains.reduce((sum, own) => sum + own, 0);
    return {
      model: treesDocument(this.#trees.slice(0, rounds * outputs), {
        inputs: this.#columns.length,
        base: Array.from(this.#start),
        link: name === "logistic" || name === "softmax" ? name : "identity",
        edges: this.#edges,
      }),
      importances: this.#gains.map((own) => (gain > 0 ? own / gain : 0)),
      rounds,
      trainingLoss: stopped ? this.#best.trainingLoss : this.#trainingLoss,
      ...(this.#validation === undefined ? {} : { validationLoss: this.#best.validationLoss }),
    };
  }
}
