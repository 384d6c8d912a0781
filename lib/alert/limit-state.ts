import type { ReadingValue } from "../reading";
import { type CompiledLimit, isBeyond, isComparable, isHeld } from "./limit";
import type { CompiledRule } from "./rule";

/** What survives a restart of one limit's state. */
export interface LimitSnapshot {
  readonly met: boolean;
  readonly active: boolean;
  readonly since: number;
  readonly hits?: readonly number[];
}

/**
 * One limit on one series: first a comparator with a deadband (met or not), then the delays (active or not). It is
 * active from the moment it has been met for the on delay, with the repeat count reached, until it has been unmet
 * for the off delay. Between readings the last value holds.
 */
export class LimitState {
  met = false;
  active = false;
  /** When `met` took its present value, in the readings' time. */
  since = Number.NEGATIVE_INFINITY;
  #hits: RecentHits | undefined;

  constructor(
    readonly limit: CompiledLimit,
    private readonly rule: CompiledRule,
  ) {}

  /** The value from time `t` on; true when that changes anything. One that cannot be compared with this limit does not. */
  observe(value: ReadingValue, t: number): boolean {
    if (!isComparable(this.limit, value)) return false;
    const beyond = isBeyond(this.limit, value);
    const met = beyond || (this.met && isHeld(this.limit, value));
    const isChanged = met !== this.met;
    if (isChanged) {
      this.met = met;
      this.since = t;
    }
    if (!beyond || !this.rule.repeat) return isChanged;
    this.#countHit(t, this.rule.repeat.count);
    return true;
  }

  /** When `active` follows `met` if nothing new arrives; Infinity when nothing is under way. */
  due(): number {
    if (this.met === this.active) return Number.POSITIVE_INFINITY;
    if (!this.met) return this.since + this.rule.offDelay;
    const { repeat } = this.rule;
    if (!repeat) return this.since + this.rule.onDelay;
    const at = Math.max(this.since + this.rule.onDelay, this.#hits?.latest ?? this.since);
    return this.#hits?.reached(repeat.count, at - repeat.window) ? at : Number.POSITIVE_INFINITY;
  }

  /** Lets a delay begin again: after a gap without data nobody knows what the value was. */
  restartDelay(t: number): void {
    if (this.met !== this.active) this.since = t;
  }

  /** The device's clock was set back to `t`: what lies ahead of it began now. */
  moveBack(t: number): void {
    if (this.since > t) this.since = t;
    this.#hits = undefined;
  }

  get isQuiet(): boolean {
    return !this.met && !this.active && this.#hits === undefined;
  }

  /** Forgets repeats that are too old to count, so that a quiet series needs no state. */
  forgetHitsBefore(t: number): void {
    if (this.#hits && this.#hits.latest <= t) this.#hits = undefined;
  }

  reset(): void {
    this.met = false;
    this.active = false;
    this.since = Number.NEGATIVE_INFINITY;
    this.#hits = undefined;
  }

  snapshot(): LimitSnapshot {
    const { met, active } = this;
    const since = Number.isFinite(this.since) ? this.since : 0;
    return this.#hits ? { met, active, since, hits: this.#hits.times() } : { met, active, since };
  }

  restore(saved: LimitSnapshot): void {
    this.met = saved.met === true;
    this.active = saved.active === true;
    this.since = Number(saved.since);
    for (const t of saved.hits ?? []) this.#countHit(Number(t), this.rule.repeat?.count ?? 1);
  }

  #countHit(t: number, count: number): void {
    this.#hits ??= new RecentHits(count);
    this.#hits.add(t);
  }
}

/** The times of the last few hits: a ring, because nothing older can matter. */
class RecentHits {
  readonly #times: number[] = [];
  #next = 0;

  constructor(private readonly size: number) {}

  get latest(): number {
    const { length } = this.#times;
    return length === 0 ? Number.NEGATIVE_INFINITY : (this.#times[(this.#next + length - 1) % length] as number);
  }

  add(t: number): void {
    if (this.#times.length < this.size) this.#times.push(t);
    else {
      this.#times[this.#next] = t;
      this.#next = (this.#next + 1) % this.size;
    }
  }

  /** Whether the last `count` hits all came after `t`. */
  reached(count: number, t: number): boolean {
    return this.#times.length >= count && (this.#times[this.#next] as number) > t;
  }

  /** Oldest first. */
  times(): number[] {
    return [...this.#times.slice(this.#next), ...this.#times.slice(0, this.#next)];
  }
}
