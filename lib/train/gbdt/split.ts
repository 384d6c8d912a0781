import { MISSING_BIN } from "./bins";
import type { Histogram } from "./histogram";

export interface Split {
  readonly gain: number;
  readonly feature: number;
  /** Bins up to this one go left. */
  readonly bin: number;
  readonly missingRight: boolean;
  readonly leftValue: number;
  readonly rightValue: number;
}

export interface SplitRules {
  /** L2 penalty of leaf values. */
  readonly l2: number;
  readonly minChildWeight: number;
  readonly minGain: number;
  /** -1 falling, 1 rising, 0 free, a feature; missing: all free. */
  readonly monotone?: Int8Array;
}

/** Sums of a leaf, and the values that its monotone ancestors leave to it. */
export interface LeafSums {
  readonly gradient: number;
  readonly hessian: number;
  readonly low: number;
  readonly high: number;
}

/** Value of a leaf that minimises the second-order approximation (Chen and Guestrin 2016, eq. 5), within its bounds. */
export function leafValue(gradient: number, hessian: number, l2: number, low: number, high: number): number {
  const value = hessian + l2 > 0 ? -gradient / (hessian + l2) : 0;
  return value < low ? low : value > high ? high : value;
}

/** Reduction of the approximated loss by a leaf with that value; equals G^2 / (H + l2) where no bound holds. */
function worth(gradient: number, hessian: number, l2: number, value: number): number {
  return -(2 * gradient * value + (hessian + l2) * value * value);
}

/** The split with the largest gain over all features, missing values tried on both sides; undefined when none is worth it. */
export function bestSplit(
  histogram: Histogram,
  offsets: Int32Array,
  features: Int32Array,
  leaf: LeafSums,
  rules: SplitRules,
): Split | undefined {
  let best: Split | undefined;
  const own = leafValue(leaf.gradient, leaf.hessian, rules.l2, leaf.low, leaf.high);
  const unsplit = worth(leaf.gradient, leaf.hessian, rules.l2, own);
  for (let f = 0; f < features.length; f++) {
    const found = bestOfFeature(histogram, offsets, features[f]!, leaf, rules, unsplit, best?.gain ?? rules.minGain);
    if (found !== undefined) best = found;
  }
  return best;
}

function bestOfFeature(
  histogram: Histogram,
  offsets: Int32Array,
  feature: number,
  leaf: LeafSums,
  rules: SplitRules,
  unsplit: number,
  atLeast: number,
): Split | undefined {
  const { l2, minChildWeight } = rules;
  const { gradient, hessian, low, high } = leaf;
  const direction = rules.monotone?.[feature] ?? 0;
  const start = 2 * offsets[feature]!;
  const bins = offsets[feature + 1]! - offsets[feature]!;
  const missingGradient = histogram[start + 2 * MISSING_BIN]!;
  const missingHessian = histogram[start + 2 * MISSING_BIN + 1]!;
  // Differences of sums leave rounding behind: less than this is an empty bin.
  const someMissing = missingHessian > 1e-9 * hessian;
  let gain = atLeast;
  let bin = 0;
  let missingRight = true;
  for (let side = 0; side < (someMissing ? 2 : 1); side++) {
    let leftGradient = side === 0 ? 0 : missingGradient;
    let leftHessian = side === 0 ? 0 : missingHessian;
    for (let k = 1; k < bins - 1; k++) {
      leftGradient += histogram[start + 2 * k]!;
      leftHessian += histogram[start + 2 * k + 1]!;
      if (leftHessian < minChildWeight) continue;
      const rightHessian = hessian - leftHessian;
      if (rightHessian < minChildWeight) break;
      const rightGradient = gradient - leftGradient;
      const left = leafValue(leftGradient, leftHessian, l2, low, high);
      const right = leafValue(rightGradient, rightHessian, l2, low, high);
      if (direction * (right - left) < 0) continue;
      const found =
        worth(leftGradient, leftHessian, l2, left) + worth(rightGradient, rightHessian, l2, right) - unsplit;
      if (found > gain) {
        gain = found;
        bin = k;
        missingRight = side === 0;
      }
    }
  }
  if (bin === 0) return undefined;
  return described(histogram, start, leaf, { feature, bin, gain, missingRight, someMissing }, l2);
}

function described(
  histogram: Histogram,
  start: number,
  { gradient, hessian, low, high }: LeafSums,
  found: { feature: number; bin: number; gain: number; missingRight: boolean; someMissing: boolean },
  l2: number,
): Split {
  let leftGradient = 0;
  let leftHessian = 0;
  for (let k = found.missingRight ? 1 : 0; k <= found.bin; k++) {
    leftGradient += histogram[start + 2 * k]!;
    leftHessian += histogram[start + 2 * k + 1]!;
  }
  return {
    gain: found.gain,
    feature: found.feature,
    bin: found.bin,
    // Where training saw no missing value, one goes with the larger part.
    missingRight: found.someMissing ? found.missingRight : leftHessian < hessian / 2,
    leftValue: leafValue(leftGradient, leftHessian, l2, low, high),
    rightValue: leafValue(gradient - leftGradient, hessian - leftHessian, l2, low, high),
  };
}
