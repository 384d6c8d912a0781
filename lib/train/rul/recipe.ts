import type { FigureOf } from "../../model/preprocess";
import type { Member } from "../blend";

/**
 * Figures that tell how far a unit has worn, of what is fused from all sensors: each of them alone is mostly noise. What
 * matters most is `rise`, the change since the unit's own first rows, because new units differ by more than they wear in half
 * their life.
 */
export const RUL_FIGURES: readonly FigureOf[] = [
  { figure: "value" },
  { figure: "mean", window: 5 },
  { figure: "mean", window: 10 },
  { figure: "mean", window: 30 },
  { figure: "mean", window: 10, skip: 10 },
  { figure: "mean", window: 20, skip: 20 },
  { figure: "mean", window: 40, skip: 40 },
  { figure: "std", window: 30 },
  { figure: "slope", window: 15 },
  { figure: "slope", window: 30 },
  { figure: "slope", window: 60 },
  { figure: "smooth", span: 20 },
  { figure: "smooth", span: 50 },
  { figure: "meanSoFar" },
  { figure: "rise", window: 10, start: 20 },
  { figure: "rise", window: 5, start: 20 },
  { figure: "rise", window: 30, start: 20 },
  { figure: "rise", window: 10, start: 10 },
  { figure: "rise", window: 10, start: 40 },
].map((figure) => ({ ...figure, of: "fused" }) as FigureOf);

/** Principal components that are fused, beside the regression of remaining life on the sensors. */
export const RUL_COMPONENTS = 3;

/** `seeds` pairs of boosted trees and sets of small networks, of consecutive seeds. */
export function rulMembers(seeds: number, first = 1): Member[] {
  return Array.from({ length: seeds }, (_, i) => membersOf(first + i)).flat();
}

function membersOf(seed: number): Member[] {
  const networks = [2 * seed, 2 * seed + 1].map(
    (own): Member => ({ kind: "network", weight: 1, options: { ...NETWORK, seed: own } }),
  );
  return [{ kind: "trees", weight: 1, options: { ...TREES, seed } }, ...networks];
}

const TREES = {
  rounds: 300,
  learningRate: 0.05,
  maxLeaves: 16,
  minChildWeight: 30,
  rowShare: 0.3,
  columnShare: 0.5,
  l2: 10,
} as const;

/** Heavily held back, since all the rows of a unit say nearly the same, and there are few units. */
const NETWORK = {
  layers: [
    { type: "dense", units: 64, activation: "relu" },
    { type: "dropout", share: 0.2 },
    { type: "dense", units: 32, activation: "relu" },
    { type: "dropout", share: 0.2 },
  ],
  epochs: 40,
  rowShare: 0.5,
  weightDecay: 0.3,
  learningRate: 0.01,
} as const;
