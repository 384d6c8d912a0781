/** A limit of one figure. */
export interface ThresholdOptions {
  readonly figure: string;
  readonly direction: "above" | "below";
  readonly limit: number;
  /** Once exceeded it stays so until the figure is back by so much: no chatter at the limit. */
  readonly hysteresis: number;
}

/** Whether a figure is beyond its limit, with hysteresis. */
export class Threshold {
  #exceeded: boolean | undefined;

  /** @throws RangeError when the hysteresis is negative or a number is none */
  constructor(readonly options: ThresholdOptions) {
    const { figure, limit, hysteresis } = options;
    if (!Number.isFinite(limit)) throw new RangeError(`${figure}: expected a limit, got ${limit}`);
    if (!(hysteresis >= 0 && Number.isFinite(hysteresis))) {
      throw new RangeError(`${figure}: expected a hysteresis of 0 or more, got ${hysteresis}`);
    }
  }

  /** Undefined before the first figure. */
  get exceeded(): boolean | undefined {
    return this.#exceeded;
  }

  /** Takes a figure; true when that changed whether it is exceeded, or told it for the first time that it is. */
  judge(value: number): boolean {
    const { direction, limit, hysteresis } = this.options;
    const beyond = direction === "above" ? value - limit : limit - value;
    const before = this.#exceeded ?? false;
    this.#exceeded = before ? beyond > -hysteresis : beyond > 0;
    return this.#exceeded !== before;
  }
}
