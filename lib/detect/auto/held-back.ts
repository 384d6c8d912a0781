import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import { Extremes } from "./extremes";

/** Parts of the season that are held back: a quarter of it. */
const HELD = 12;

/**
 * Extremes of what windows over the last quarter of a season showed, without those that overlap the window of now: a long spell
 * must not be compared with its own beginning, from which it would differ by one more step only.
 */
export class HeldBack implements Snapshotable {
  readonly extremes: Extremes;
  /** The parts that are held back, oldest first: number, lowest and highest of each. Flat, as it is kept for every series. */
  #parts: number[] = [];

  constructor(memory: number) {
    this.extremes = new Extremes(memory);
  }

  /** @param part number of the part of the season since the epoch */
  push(value: number, part: number): void {
    const parts = this.#parts;
    const last = parts.length - 3;
    if (parts[last] !== part) {
      this.#release(part);
      this.#parts = this.#parts.concat(part, value, value);
      return;
    }
    if (value < (parts[last + 1] as number)) parts[last + 1] = value;
    if (value > (parts[last + 2] as number)) parts[last + 2] = value;
  }

  #release(part: number): void {
    const held: number[] = [];
    for (let i = 0; i < this.#parts.length; i += 3) {
      const [number, low, high] = this.#parts.slice(i, i + 3) as [number, number, number];
      if (Math.abs(part - number) < HELD && this.#parts.length - i <= 3 * HELD) held.push(number, low, high);
      else this.#learn(low, high);
    }
    this.#parts = held;
  }

  #learn(low: number, high: number): void {
    this.extremes.push(low);
    this.extremes.push(high);
  }

  clear(): void {
    this.extremes.clear();
    this.#parts = [];
  }

  snapshot(): unknown {
    return { extremes: this.extremes.snapshot(), parts: [...this.#parts] };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const parts = saved.numbers("parts", 3 * (HELD + 1));
    if (parts.length % 3 !== 0) throw new StateError("parts: expected three numbers each");
    this.extremes.restore(saved.any("extremes"));
    this.#parts = [...parts];
  }
}
