import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/** Steps that positions are counted in. */
const STEPS = 32;

/**
 * How rare readings of an ensemble are, by their own history: counts of how near to the edges of what was seen they lay. p is
 * a rank for readings within, and the rate of records times the probability of their excess beyond.
 */
export class Rarity implements Snapshotable {
  /** Readings by position; the last is for records. */
  readonly #counts = new Float64Array(STEPS + 1);
  #total = 0;

  /** @param memory readings that are counted before older ones begin to count less */
  constructor(private readonly memory: number) {}

  /**
   * @param position of the strongest member: 0 in the middle of what was seen, 1 at its edge
   * @param score sum of -log10 p of the excesses; 0 for all but records
   */
  p(position: number, score: number): number {
    const from = stepOf(position, score);
    let rarer = 1;
    for (let step = from; step <= STEPS; step++) rarer += this.#counts[step] as number;
    return (rarer / (this.#total + 1)) * 10 ** -score;
  }

  learn(position: number, score: number): void {
    const step = stepOf(position, score);
    this.#counts[step] = (this.#counts[step] as number) + 1;
    this.#total += 1;
    if (this.#total < 2 * this.memory) return;
    for (let i = 0; i <= STEPS; i++) this.#counts[i] = (this.#counts[i] as number) / 2;
    this.#total /= 2;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  snapshot(): unknown {
    return { counts: Array.from(this.#counts), total: this.#total };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const counts = saved.numbers("counts", STEPS + 1);
    const total = saved.number("total");
    if (counts.length !== STEPS + 1 || total < 0) throw new StateError("counts: do not fit");
    this.#counts.set(counts);
    this.#total = total;
  }
}

function stepOf(position: number, score: number): number {
  return score > 0 ? STEPS : Math.min(Math.max(Math.floor(position * STEPS), 0), STEPS - 1);
}
