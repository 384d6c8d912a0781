import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/** Steps for readings within what was seen: four to each halving of the distance to the edge. */
const WITHIN = 48;
/** Steps for records: two to each doubling of the score, from 2^-10, about 0.001, on. */
const BEYOND = 32;
const SMALLEST = 2 ** -10;
const STEPS = WITHIN + BEYOND;

/**
 * How rare readings of an ensemble are, by their own history: counts of how near to the edges of what was seen they lay, and
 * of records by their scores. p is the rank among them; a score beyond all before has its excess in p, too.
 */
export class Rarity implements Snapshotable {
  readonly #counts = new Float32Array(STEPS);
  #total = 0;

  /** @param memory readings that are counted before older ones begin to count less */
  constructor(private readonly memory: number) {}

  /**
   * @param position of the strongest member: 0 in the middle of what was seen, 1 at its edge
   * @param score sum of -log10 p of the excesses; 0 for all but records
   */
  p(position: number, score: number): number {
    const from = stepOf(position, score);
    let rarer = 0;
    for (let step = from; step < STEPS; step++) rarer += this.#counts[step] as number;
    const rank = (1 + rarer) / (this.#total + 1);
    return rarer > 0 || score === 0 ? rank : rank * 10 ** -(score - this.#largestBelow(from));
  }

  /** Largest score before this step, by the lower end of its step; 0 where there was no record. */
  #largestBelow(from: number): number {
    for (let step = from - 1; step >= WITHIN; step--) {
      if ((this.#counts[step] as number) > 0) return SMALLEST * 2 ** ((step - WITHIN) / 2);
    }
    return 0;
  }

  learn(position: number, score: number): void {
    const step = stepOf(position, score);
    this.#counts[step] = (this.#counts[step] as number) + 1;
    this.#total += 1;
    if (this.#total < 2 * this.memory) return;
    for (let i = 0; i < STEPS; i++) this.#counts[i] = (this.#counts[i] as number) / 2;
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
    const counts = saved.numbers("counts", STEPS);
    const total = saved.number("total");
    if (counts.length !== STEPS || total < 0) throw new StateError("counts: do not fit");
    this.#counts.set(counts);
    this.#total = total;
  }
}

function stepOf(position: number, score: number): number {
  if (score > 0) return WITHIN + within(Math.floor(2 * Math.log2(score / SMALLEST)), BEYOND);
  // No record, though beyond an edge: by less than the sensor's resolution.
  return within(Math.floor(-4 * Math.log2(Math.max(1 - position, 2 ** -WITHIN))), WITHIN);
}

function within(step: number, steps: number): number {
  return Math.min(Math.max(step, 0), steps - 1);
}
