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
  /** When the period began, ms since the epoch. */
  readonly since: number;
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

  /** What is spent after a loss; undefined when that is more than the budget. A clock set back refills nothing. */
  after(spent: Spent | undefined, loss: Loss, now: number): Spent | undefined {
    const before = this.current(spent, now);
    const after = { epsilon: before.epsilon + loss.epsilon, rho: before.rho + loss.rho, since: before.since };
    return this.epsilonOf(after) <= this.options.epsilon * (1 + ROUNDING) ? after : undefined;
  }

  /** What is left of the budget. */
  left(spent: Spent | undefined, now: number): number {
    return Math.max(0, this.options.epsilon - this.epsilonOf(this.current(spent, now)));
  }

  /** The epsilon that losses come to. */
  epsilonOf({ epsilon, rho }: Loss): number {
    return rho === 0 ? epsilon : epsilon + concentratedEpsilon(rho, this.options.delta);
  }

  /** What is spent in the period that `now` lies in. */
  current(spent: Spent | undefined, now: number): Spent {
    const { periodMs } = this.options;
    const isOver = spent !== undefined && periodMs > 0 && now - spent.since >= periodMs;
    return spent === undefined || isOver ? { epsilon: 0, rho: 0, since: now } : spent;
  }
}
