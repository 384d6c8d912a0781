import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import type { Records } from "./records";
import { levelTrackOf, shiftTrackOf, type Tracks, VALUE_TRACK } from "./tracks";

/** Lengths of the last windows that are looked at again: the shorter ones say nothing that lasts. */
const WINDOWS = [20, 40, 80] as const;
const SHORTEST = WINDOWS[0];
const LONGEST = WINDOWS[WINDOWS.length - 1] as number;

/** What was normal is kept of these tracks: the value, the mean of each window, and the shift that tells a new level from the old. */
const KEPT = [VALUE_TRACK, ...WINDOWS.map(levelTrackOf), shiftTrackOf(SHORTEST)];
const [VALUE, FIRST_WINDOW, SHIFT] = [0, 1, KEPT.length - 1] as const;

/** Low, high and count of each. */
const PER_TRACK = 3;

/** Values whose mean tells where the series has been since the anomaly. */
const SPELL = 5;

/** A level is news from so many times the largest shift between neighbouring windows that was normal. */
const NEWS = 1.5;

/** Evidence from which it is told: what is late should be sure. */
const LEAST = 0.7;

/**
 * What was normal before an anomaly, kept until its silence is over. A lasting change that begins in the silence is learned
 * before anyone may speak of it; so the level is then compared with that from before, not with what has been learned since.
 *
 * It is news when it differs from what the series has shown since the anomaly: a step that was called an anomaly and has
 * lasted is none again. Values count for no more than the edges of what was normal, so that the anomaly itself, however
 * high a spike, is not taken for a level.
 */
export class Aftermath implements Snapshotable {
  /** Low, high and count of the tracks kept; empty where there is no anomaly to look back to. */
  #kept: number[] = [];
  /** Values since the anomaly, with it. */
  #since = 0;
  /** Least and greatest mean of some values since the anomaly. */
  #least = Number.POSITIVE_INFINITY;
  #greatest = Number.NEGATIVE_INFINITY;
  /** How far the level last asked about is beyond what was normal, negative below. */
  #excess = 0;

  /** @param lasts values after an anomaly in which there is no other */
  constructor(private readonly lasts: number) {}

  /** Whether there is an anomaly whose silence was a window ago at the most. */
  get isOn(): boolean {
    return this.#kept.length > 0;
  }

  /** An anomaly has come: keeps what was normal before it, or before the first of those that came one upon the other. */
  begin(records: Records): void {
    if (this.lasts === 0) return;
    if (!this.isOn) {
      this.#kept = KEPT.flatMap((track) => {
        const { low, high, count } = records.of(track);
        return count > 0 ? [low, high, count] : [0, 0, 0];
      });
    }
    this.#since = 0;
    this.#least = Number.POSITIVE_INFINITY;
    this.#greatest = Number.NEGATIVE_INFINITY;
  }

  /** Takes note of the value that the tracks have just been given. */
  push(tracks: Tracks): void {
    if (!this.isOn) return;
    this.#since += 1;
    if (this.#since >= SPELL) {
      let sum = 0;
      for (let age = 1; age <= SPELL; age++) sum += this.#bound(tracks.back(age));
      this.#least = Math.min(this.#least, sum / SPELL);
      this.#greatest = Math.max(this.#greatest, sum / SPELL);
    }
    if (this.#since >= this.lasts + SHORTEST) this.clear();
  }

  /**
   * How far the last windows, with this value as the newest, are beyond what was normal before the anomaly, as the sum of
   * -log10 p; 0 in the silence, and where that is no news.
   */
  evidence(value: number, tracks: Tracks): number {
    if (!this.isOn || this.#since < Math.max(this.lasts, SHORTEST)) return 0;
    this.#excess = 0;
    let evidence = 0;
    let sum = this.#bound(value);
    let window = 0;
    let now = 0;
    const oldest = Math.min(this.#since, LONGEST - 1);
    for (let age = 1; age <= oldest; age++) {
      sum += this.#bound(tracks.back(age));
      if (age + 1 === SPELL) now = sum / SPELL;
      if (age + 1 !== WINDOWS[window]) continue;
      evidence += this.#beyond(sum / (age + 1), now, FIRST_WINDOW + window);
      window += 1;
    }
    return evidence >= LEAST ? evidence : 0;
  }

  /** Evidence of a window's mean; 0 within what was normal, and where the series has been like that since the anomaly. */
  #beyond(mean: number, now: number, track: number): number {
    const [low, high, count] = this.#of(track);
    const span = high - low;
    if (!(span > 0)) return 0;
    const [falls, rises] = this.#of(SHIFT);
    const isAbove = mean > high && now > high && mean - this.#least > NEWS * rises;
    if (!isAbove && !(mean < low && now < low && mean - this.#greatest < NEWS * falls)) return 0;
    const excess = isAbove ? mean - high : mean - low;
    if (Math.abs(excess) > Math.abs(this.#excess)) this.#excess = excess;
    return (Math.abs(excess) / span) * Math.log10(count);
  }

  /**
   * Where the value last asked about would have been normal: where values were before the anomaly, or, when only the level
   * is beyond that, so much nearer that it would not be.
   */
  expected(value: number): { readonly low: number; readonly high: number } {
    const [low, high] = this.#of(VALUE);
    const [span, near] = [high - low, value - this.#excess];
    if (this.#excess > 0 && value <= high) return { low: Math.min(low, near - span), high: near };
    if (this.#excess < 0 && value >= low) return { low: near, high: Math.max(high, near + span) };
    return { low, high };
  }

  #bound(value: number): number {
    const [low, high] = this.#of(VALUE);
    return Math.min(Math.max(value, low - (high - low)), high + (high - low));
  }

  #of(track: number): [number, number, number] {
    const at = PER_TRACK * track;
    return [this.#kept[at] as number, this.#kept[at + 1] as number, this.#kept[at + 2] as number];
  }

  clear(): void {
    this.#kept = [];
    this.#since = 0;
    this.#least = Number.POSITIVE_INFINITY;
    this.#greatest = Number.NEGATIVE_INFINITY;
  }

  snapshot(): unknown {
    const seen = this.#least <= this.#greatest ? [this.#least, this.#greatest] : [];
    return { kept: [...this.#kept], since: this.#since, seen };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const kept = saved.numbers("kept", PER_TRACK * KEPT.length);
    const since = saved.index("since", this.lasts + SHORTEST);
    const seen = saved.numbers("seen", 2);
    if (kept.length !== 0 && kept.length !== PER_TRACK * KEPT.length) throw new StateError("kept: does not fit");
    this.#kept = [...kept];
    this.#since = since;
    this.#least = seen[0] ?? Number.POSITIVE_INFINITY;
    this.#greatest = seen[1] ?? Number.NEGATIVE_INFINITY;
  }
}
