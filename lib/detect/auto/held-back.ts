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
  /** The parts that are held back, oldest first. */
  #parts: { readonly number: number; low: number; high: number }[] = [];

  constructor(memory: number) {
    this.extremes = new Extremes(memory);
  }

  /** @param part number of the part of the season since the epoch */
  push(value: number, part: number): void {
    let last = this.#parts.at(-1);
    if (last?.number !== part) {
      this.#release(part);
      last = { number: part, low: value, high: value };
      this.#parts.push(last);
    }
    if (value < last.low) last.low = value;
    if (value > last.high) last.high = value;
  }

  #release(part: number): void {
    const isHeld = ({ number }: { readonly number: number }): boolean => Math.abs(part - number) < HELD;
    for (const each of this.#parts) {
      if (isHeld(each)) continue;
      this.extremes.push(each.low);
      this.extremes.push(each.high);
    }
    this.#parts = this.#parts.filter(isHeld).slice(-HELD);
  }

  clear(): void {
    this.extremes.clear();
    this.#parts = [];
  }

  snapshot(): unknown {
    return {
      extremes: this.extremes.snapshot(),
      parts: this.#parts.flatMap(({ number, low, high }) => [number, low, high]),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const parts = saved.numbers("parts", 3 * (HELD + 1));
    if (parts.length % 3 !== 0) throw new StateError("parts: expected three numbers each");
    this.extremes.restore(saved.any("extremes"));
    this.#parts = [];
    for (let i = 0; i < parts.length; i += 3) {
      this.#parts.push({ number: parts[i] as number, low: parts[i + 1] as number, high: parts[i + 2] as number });
    }
  }
}
