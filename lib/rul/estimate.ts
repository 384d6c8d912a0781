import type { Snapshotable } from "../numeric/state";

/** Remaining useful life, hours. */
export interface RemainingLife {
  /** Median. */
  readonly hours: number;
  /** Ends of the 90 % interval; no `high` where even late failures are beyond the horizon. */
  readonly low: number;
  readonly high?: number;
}

/**
 * - learning: too little is known to say anything
 * - healthy: nothing points at failure, so no remaining life is claimed
 * - degrading: it moves away from normal, but when it arrives cannot be told yet
 * - predicted: there is a remaining life
 */
export type LifePhase = "learning" | "healthy" | "degrading" | "predicted";

export interface LifeVerdict {
  readonly phase: LifePhase;
  /** With phase "predicted". */
  readonly life?: RemainingLife;
  /** Why the configuration cannot work with what was measured. */
  readonly problem?: string;
}

/** Estimates the remaining life of one device from one figure of its wear. */
export interface LifeEstimator extends Snapshotable {
  /**
   * @param value finite
   * @param hours age on the configured time axis, from any origin; one that is not later than the one before is ignored
   */
  push(value: number, hours: number): void;
  /** As of the latest value. */
  verdict(): LifeVerdict;
}

/** Ends and middle of the 90 % interval. */
export const LIFE_PROBABILITIES = [0.05, 0.5, 0.95] as const;
