import { backoffDelay } from "../backoff/backoff";
import { type BusClock, wallClock } from "./clock";
import type { BusKind, Transports } from "./contract";
import { BusError, busError } from "./error";

/** A wait longer than this lets others use the bus meanwhile, ms. */
const LONGEST_HELD_WAIT_MS = 5;
/** One call of a transport; the kernel's own limit for I2C is one second. */
const CALL_TIMEOUT_MS = 2000;
const REOPEN_BACKOFF = { baseMs: 1000, capMs: 60_000 };
/** More waiting than this means that the bus is far too slow for what is asked of it. */
const LONGEST_QUEUE = 1000;

export interface SharedBusOptions<K extends BusKind> {
  readonly kind: K;
  /** Names the physical bus: "/dev/i2c-1", "/dev/ttyUSB0". */
  readonly key: string;
  /** Opens the transport; called again after the bus as a whole has failed. */
  open(): Promise<Transports[K]>;
  readonly clock?: BusClock;
}

/** What the one who holds a bus may do with it. */
export interface Grip<T> {
  readonly clock: BusClock;
  /** One call of the transport. @throws BusError, code stuck when it takes longer than `timeoutMs` */
  use<R>(call: (transport: T) => Promise<R>, timeoutMs?: number): Promise<R>;
  /** Lets others use the bus while waiting, unless the wait is shorter than it takes to change hands. */
  wait(ms: number): Promise<void>;
}

/**
 * One physical bus, which all its users share: they hold it one after the other, in the order they asked. After a failure
 * of the bus as a whole it is opened anew, by whoever asks next, not before a growing pause is over.
 */
export class SharedBus<K extends BusKind = BusKind> {
  readonly kind: K;
  readonly key: string;
  readonly clock: BusClock;
  readonly #open: () => Promise<Transports[K]>;
  #transport: Promise<Transports[K]> | undefined;
  readonly #waiting: (() => void)[] = [];
  /** When the last one who asked for a part will be done with it. */
  readonly #parts = new Map<number | string, Promise<void>>();
  #isHeld = false;
  #isClosed = false;
  #lastGood: number | undefined;
  #fault: BusError | undefined;
  /** Failures of the bus in a row, and when it may be tried again. */
  #failures = 0;
  #retryAt = 0;

  constructor({ kind, key, open, clock = wallClock }: SharedBusOptions<K>) {
    this.kind = kind;
    this.key = key;
    this.clock = clock;
    this.#open = open;
  }

  /** When a transfer last went well, ms since the epoch. */
  get lastGood(): number | undefined {
    return this.#lastGood;
  }

  /** Why the bus as a whole does not work; undefined when it does, as far as is known. */
  get fault(): BusError | undefined {
    return this.#fault;
  }

  /**
   * Runs `work` while nobody else uses the bus.
   * @throws what the work throws, and BusError when the bus was closed or its queue is full
   */
  async hold<R>(work: (grip: Grip<Transports[K]>) => Promise<R>): Promise<R> {
    await this.#acquire();
    let isHolding = true;
    const grip: Grip<Transports[K]> = {
      clock: this.clock,
      use: (call, timeoutMs = CALL_TIMEOUT_MS) => this.#use(call, timeoutMs),
      wait: async (ms) => {
        if (ms <= LONGEST_HELD_WAIT_MS) return this.clock.wait(ms);
        this.#release();
        isHolding = false;
        await this.clock.wait(ms);
        await this.#acquire();
        isHolding = true;
      },
    };
    try {
      return await work(grip);
    } finally {
      if (isHolding) this.#release();
    }
  }

  /**
   * Runs `work` while nobody else works with the part at this place, so that two users of one part do not meet while it
   * measures and the bus is free for others. `work` takes the bus by `hold`.
   */
  async withPart<R>(place: number | string, work: () => Promise<R>): Promise<R> {
    const before = this.#parts.get(place) ?? Promise.resolve();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#parts.set(place, over);
    try {
      await before;
      return await work();
    } finally {
      resolve();
      if (this.#parts.get(place) === over) this.#parts.delete(place);
    }
  }

  /** The transport said by itself that it is lost: the next one to use the bus opens it anew. */
  reopen(reason: BusError): void {
    if (this.#transport) this.#failed(reason);
  }

  /** Ends the bus for good: who waits for it is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    await this.#drop();
  }

  async #acquire(): Promise<void> {
    this.#refuseIfClosed();
    if (!this.#isHeld) {
      this.#isHeld = true;
      return;
    }
    if (this.#waiting.length >= LONGEST_QUEUE) {
      throw new BusError("busy", `${this.key}: ${LONGEST_QUEUE} requests are waiting for the bus`);
    }
    await new Promise<void>((wake) => this.#waiting.push(wake));
    this.#refuseIfClosed();
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#isHeld = false;
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new BusError("gone", `${this.key}: the bus was closed`);
  }

  async #use<R>(call: (transport: Transports[K]) => Promise<R>, timeoutMs: number): Promise<R> {
    this.#refuseIfClosed();
    const transport = await this.#opened();
    try {
      const result = await within(call(transport), timeoutMs, "a transfer");
      this.#lastGood = this.clock.now();
      this.#fault = undefined;
      this.#failures = 0;
      return result;
    } catch (error) {
      const failure = busError(error, "gone", this.key);
      if (failure.concernsBus) this.#failed(failure);
      throw failure;
    }
  }

  async #opened(): Promise<Transports[K]> {
    const pause = this.#retryAt - this.clock.now();
    // A longer pause than the longest means that the clock was set back.
    if (this.#fault && pause > 0 && pause <= REOPEN_BACKOFF.capMs) throw this.#again(this.#fault, pause);
    try {
      this.#transport ??= this.#open();
      return await within(this.#transport, CALL_TIMEOUT_MS, "opening it");
    } catch (error) {
      const failure = busError(error, "gone", this.key);
      this.#failed(failure);
      throw failure;
    }
  }

  #failed(failure: BusError): void {
    this.#fault = failure;
    this.#retryAt = this.clock.now() + backoffDelay(this.#failures, REOPEN_BACKOFF);
    this.#failures += 1;
    // A transport that hangs may hang when it is closed, too: nobody waits for it.
    void this.#drop();
  }

  #again({ code, message }: BusError, pauseMs: number): BusError {
    return new BusError(code, `${message}; tried again in ${Math.ceil(pauseMs / 1000)} s`);
  }

  async #drop(): Promise<void> {
    const transport = this.#transport;
    this.#transport = undefined;
    // What it says at its end concerns nobody any more.
    await transport?.then((open) => open.close()).catch(() => undefined);
  }
}

async function within<R>(work: Promise<R>, timeoutMs: number, what: string): Promise<R> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new BusError("stuck", `${what} took longer than ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
