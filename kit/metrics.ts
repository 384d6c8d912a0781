/** Within a power of ten: each about a quarter above the one before, and so close a quantile is known. */
const STEPS = [1, 1.25, 1.6, 2, 2.5, 3, 3.8, 4.8, 6.2, 7.8];

/** Upper bounds of the latency histogram's buckets, in milliseconds, from 10 us to 10 s. */
const LATENCY_BOUNDS_MS: readonly number[] = [
  ...[0.01, 0.1, 1, 10, 100, 1000].flatMap((power) => STEPS.map((step) => Number((step * power).toPrecision(3)))),
  10_000,
];

export interface MetricsSnapshot {
  /** Messages and readings that came in, readings that went out, readings refused, errors of any kind. */
  readonly messages: number;
  readonly in: number;
  readonly out: number;
  readonly refused: number;
  readonly errors: number;
  /** What the node itself counts, such as late or duplicate readings. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the node measures now, such as a percentile of its latency; what it cannot tell now is missing. */
  readonly gauges: Readonly<Record<string, number>>;
  /** Messages by processing time; the last bucket has no bound. `sumMs` is the time of all together. */
  readonly latency: {
    readonly boundsMs: readonly number[];
    readonly buckets: readonly number[];
    readonly sumMs: number;
  };
}

/** What one node counts. Counters only grow; they start at zero with each deploy of the node. */
export class Metrics {
  messages = 0;
  in = 0;
  out = 0;
  refused = 0;
  errors = 0;
  readonly #counts = new Map<string, number>();
  readonly #gauges = new Map<string, () => number | undefined>();
  #sumMs = 0;
  readonly #buckets = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);

  /** Adds to a counter of the node's own. */
  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  /** The value of a counter of the node's own. */
  counted(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Something that is measured when somebody asks; `read` must be cheap. */
  gauge(name: string, read: () => number | undefined): void {
    this.#gauges.set(name, read);
  }

  took(ms: number): void {
    this.#sumMs += ms;
    let bucket = 0;
    while (bucket < LATENCY_BOUNDS_MS.length && ms > (LATENCY_BOUNDS_MS[bucket] as number)) bucket += 1;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  snapshot(): MetricsSnapshot {
    return {
      messages: this.messages,
      in: this.in,
      out: this.out,
      refused: this.refused,
      errors: this.errors,
      counts: Object.fromEntries(this.#counts),
      gauges: Object.fromEntries(
        [...this.#gauges].flatMap(([name, read]) => {
          const value = readOrNothing(read);
          return value === undefined ? [] : [[name, value]];
        }),
      ),
      latency: { boundsMs: LATENCY_BOUNDS_MS, buckets: [...this.#buckets], sumMs: this.#sumMs },
    };
  }
}

/** A gauge that fails must not take the node's other metrics along, nor those of all nodes. */
function readOrNothing(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

interface Named {
  readonly type: string;
  readonly name: string;
  readonly metrics: Metrics;
}

const running = new Map<string, Named>();

/** The metrics of every running node by node id; nodes enter when they start and leave when they close. */
export const metricsOfNodes = {
  enter(id: string, named: Named): void {
    running.set(id, named);
  },
  /** Leaves only as the same object: after a redeploy the id belongs to the node's successor. */
  leave(id: string, metrics: Metrics): void {
    if (running.get(id)?.metrics === metrics) running.delete(id);
  },
  of(id: string): MetricsSnapshot | undefined {
    return running.get(id)?.metrics.snapshot();
  },
  all(): { id: string; type: string; name: string; metrics: MetricsSnapshot }[] {
    return [...running].map(([id, { type, name, metrics }]) => ({ id, type, name, metrics: metrics.snapshot() }));
  },
};
