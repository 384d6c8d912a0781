import { numberWithin, positiveNumber } from "../numeric";
import { concentratedEpsilon } from "./accountant";

/** What one release costs: epsilon of a pure one, rho of one with Gaussian noise (rho = 1 / (2 noiseMultiplier^2)). */
export interface Loss {
  readonly epsilon: number;
  readonly rho: number;
}

export interface BudgetOptions {
  /** What all releases about one device or series may give away together. */
  readonly epsilon: number;
  /** Probability with which they may give away more; only Gaussian noise needs one. */
  readonly delta: number;
  /** After so long the budget is whole again, ms; 0 for never. */
  readonly periodMs: number;
}

/** What has been given away since the period began. */
export interface Spent extends Loss {
  /** Of the Gaussian part: kept with it, for budgets that have none of their own. */
  readonly delta: number;
  /** When the period began, ms since the epoch. */
  readonly since: number;
}

/** Before this no release was ever made: a clock that says so has not been set yet, as that of a board without a battery at its start. */
export const CLOCK_SET_SINCE = Date.UTC(2025, 0, 1);

export function isClockSet(now: number): boolean {
  return now >= CLOCK_SET_SINCE;
}

/** Sums of tenths are not exact: so much over the budget, as a share of it, is no overdraft. */
const ROUNDING = 1e-9;

/**
 * The arithmetic of a budget under sequential composition: pure losses add up; those of Gaussian noise add up as
 * concentrated ones, and count as the epsilon that they come to with delta (Bun and Steinke 2016, Lemma 2.3 and
 * Proposition 1.3, with the tighter conversion of `concentratedEpsilon`).
 */
export class Budget {
  /** @throws RangeError naming the option and what was expected */
  constructor(readonly options: BudgetOptions) {
    positiveNumber("budget", options.epsilon);
    numberWithin("delta", options.delta, 0, 0.5);
    numberWithin("period", options.periodMs, 0, Number.MAX_SAFE_INTEGER);
  }

  /** What is spent after a loss; undefined when that is more than the budget. */
  after(spent: Spent | undefined, loss: Loss, now: number): Spent | undefined {
    const before = this.current(spent, now);
    const after = { ...before, epsilon: before.epsilon + loss.epsilon, rho: before.rho + loss.rho };
    return this.epsilonOf(after) <= this.options.epsilon * (1 + ROUNDING) ? after : undefined;
  }

  /** What is left of the budget. */
  left(spent: Spent | undefined, now: number): number {
    return Math.max(0, this.options.epsilon - this.epsilonOf(this.current(spent, now)));
  }

  /** The epsilon that losses come to. */
  epsilonOf({ epsilon, rho, delta = 0 }: Loss & { readonly delta?: number }): number {
    return rho === 0 ? epsilon : epsilon + concentratedEpsilon(rho, this.options.delta || delta);
  }

  /**
   * What is spent in the period that `now` lies in. A wrong clock refills nothing: while it is not set yet no period ends, and
   * one that began before it was set, or in what now is the future, begins now with all that is spent.
   */
  current(spent: Spent | undefined, now: number): Spent {
    const { periodMs, delta } = this.options;
    if (spent === undefined) return { epsilon: 0, rho: 0, delta, since: now };
    const kept = { ...spent, delta: delta || spent.delta };
    if (!isClockSet(now)) return kept;
    if (!isClockSet(spent.since) || spent.since > now) return { ...kept, since: now };
    return periodMs > 0 && now - spent.since >= periodMs ? this.current(undefined, now) : kept;
  }
}
