import { type BusClock, wallClock } from "./clock";
import type { BusKind, Transports } from "./contract";
import { BusError, busError } from "./error";

/** A wait longer than this lets others use the bus meanwhile, ms. */
const LONGEST_HELD_WAIT_MS = 5;
const CALL_TIMEOUT_MS = 2000;

export interface SharedBusOptions<K extends BusKind> {
  readonly kind: K;
  /** Names the physical bus: "i2c-1", "/dev/ttyUSB0". */
  readonly key: string;
  open(): Promise<Transports[K]>;
  readonly clock?: BusClock;
}

/** What the one who holds a bus may do with it. */
export interface Grip<T> {
  readonly clock: BusClock;
  /** One call of the transport. @throws BusError, code timeout when it takes longer than `timeoutMs` */
  use<R>(call: (transport: T) => Promise<R>, timeoutMs?: number): Promise<R>;
  /** Lets others use the bus while waiting, unless the wait is shorter than it takes to change hands. */
  wait(ms: number): Promise<void>;
}

/** One physical bus, which all its users share: they hold it one after the other, in the order they asked. */
export class SharedBus<K extends BusKind = BusKind> {
  readonly kind: K;
  readonly key: string;
  readonly clock: BusClock;
  #transport: Promise<Transports[K]> | undefined;
  #tail: Promise<void> = Promise.resolve();
  #lastGood: number | undefined;

  constructor(private readonly options: SharedBusOptions<K>) {
    this.kind = options.kind;
    this.key = options.key;
    this.clock = options.clock ?? wallClock;
  }

  /** When a transfer last went well, ms since the epoch. */
  get lastGood(): number | undefined {
    return this.#lastGood;
  }

  /** Runs `work` while nobody else uses the bus. @throws what the work throws */
  async hold<R>(work: (grip: Grip<Transports[K]>) => Promise<R>): Promise<R> {
    let release = await this.#acquire();
    const grip: Grip<Transports[K]> = {
      clock: this.clock,
      use: (call, timeoutMs = CALL_TIMEOUT_MS) => this.#use(call, timeoutMs),
      wait: async (ms) => {
        if (ms <= LONGEST_HELD_WAIT_MS) return this.clock.wait(ms);
        release();
        await this.clock.wait(ms);
        release = await this.#acquire();
      },
    };
    try {
      return await work(grip);
    } finally {
      release();
    }
  }

  async close(): Promise<void> {
    const transport = await this.#transport?.catch(() => undefined);
    this.#transport = undefined;
    await transport?.close();
  }

  async #acquire(): Promise<() => void> {
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    await before;
    return resolve;
  }

  async #use<R>(call: (transport: Transports[K]) => Promise<R>, timeoutMs: number): Promise<R> {
    this.#transport ??= this.options.open();
    try {
      const result = await within(call(await this.#transport), timeoutMs, this.key);
      this.#lastGood = this.clock.now();
      return result;
    } catch (error) {
      const failure = busError(error, "gone", this.key);
      if (failure.concernsBus) this.#transport = undefined;
      throw failure;
    }
  }
}

async function within<R>(work: Promise<R>, timeoutMs: number, key: string): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BusError("stuck", `${key}: no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
