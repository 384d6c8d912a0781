import { SavedState, type Snapshotable } from "../numeric/state";

/** The readings since something may have begun, thinned to every second one whenever they become too many. */
export class Recent implements Snapshotable {
  #values: number[] = [];
  #hours: number[] = [];
  /** Readings of which one is kept. */
  #every = 1;
  #skipped = 0;

  constructor(private readonly capacity: number) {}

  push(value: number, hours: number): void {
    this.#skipped += 1;
    if (this.#skipped < this.#every) return;
    this.#skipped = 0;
    this.#values.push(value);
    this.#hours.push(hours);
    if (this.#values.length < this.capacity) return;
    const isOdd = (_: number, i: number): boolean => i % 2 === 1;
    this.#values = this.#values.filter(isOdd);
    this.#hours = this.#hours.filter(isOdd);
    this.#every *= 2;
  }

  get hours(): readonly number[] {
    return this.#hours;
  }

  clear(): void {
    this.#values = [];
    this.#hours = [];
    this.#every = 1;
    this.#skipped = 0;
  }

  forEach(work: (value: number, hours: number) => void): void {
    this.#values.forEach((value, i) => {
      work(value, this.#hours[i] as number);
    });
  }

  snapshot(): unknown {
    return { values: this.#values, hours: this.#hours, every: this.#every, skipped: this.#skipped };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#values = [...saved.numbers("values", this.capacity)];
    this.#hours = [...saved.numbers("hours", this.#values.length)];
    this.#every = Math.max(1, saved.index("every", Number.MAX_SAFE_INTEGER));
    this.#skipped = saved.index("skipped", this.#every);
  }
}
