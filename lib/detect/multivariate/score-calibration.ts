import { SortedWindow } from "../../numeric/sorted-window";
import { SavedState, type Snapshotable } from "../../numeric/state";

/** Share of the scores that is taken for the tail. */
const TAIL = 0.05;

/** Scores needed before one can be told from the others, and kept. */
const LEAST = 60;
const KEPT = 1000;

/**
 * What a score means: how likely one at least as high is among the latest scores. In their middle it is the rank; above the 95 %
 * quantile u an exponential tail, p = 0.05 exp(-(s - u) / b), b the mean excess over u (peaks over threshold with shape 0; Pickands
 * 1975, Ann. Statist. 3:119), so that scores higher than any before can be told apart.
 */
export class ScoreCalibration implements Snapshotable {
  readonly #scores = new SortedWindow(KEPT);

  get isReady(): boolean {
    return this.#scores.count >= LEAST;
  }

  push(score: number): void {
    this.#scores.push(score);
  }

  /** Probability of a score at least this high, above 0. Precondition: isReady. */
  p(score: number): number {
    const count = this.#scores.count;
    const inTail = Math.floor(TAIL * count);
    const tailStart = this.#scores.at(count - inTail - 1);
    if (score <= tailStart) return (count - this.#scores.midRank(score) + 0.5) / (count + 1);
    let excess = 0;
    for (let i = count - inTail; i < count; i++) excess += this.#scores.at(i) - tailStart;
    const mean = Math.max(excess / inTail, 1e-3 * Math.abs(tailStart), 1e-12);
    return (inTail / count) * Math.exp(-(score - tailStart) / mean);
  }

  clear(): void {
    this.#scores.clear();
  }

  snapshot(): unknown {
    return { scores: this.#scores.snapshot() };
  }

  restore(state: unknown): void {
    this.#scores.restore(new SavedState(state).any("scores"));
  }
}
