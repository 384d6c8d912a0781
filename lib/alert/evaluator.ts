import { DEFAULT_SERIES_CAP, type Reading, SeriesMap } from "../reading";
import type { Alert, AlertSink } from "./alert";
import type { AlertState } from "./event";
import { isComparable, isWithinAll } from "./limit";
import type { CompiledRule } from "./rule";
import { Series } from "./series";

/** A series whose clock is ahead of ours by more than this had a wrong clock once it steps back. */
const CLOCK_AHEAD_MS = 5_000;
/** A series of which only older readings come for this long has had its clock set back. */
const CLOCK_PATIENCE_MS = 30_000;

/**
 * One rule over all its series. Time is the readings' own: a value holds from its timestamp to the next reading's, and
 * what a delay makes of it is the same whether the delay is noticed by a tick or by the next reading. `now` is always
 * the wall clock, given by the caller.
 */
export class RuleEvaluator {
  /** Readings older than one already evaluated: passed over, because an alert cannot be raised in the past. */
  late = 0;
  /** Readings whose value is of a kind that no limit compares with. */
  incomparable = 0;
  readonly #series: SeriesMap<Series>;
  /** Series with a delay under way: all that a tick has to look at, unless silence is watched. */
  readonly #waiting = new Set<Series>();
  /** Series with an alert that stands, is flagged, or is still known outside. */
  readonly #live = new Set<Series>();
  readonly #changed = new Set<Series>();

  constructor(
    readonly rule: CompiledRule,
    private readonly sink: AlertSink,
    cap = DEFAULT_SERIES_CAP,
  ) {
    this.#series = new SeriesMap<Series>(cap, (_key, series) => this.#forget(series, series.clock));
  }

  /** Series that had to be forgotten for want of room. */
  get evicted(): number {
    return this.#series.evicted;
  }

  /** Evaluates one reading. `key` is the reading's series key. */
  observe(reading: Reading, key: string, now: number): void {
    if (!this.#isEvidence(reading)) return;
    const series = this.#series.get(key) ?? this.#add(key, reading, now);
    if (!series) return;
    const t = reading.timestamp;
    if (t < series.time && this.#isLate(series, now)) {
      this.late += 1;
      return;
    }
    const isInTime = t >= series.time && t <= series.holdsUntil;
    if (!series.busy && isInTime && isWithinAll(this.rule.limits, reading.value)) {
      series.time = t;
      series.heardAt = now;
      series.pause = 0;
      return;
    }
    this.#evaluate(series, reading, now);
  }

  /** Lets delays run out and silences be noticed for series that no reading came for. */
  tick(now: number): void {
    for (const series of this.#waiting) this.#advanceIdle(series, now);
    const watchesSilence = this.rule.noDataAfter < Number.POSITIVE_INFINITY;
    for (const [, series] of watchesSilence ? this.#series.entries() : []) {
      if (!series.noDataAlert?.stands && series.isSilentAt(now)) this.#advanceIdle(series, now);
    }
  }

  stateOf(key: string): AlertState {
    const series = this.#series.get(key);
    if (!series) return "NORMAL";
    const state = series.limitAlert?.state ?? "NORMAL";
    return state === "NORMAL" && series.isMet ? "PENDING" : state;
  }

  /** The series with an alert to speak of. */
  get live(): ReadonlySet<Series> {
    return this.#live;
  }

  *series(): IterableIterator<Series> {
    for (const [, series] of this.#series.entries()) yield series;
  }

  get(key: string): Series | undefined {
    return this.#series.get(key);
  }

  has(series: Series): boolean {
    return this.#series.get(series.key) === series;
  }

  /** Takes a series back from a snapshot. */
  adopt(series: Series): void {
    this.#series.set(series.key, series);
    this.#finish(series);
  }

  /** To be called after an operator has changed something about the series' alerts. */
  touched(series: Series): void {
    this.#finish(series);
  }

  /**
   * Ends what stands and forgets what the limits have seen: the next reading starts afresh. With a no-data alert the
   * whole series is forgotten until it sends again, or the same silence would raise it again at once.
   */
  reset(series: Series, alert: Alert, at: number): void {
    if (alert.condition === "noData") {
      this.#series.delete(series.key);
      this.#forget(series, at);
      return;
    }
    alert.clear(at, this.sink);
    for (const limit of series.limits) limit.reset();
    this.#finish(series);
  }

  /** The series that changed since this was last asked, for saving. */
  takeChanged(): Series[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #isEvidence(reading: Reading): boolean {
    const { rule } = this;
    if (reading.quality !== "good") {
      if (rule.quality === "goodOnly" || (reading.quality === "bad" && rule.quality === "notBad")) return false;
      if (reading.value === null) return false;
    }
    return reading.historical === undefined || rule.includeHistorical;
  }

  #add(key: string, reading: Reading, now: number): Series | undefined {
    if (!this.accepts(reading)) return undefined;
    const series = new Series(this.rule, key, reading, reading.timestamp, now);
    this.#series.set(key, series);
    // Whoever watches for silence must know after a restart whom to expect.
    if (this.rule.noDataAfter < Number.POSITIVE_INFINITY) this.#changed.add(series);
    return series;
  }

  /** Whether the rule is about this device and sensor. */
  accepts(reading: { readonly deviceId: string; readonly sensor: string }): boolean {
    return this.rule.sensors.accepts(reading.sensor) && this.rule.devices.accepts(reading.deviceId);
  }

  /** An older reading is late, unless it shows that the series' clock was wrong: then it is followed back. */
  #isLate(series: Series, now: number): boolean {
    return series.time <= now + CLOCK_AHEAD_MS && now - series.heardAt < CLOCK_PATIENCE_MS;
  }

  #evaluate(series: Series, reading: Reading, now: number): void {
    const t = reading.timestamp;
    if (this.rule.limits.length > 0 && !this.rule.limits.some((limit) => isComparable(limit, reading.value))) {
      this.incomparable += 1;
    }
    if (t < series.time) series.moveBack(t);
    const isGap = t > series.holdsUntil;
    const isSteady = !isGap && series.nextDue() === Number.POSITIVE_INFINITY && !series.noDataAlert?.stands;
    if (!isSteady) this.#advance(series, t, isGap);
    series.take(reading, now);
    series.openLimits();
    let isChanged = false;
    for (const limit of series.limits) {
      if (limit.observe(reading.value, t)) isChanged = true;
      if (isGap) limit.restartDelay(t);
    }
    if (isSteady && !isChanged && series.limitAlert?.stands) {
      // A standing alert, and one more reading that changes nothing about it.
      this.#changed.add(series);
      return;
    }
    series.noDataAlert?.update(undefined, series.clock, false, this.sink);
    if (series.nextDue() <= t) {
      series.fire(t);
      this.#update(series);
    }
    this.#finish(series);
  }

  #advanceIdle(series: Series, now: number): void {
    this.#advance(series, series.timeAt(now), series.isSilentAt(now));
    this.#finish(series);
  }

  /** Lets everything happen that is due before `until`, in its order; what is due at `until` waits for its reading. */
  #advance(series: Series, until: number, isSilent: boolean): void {
    const { holdsUntil } = series;
    for (let due = series.nextDue(); due < until && due <= holdsUntil; due = series.nextDue()) {
      series.fire(due);
      series.clock = Math.max(series.clock, due);
      this.#update(series);
    }
    if (isSilent && !series.noDataAlert?.stands) {
      series.clock = Math.max(series.clock, holdsUntil);
      const finding = { severity: this.rule.noDataSeverity };
      series.alert("noData").update(finding, series.clock, false, this.sink);
    }
  }

  #update(series: Series): void {
    const worst = series.worst?.limit;
    if (!worst && !series.limitAlert) return;
    const alert = series.alert("limit");
    alert.recovering = worst !== undefined && !series.isMet;
    alert.update(worst, series.clock, this.rule.latch, this.sink);
  }

  #finish(series: Series): void {
    series.settleFlags();
    if (series.nextDue() < Number.POSITIVE_INFINITY) this.#waiting.add(series);
    else this.#waiting.delete(series);
    if (series.alerts.some((alert) => alert.isLive)) this.#live.add(series);
    else this.#live.delete(series);
    this.#changed.add(series);
  }

  /** A series that has to go takes its alerts along: those that the outside knows are told to be cleared. */
  #forget(series: Series, at: number): void {
    for (const alert of series.alerts) {
      alert.liftFlags();
      alert.clear(at, this.sink);
    }
    this.#waiting.delete(series);
    this.#live.delete(series);
    this.#changed.add(series);
  }
}
