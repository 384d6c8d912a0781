/** Buckets grow by 5 %, so a percentile is right to about 2.5 %, from a microsecond to a quarter of an hour. */
const GROWTH = Math.log(1.05);
const LEAST_MS = 0.001;
const BUCKETS = 424;
/** Percentiles are those of the last one to two of these. */
const EPOCH_MS = 60_000;

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Times of the last minute or two in a histogram of fixed size. */
export class RecentLatency {
  #current = new Uint32Array(BUCKETS);
  #before = new Uint32Array(BUCKETS);
  #began: number;

  /** @param now milliseconds of a steady clock */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#began = now();
  }

  record(ms: number): void {
    this.#turn();
    const bucket = Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / GROWTH);
    const index = Math.min(BUCKETS - 1, bucket);
    this.#current[index] = (this.#current[index] as number) + 1;
  }

  /** In ms; undefined when nothing was recorded lately. */
  percentiles(): Percentiles | undefined {
    this.#turn();
    const counts = this.#current.map((count, i) => count + (this.#before[i] as number));
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return undefined;
    const at = (share: number): number => {
      let left = share * total;
      const bucket = counts.findIndex((count) => {
        left -= count;
        return left <= 0;
      });
      // The middle of the bucket, as its members are anywhere in it.
      return LEAST_MS * Math.exp((bucket - 0.5) * GROWTH);
    };
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }

  #turn(): void {
    const elapsed = this.now() - this.#began;
    if (elapsed < EPOCH_MS) return;
    this.#before = elapsed < 2 * EPOCH_MS ? this.#current : new Uint32Array(BUCKETS);
    this.#current = new Uint32Array(BUCKETS);
    this.#began = this.now();
  }
}
