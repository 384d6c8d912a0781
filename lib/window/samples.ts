import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import type { Summary } from "./summary";

/** Room in front is given back once it is this long and half of the arrays. */
const SLACK = 1024;

/** Values with their times, ascending in time, those of the same time in the order they came. Bounded. */
export class Samples implements Snapshotable {
  #times: number[] = [];
  #values: number[] = [];
  #flags: number[] = [];
  /** Samples in front of this index are forgotten, so that forgetting one does not move all others. */
  #head = 0;

  constructor(readonly capacity: number) {}

  get count(): number {
    return this.#times.length - this.#head;
  }

  /** Time of the earliest sample; undefined when there is none. */
  get firstTime(): number | undefined {
    return this.#times[this.#head];
  }

  /** Time of the latest sample; undefined when there is none. */
  get lastTime(): number | undefined {
    return this.count > 0 ? this.#times[this.#times.length - 1] : undefined;
  }

  /** Adds a sample at its place in time. False when the earliest one had to go to make room. */
  insert(value: number, time: number, flags: number): boolean {
    let at = this.#times.length;
    while (at > this.#head && (this.#times[at - 1] as number) > time) at -= 1;
    if (at === this.#times.length) return this.append(value, time, flags);
    this.#times.splice(at, 0, time);
    this.#values.splice(at, 0, value);
    this.#flags.splice(at, 0, flags);
    return this.#fits();
  }

  /** Adds a sample behind all others, whatever its time: for windows by count, which go by arrival. */
  append(value: number, time: number, flags: number): boolean {
    this.#times.push(time);
    this.#values.push(value);
    this.#flags.push(flags);
    return this.#fits();
  }

  #fits(): boolean {
    if (this.count <= this.capacity) return true;
    this.drop(1);
    return false;
  }

  /** Forgets the first `count` samples. */
  drop(count: number): void {
    this.#head += count;
    if (this.#head < SLACK || this.#head * 2 < this.#times.length) return;
    this.#times.splice(0, this.#head);
    this.#values.splice(0, this.#head);
    this.#flags.splice(0, this.#head);
    this.#head = 0;
  }

  /** How many samples lie before the time. Only for samples that were inserted, not appended. */
  countBefore(time: number): number {
    let low = this.#head;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  /** Adds the samples from the one numbered `from`, the first being 0, up to but without `to` to a summary. */
  summarize(summary: Summary, from: number, to: number): Summary {
    for (let i = this.#head + from; i < this.#head + to; i++) {
      summary.add(this.#values[i] as number, this.#times[i] as number, this.#flags[i] as number);
    }
    return summary;
  }

  snapshot(): unknown {
    return {
      times: this.#times.slice(this.#head),
      values: this.#values.slice(this.#head),
      flags: this.#flags.slice(this.#head),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const times = saved.numbers("times", this.capacity);
    const values = saved.numbers("values", this.capacity);
    const flags = saved.numbers("flags", this.capacity);
    if (values.length !== times.length || flags.length !== times.length) {
      throw new StateError("times, values and flags: expected the same number of each");
    }
    this.#times = [...times];
    this.#values = [...values];
    this.#flags = [...flags];
    this.#head = 0;
  }
}
