import { normalTail } from "./tail";

/** Steps that the interval from 0 to h is divided into. */
const STATES = 81;
const MOST_ROUNDS = 10_000;
const SETTLED = 1e-12;

/**
 * How a one-sided CUSUM of standard normal values spends its time while all is normal: the stationary distribution of the
 * Markov chain of Brook and Evans 1972 (Biometrika 59:539) that starts at 0 again after a signal.
 */
export class CusumDistribution {
  readonly #width: number;
  /** Probability of each state before a reading; state 0 is the sum at 0, state i around i widths. */
  readonly #states: Float64Array;
  /** P(sum >= i widths) after a reading, from 0 to h. */
  readonly #tail: Float64Array;

  /**
   * @param slack k, in standard deviations
   * @param decision h, in standard deviations
   */
  constructor(
    private readonly slack: number,
    private readonly decision: number,
  ) {
    this.#width = (2 * decision) / (2 * STATES - 1);
    this.#states = this.#stationary();
    this.#tail = Float64Array.from({ length: STATES + 1 }, (_, i) => this.#exactTail(i * this.#width));
  }

  /** Average number of readings from a start at 0 to a false signal of one side. */
  get averageRunLength(): number {
    return 1 / this.#exactTail(this.decision);
  }

  /** Probability that the sum after a normal reading is at least `sum`. */
  upperTail(sum: number): number {
    if (sum <= 0) return 1;
    if (sum >= this.decision) return this.#exactTail(sum);
    const place = sum / this.#width;
    const below = Math.floor(place);
    const low = this.#tail[below] as number;
    const high = this.#tail[below + 1] as number;
    // Between the points the logarithm is close to a line.
    return below === 0 ? low + (high - low) * place : low * (high / low) ** (place - below);
  }

  #exactTail(sum: number): number {
    if (sum <= 0) return 1;
    let p = 0;
    for (let i = 0; i < STATES; i++) p += (this.#states[i] as number) * normalTail(sum + this.slack - i * this.#width);
    return p;
  }

  #stationary(): Float64Array {
    const matrix = Array.from({ length: STATES }, (_, from) => this.#row(from));
    let states = new Float64Array(STATES);
    states[0] = 1;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const next = new Float64Array(STATES);
      for (let from = 0; from < STATES; from++) {
        const row = matrix[from] as Float64Array;
        for (let to = 0; to < STATES; to++)
          next[to] = (next[to] as number) + (states[from] as number) * (row[to] as number);
      }
      const change = next.reduce((sum, value, i) => sum + Math.abs(value - (states[i] as number)), 0);
      states = next;
      if (change < SETTLED) break;
    }
    return states;
  }

  /** Where the sum goes from one state; a signal goes to 0. */
  #row(from: number): Float64Array {
    const row = new Float64Array(STATES);
    // The increment that reaches the upper edge of a state.
    const edge = (to: number): number => (to - from + 0.5) * this.#width + this.slack;
    const beyond = (to: number): number => normalTail(edge(to));
    row[0] = 1 - beyond(0) + beyond(STATES - 1);
    for (let to = 1; to < STATES; to++) row[to] = beyond(to - 1) - beyond(to);
    return row;
  }
}
