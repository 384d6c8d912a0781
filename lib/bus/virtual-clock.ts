import type { BusClock } from "./clock";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved: an hour of a simulation takes as long as its work does. */
export class VirtualClock implements BusClock {
  #now: number;
  /** By time, then in the order they fell asleep. */
  readonly #sleepers: Sleeper[] = [];

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  wait(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.after(ms, wake);
    });
  }

  after(ms: number, wake: () => void): () => void {
    const sleeper = { at: this.#now + Math.max(0, ms), wake };
    let index = this.#sleepers.length;
    while (index > 0 && this.#sleepers[index - 1]!.at > sleeper.at) index -= 1;
    this.#sleepers.splice(index, 0, sleeper);
    return () => {
      const asleep = this.#sleepers.indexOf(sleeper);
      if (asleep >= 0) this.#sleepers.splice(asleep, 1);
    };
  }

  /** Moves on by so many ms: what waits is woken when its time comes, and done before the next is woken. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#sleepers[0]; next && next.at <= until; next = this.#sleepers[0]) {
      this.#sleepers.shift();
      this.#now = next.at;
      next.wake();
      await settled();
    }
    this.#now = until;
  }

  /** Moves on until the work is done. @throws Error when it waits for something other than time, and for long */
  async run<R>(work: Promise<R>): Promise<R> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    await settled();
    let idleSince: number | undefined;
    while (!isDone) {
      const next = this.#sleepers[0];
      if (next) idleSince = undefined;
      else idleSince ??= performance.now();
      if (idleSince !== undefined && performance.now() - idleSince > LONGEST_IDLE_MS) {
        throw new Error("the work is not done, and nothing in it waits for time to pass");
      }
      await this.advance(next ? Math.max(0, next.at - this.#now) : 0);
    }
    return work;
  }
}

/** Work may wait for a file or a process; longer than this it waits for nothing, ms of real time. */
const LONGEST_IDLE_MS = 10_000;

/** Everything that can go on without time passing has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
