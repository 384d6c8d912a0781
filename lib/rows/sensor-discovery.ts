import { SavedState, type Snapshotable, StateError } from "../numeric/state";

/** Timestamps that are looked at before the columns are settled. */
const TIMESTAMPS = 10;

/** A sensor belongs to the rows when it was seen at this share of the timestamps. */
const SHARE = 0.5;

/** Finds the sensors that a device reports together, from its first readings. */
export class SensorDiscovery implements Snapshotable {
  readonly #seen = new Map<string, number>();
  #timestamps = 0;
  #latest: number | undefined;

  constructor(private readonly cap: number) {}

  /**
   * @returns the sensors by name once enough timestamps were seen. The reading given then belongs to a timestamp that
   *   none of the columns has seen, so the first row is whole
   */
  push(sensor: string, timestamp: number): readonly string[] | undefined {
    if (timestamp !== this.#latest) {
      if (this.#timestamps >= TIMESTAMPS && this.#common().length > 0) return this.#common();
      this.#latest = timestamp;
      this.#timestamps += 1;
    }
    if (this.#seen.has(sensor) || this.#seen.size < this.cap) this.#seen.set(sensor, (this.#seen.get(sensor) ?? 0) + 1);
    return undefined;
  }

  /** Where the sensors take turns none is at half of the timestamps; then all that were seen at least twice are taken. */
  #common(): string[] {
    const names = [...this.#seen.keys()].sort();
    const often = names.filter((name) => (this.#seen.get(name) ?? 0) >= SHARE * this.#timestamps);
    return often.length > 1 ? often : names.filter((name) => (this.#seen.get(name) ?? 0) > 1);
  }

  snapshot(): unknown {
    return { seen: [...this.#seen], timestamps: this.#timestamps, latest: this.#latest };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const seen = saved.list("seen", this.cap).map((entry): [string, number] => {
      const [name, count] = Array.isArray(entry) ? entry : [];
      if (typeof name === "string" && Number.isInteger(count)) return [name, count as number];
      throw new StateError("seen: expected names and counts");
    });
    this.#timestamps = saved.index("timestamps", Number.MAX_SAFE_INTEGER);
    this.#latest = saved.optionalNumber("latest");
    this.#seen.clear();
    for (const [name, count] of seen) this.#seen.set(name, count);
  }
}
