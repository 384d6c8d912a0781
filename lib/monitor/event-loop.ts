import { createHistogram, type EventLoopUtilization, performance } from "node:perf_hooks";

/** How late the event loop was, and how busy, since it was last asked. */
export interface LoopFigures {
  /** Milliseconds by which timers came late: of one in a hundred, and of the worst. */
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  /** Share of the time it had something to do, 0 to 1. */
  readonly utilisation: number;
}

/** How often it is looked at. */
const RESOLUTION_MS = 20;

/**
 * Measures how late timers come. Node's own monitorEventLoopDelay counts the waiting itself as delay and loses the stall that
 * follows a reset, which is the one to be seen when figures are taken every few seconds; so the clock is read here.
 */
export class EventLoopWatch {
  #histogram = createHistogram();
  #utilisation: EventLoopUtilization = performance.eventLoopUtilization();
  #last = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), RESOLUTION_MS);
    this.#timer.unref();
  }

  /** The figures since the last call, and begins anew. */
  take(): LoopFigures {
    // A stall that has not ended by a timer yet, because this call came first, belongs to it as well.
    const pending = performance.now() - this.#last - RESOLUTION_MS;
    if (pending > RESOLUTION_MS) this.#look();
    const histogram = this.#histogram;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    this.#utilisation = now;
    this.#histogram = createHistogram();
    if (histogram.count === 0) return { p99: 0, max: 0, mean: 0, utilisation: utilization };
    const milliseconds = {
      p99: histogram.percentile(99) / 1000,
      max: histogram.max / 1000,
      mean: histogram.mean / 1000,
    };
    return { ...milliseconds, utilisation: utilization };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const late = Math.max(0, now - this.#last - RESOLUTION_MS);
    this.#last = now;
    // In microseconds: histograms hold whole numbers from 1 on.
    this.#histogram.record(Math.max(1, Math.round(late * 1000)));
  }
}
