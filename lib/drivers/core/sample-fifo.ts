import type { BusClock } from "../../bus";

/**
 * The buffer of a simulated part that samples by its own clock: it knows when each sample in it was taken, and what was
 * measured then is asked of the world when it is read.
 */
export class SampleFifo {
  #start = 0;
  #rateHz = 0;
  /** Samples that have been read, or lost. */
  #gone = 0;
  #hasOverrun = false;

  constructor(
    private readonly clock: BusClock,
    /** Samples that it holds. */
    private readonly depth: number,
    /** What is lost when it is full: the oldest samples, or those to come. */
    private readonly whenFull: "lose oldest" | "stop" = "lose oldest",
  ) {}

  /** Empty from now on, filled at this rate; 0 stops it. */
  restart(rateHz: number): void {
    this.#start = this.clock.now();
    this.#rateHz = rateHz;
    this.#gone = 0;
    this.#hasOverrun = false;
  }

  get rateHz(): number {
    return this.#rateHz;
  }

  /** Samples in it now. */
  get count(): number {
    this.#update();
    return this.#taken() - this.#gone;
  }

  /** True when samples were lost since the last `clearOverrun`. */
  get hasOverrun(): boolean {
    this.#update();
    return this.#hasOverrun;
  }

  clearOverrun(): void {
    this.#update();
    this.#hasOverrun = false;
  }

  /** When the oldest sample was taken, ms since the epoch; undefined when there is none. */
  get oldest(): number | undefined {
    return this.count > 0 ? this.#start + ((this.#gone + 1) * 1000) / this.#rateHz : undefined;
  }

  /** When the newest sample was taken, whether it is still in the buffer or not. */
  get newest(): number {
    const taken = this.#taken();
    return taken > 0 ? this.#start + (taken * 1000) / this.#rateHz : this.#start;
  }

  /** Takes the oldest sample out. */
  drop(): void {
    if (this.count > 0) this.#gone += 1;
  }

  #taken(): number {
    // The tolerance keeps a sample that is due right now from being missed by rounding.
    return Math.floor(((this.clock.now() - this.#start) * this.#rateHz) / 1000 + 1e-6);
  }

  #update(): void {
    const surplus = this.#taken() - this.#gone - this.depth;
    if (surplus <= 0) return;
    this.#hasOverrun = true;
    // A buffer that stops goes on from where it was read: the lost samples are those in between.
    if (this.whenFull === "lose oldest") this.#gone += surplus;
    else this.#start += (surplus * 1000) / this.#rateHz;
  }
}
