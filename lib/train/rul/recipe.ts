import type { FigureOf } from "../../model/preprocess";
import type { Member } from "../blend";

/**
 * Figures that tell how far a unit has worn. What matters most is `rise`, the change since the unit's own first rows, because
 * units differ when new by more than they wear in half their life; and fusing all sensors before anything else, because each of
 * them alone is mostly noise.
 */
export const RUL_FIGURES: readonly FigureOf[] = [
  { figure: "value", of: "fused" },
  { figure: "mean", window: 5, of: "fused" },
  { figure: "mean", window: 10, of: "fused" },
  { figure: "mean", window: 30 },
  { figure: "mean", window: 10, skip: 10, of: "fused" },
  { figure: "mean", window: 20, skip: 20, of: "fused" },
  { figure: "mean", window: 40, skip: 40, of: "fused" },
  { figure: "std", window: 30, of: "fused" },
  { figure: "slope", window: 15, of: "fused" },
  { figure: "slope", window: 30, of: "fused" },
  { figure: "slope", window: 60, of: "fused" },
  { figure: "smooth", span: 20, of: "fused" },
  { figure: "smooth", span: 50, of: "fused" },
  { figure: "meanSoFar" },
  { figure: "rise", window: 10, start: 20 },
  { figure: "rise", window: 5, start: 20, of: "fused" },
  { figure: "rise", window: 30, start: 20, of: "fused" },
  { figure: "rise", window: 10, start: 10, of: "fused" },
  { figure: "rise", window: 10, start: 40, of: "fused" },
];

/** Principal components that are fused. */
export const RUL_COMPONENTS = 3;

/** `seeds` pairs of boosted trees and sets of small networks, of consecutive seeds. */
export function rulMembers(seeds: number, first = 1): Member[] {
  return Array.from({ length: seeds }, (_, i) => membersOf(first + i)).flat();
}

function membersOf(seed: number): Member[] {
  return [
    {
      kind: "trees",
      weight: 2,
      options: {
        rounds: 300,
        learningRate: 0.05,
        maxLeaves: 16,
        minChildWeight: 30,
        rowShare: 0.3,
        columnShare: 0.5,
        l2: 10,
        seed,
      },
    },
    { kind: "network", weight: 1, options: { ...NETWORK, seed: 2 * seed } },
    { kind: "network", weight: 1, options: { ...NETWORK, seed: 2 * seed + 1 } },
  ];
}

const NETWORK = {
  layers: [
    { type: "dense", units: 32, activation: "relu" },
    { type: "dense", units: 16, activation: "relu" },
  ],
  loss: "huber",
  delta: 0.3,
  epochs: 30,
  rowShare: 0.5,
  weightDecay: 0.03,
  learningRate: 0.003,
} as const;
