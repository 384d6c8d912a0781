export interface AdaptiveOptions {
  /** Between two polls while nothing is unusual, ms. */
  readonly normalMs: number;
  /** After anomalies, ms. */
  readonly fastMs: number;
  /** Anomalies in a row after which it polls fast; 2 when missing. */
  readonly anomalies?: number;
  /** By what the interval grows with each poll that is not unusual; 1.5 when missing. */
  readonly factor?: number;
}

/** How often to look: fast as soon as something is going on, and step by step back to normal when it is over. */
export class AdaptiveInterval {
  readonly #normalMs: number;
  readonly #fastMs: number;
  readonly #anomalies: number;
  readonly #factor: number;
  #ms: number;
  #inRow = 0;

  /** @throws RangeError when fast is slower than normal */
  constructor({ normalMs, fastMs, anomalies = 2, factor = 1.5 }: AdaptiveOptions) {
    if (!(fastMs > 0 && fastMs <= normalMs)) {
      throw new RangeError(
        `expected an interval after anomalies of at most ${normalMs / 1000} s, got ${fastMs / 1000}`,
      );
    }
    this.#normalMs = normalMs;
    this.#fastMs = fastMs;
    this.#anomalies = anomalies;
    this.#factor = factor;
    this.#ms = normalMs;
  }

  /** Until the next poll, ms. */
  get ms(): number {
    return this.#ms;
  }

  get isFast(): boolean {
    return this.#ms < this.#normalMs;
  }

  /** What came of a poll. Returns true when the next one is due earlier than was planned. */
  judge(isAnomalous: boolean): boolean {
    const before = this.#ms;
    this.#inRow = isAnomalous ? this.#inRow + 1 : 0;
    if (this.#inRow >= this.#anomalies) this.#ms = this.#fastMs;
    else if (!isAnomalous) this.#ms = Math.min(this.#normalMs, this.#ms * this.#factor);
    return this.#ms < before;
  }
}
