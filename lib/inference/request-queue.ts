import type { QueuePolicy, UseOptions } from "./contract";
import { QueueFullError } from "./errors";
import type { ModelVersion } from "./model-version";
import type { Tensors } from "./tensor";

/** A request on its way. */
export interface Entry {
  readonly inputs: Tensors;
  readonly key: string | undefined;
  /** Samples in it. */
  readonly count: number;
  /** Only requests of the same sample shapes run together. */
  readonly shape: string;
  /** The version it was made for: after a swap the old one still answers what came before. */
  readonly version: ModelVersion;
  /** Workers that died with it. After one it runs alone, to find out whether it was the cause. */
  deaths: number;
  readonly resolve: (outputs: Tensors | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Requests of one user that wait for the model, bounded by the user's policy. */
export class RequestQueue {
  /** Requests given up for newer ones, by either policy. */
  givenUp = 0;
  readonly policy: QueuePolicy;
  readonly #capacity: number;
  /** In their order; by key where only the newest of each waits, which then keeps the place of the one before. */
  readonly #waiting = new Map<string | number, Entry>();
  /** Those that a worker's death has given back. */
  #again: Entry[] = [];
  #number = 0;
  /** Calls of `add` that wait for room, one after the other. */
  #adding = 0;
  #turn: Promise<void> = Promise.resolve();
  #onRoom: (() => void) | undefined;
  #closed: Error | undefined;

  constructor({ policy, capacity }: UseOptions) {
    this.policy = policy;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#again.length + this.#waiting.size;
  }

  get head(): Entry | undefined {
    return this.#again[0] ?? this.#waiting.values().next().value;
  }

  /** Takes the head out. */
  take(): Entry | undefined {
    const again = this.#again.shift();
    if (again) return again;
    const [first] = this.#waiting;
    if (!first) return undefined;
    this.#waiting.delete(first[0]);
    this.#onRoom?.();
    return first[1];
  }

  /** These run first, in their order. */
  putBack(entries: readonly Entry[]): void {
    if (this.#closed) for (const { reject } of entries) reject(this.#closed);
    else this.#again.unshift(...entries);
  }

  /** Takes entries in, in their order and with none of another call between them; waits for room where the policy says so. */
  add(entries: readonly Entry[], onAdded: () => void): void {
    const fits = this.#adding === 0 && this.#waiting.size + entries.length <= this.#capacity;
    if (this.policy !== "block" || fits) {
      for (const entry of entries) this.#push(entry);
      onAdded();
      return;
    }
    this.#adding += 1;
    this.#turn = this.#turn.then(() => this.#addWithRoom(entries, onAdded));
  }

  async #addWithRoom(entries: readonly Entry[], onAdded: () => void): Promise<void> {
    for (const entry of entries) {
      while (!this.#closed && this.#waiting.size >= this.#capacity) {
        await new Promise<void>((resolve) => {
          this.#onRoom = resolve;
        });
      }
      this.#push(entry);
      onAdded();
    }
    this.#adding -= 1;
  }

  #push(entry: Entry): void {
    if (this.#closed) {
      entry.reject(this.#closed);
      return;
    }
    if (this.policy === "latest" && entry.key !== undefined) {
      const older = this.#waiting.get(entry.key);
      this.#waiting.set(entry.key, entry);
      if (older) this.#giveUp(older, undefined);
    } else {
      this.#waiting.set(this.#number++, entry);
    }
    if (this.#waiting.size <= this.#capacity) return;
    const [[key, oldest]] = this.#waiting as Iterable<[string | number, Entry]> as [[string | number, Entry]];
    this.#waiting.delete(key);
    this.#giveUp(oldest, new QueueFullError(`given up for newer ones: ${this.#capacity} wait already`));
  }

  #giveUp({ resolve, reject }: Entry, reason: Error | undefined): void {
    this.givenUp += 1;
    if (reason) reject(reason);
    else resolve(undefined);
  }

  /** Rejects everything that waits. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const { reject } of [...this.#again, ...this.#waiting.values()]) reject(reason);
    this.#again = [];
    this.#waiting.clear();
    this.#onRoom?.();
  }
}
