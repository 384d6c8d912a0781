import { integerWithin, numberWithin } from "../../numeric/limits";
import type { LossName } from "../losses";

/** Everything that boosting can be told. */
export interface TreesOptions {
  readonly loss: LossName;
  /** Trees at most, or sets of one tree a class. */
  readonly rounds: number;
  /** What every tree's values are multiplied by: smaller needs more rounds and generalises better. */
  readonly learningRate: number;
  readonly growth: "leaf" | "depth";
  readonly maxLeaves: number;
  readonly maxDepth: number;
  /** Bins of a feature, 2 to 254. */
  readonly maxBins: number;
  /** L2 penalty of leaf values. */
  readonly l2: number;
  /** Least sum of second derivatives on each side of a split; for regressions the sum of the weights. */
  readonly minChildWeight: number;
  /** Least gain of a split. */
  readonly minGain: number;
  /** Share of the rows that each tree sees (Friedman 2002, stochastic gradient boosting). */
  readonly rowShare: number;
  /** Share of the features that each tree sees. */
  readonly columnShare: number;
  /** pinball: the quantile. */
  readonly quantile: number;
  /** huber: residuals beyond this count linearly, in the target's unit. */
  readonly delta: number;
  /** softmax: number of classes. */
  readonly classes: number;
  /** A feature: 1 when the prediction may only rise with it, -1 fall, 0 for no rule; left out for none. */
  readonly monotone?: readonly number[];
  /** Rounds without a smaller validation loss after which boosting ends; 0 for never. */
  readonly patience: number;
  readonly seed: number;
}

export const TREES_DEFAULTS: TreesOptions = {
  loss: "squared",
  rounds: 300,
  learningRate: 0.05,
  growth: "leaf",
  maxLeaves: 31,
  maxDepth: 32,
  maxBins: 254,
  l2: 1,
  minChildWeight: 20,
  minGain: 0,
  rowShare: 1,
  columnShare: 1,
  quantile: 0.5,
  delta: 1,
  classes: 2,
  patience: 0,
  seed: 1,
};

/** @throws RangeError naming the option, what it was and what was expected */
export function checkedTreesOptions(options: Partial<TreesOptions>, features: number): TreesOptions {
  const all = { ...TREES_DEFAULTS, ...options };
  integerWithin("rounds", all.rounds, 1, 100_000);
  numberWithin("learningRate", all.learningRate, 1e-6, 10);
  integerWithin("maxLeaves", all.maxLeaves, 2, 65_536);
  integerWithin("maxDepth", all.maxDepth, 1, 64);
  integerWithin("maxBins", all.maxBins, 2, 254);
  numberWithin("l2", all.l2, 0, 1e12);
  numberWithin("minChildWeight", all.minChildWeight, 1e-9, 1e12);
  numberWithin("minGain", all.minGain, 0, 1e100);
  numberWithin("rowShare", all.rowShare, 0.001, 1);
  numberWithin("columnShare", all.columnShare, 0.001, 1);
  numberWithin("quantile", all.quantile, 0.001, 0.999);
  numberWithin("delta", all.delta, 1e-12, 1e100);
  integerWithin("classes", all.classes, 2, 1000);
  integerWithin("patience", all.patience, 0, 100_000);
  integerWithin("seed", all.seed, 0, 2 ** 32 - 1);
  if (all.growth !== "leaf" && all.growth !== "depth") {
    throw new RangeError(`growth: expected leaf or depth, got ${String(all.growth)}`);
  }
  const { monotone } = all;
  if (monotone !== undefined) {
    if (monotone.length !== features || monotone.some((sign) => ![-1, 0, 1].includes(sign))) {
      throw new RangeError(`monotone: expected -1, 0 or 1 for each of the ${features} features`);
    }
    // A leaf's quantile is set after the split was found, and would not keep to the rule.
    if (all.loss === "pinball") throw new RangeError("monotone: not possible with the pinball loss");
  }
  return all;
}
