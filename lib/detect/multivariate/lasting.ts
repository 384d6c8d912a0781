import { SavedState, type Snapshotable } from "../../numeric/state";

/** Surprise, -ln p, is 1 on average while all is normal; what exceeds this adds up. */
const ALLOWED = 2;

/** A sum of independent surprises, 2 taken off each, reaches h with probability exp(-0.797 h): the root of exp(-2 r) = 1 - r. */
const RATE = 0.797;

/** Rows of a process are not independent: as if so many of them were one. */
const TOGETHER = 4;

/** One row says at most this. */
const MOST = 8;

/** How much farther than the limit the sum may rise: the more, the longer an alarm outlasts its event. */
const RESERVE = 2;

export interface NextLasting {
  readonly active: boolean;
  readonly sum: number;
}

/**
 * Finds deviations that last in the p of row after row, none of which need be unusual by itself: a cumulative sum (Page 1954,
 * Biometrika 41:100) of how surprising the rows are. It begins when the sum reaches the limit and ends when it is back at 0.
 */
export class Lasting implements Snapshotable {
  #active = false;
  #sum = 0;
  #rows = 0;
  readonly #limit: number;

  /**
   * @param oneIn in about so many normal rows one false alarm may begin
   * @param patience rows in alarm after which the new state may be learned
   */
  constructor(
    oneIn: number,
    private readonly patience: number,
  ) {
    this.#limit = (TOGETHER * Math.log(oneIn)) / RATE;
  }

  /** Whether rows shall not be learned from. */
  get holds(): boolean {
    return this.#active && this.#rows < this.patience;
  }

  next(p: number): NextLasting {
    const most = RESERVE * this.#limit;
    const sum = Math.min(most, Math.max(0, this.#sum + Math.min(-Math.log(p), MOST) - ALLOWED));
    return { active: this.#active ? sum > 0 : sum >= this.#limit, sum };
  }

  advance({ active, sum }: NextLasting): void {
    this.#rows = active ? this.#rows + 1 : 0;
    this.#active = active;
    this.#sum = sum;
  }

  clear(): void {
    this.advance({ active: false, sum: 0 });
  }

  snapshot(): unknown {
    return { active: this.#active, sum: this.#sum, rows: this.#rows };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const rows = saved.index("rows", Number.MAX_SAFE_INTEGER);
    this.#sum = saved.number("sum");
    this.#active = saved.any("active") === true;
    this.#rows = rows;
  }
}
