import { DEFAULT_SERIES_CAP, type Reading, type Severity, seriesKey } from "../reading";
import type { Alert } from "./alert";
import { RuleEvaluator } from "./evaluator";
import type { AlertEvent, AlertView } from "./event";
import type { CompiledRule } from "./rule";
import type { Series } from "./series";
import { orphaned, restoreSeries, type SeriesSnapshot, snapshotOf } from "./snapshot";
import { selects, type Target, TargetError } from "./target";

/** Who did something, as far as is known. */
export interface Operator {
  readonly by?: string;
  readonly comment?: string;
}

/** A saved series of a rule; without a state it is to be deleted. */
export interface SavedSeries {
  readonly ruleId: string;
  readonly series: string;
  readonly state: SeriesSnapshot | undefined;
}

const NO_EVENTS: readonly AlertEvent[] = [];

/**
 * A set of rules over a stream of readings, with what an operator can do about its alerts. Nothing here knows the time:
 * `now` is the wall clock in ms, given by the caller, and events are returned in the order in which they happened.
 */
export class AlertRules {
  readonly #evaluators: readonly RuleEvaluator[];
  readonly #shelved = new Set<Series>();
  #events: AlertEvent[] = [];

  /** @param cap most series kept per rule; beyond it the least recently heard one is forgotten */
  constructor(rules: readonly CompiledRule[], cap = DEFAULT_SERIES_CAP) {
    this.#evaluators = rules.map((rule) => new RuleEvaluator(rule, (event) => this.#events.push(event), cap));
  }

  has(ruleId: string): boolean {
    return this.#evaluators.some(({ rule }) => rule.id === ruleId);
  }

  evaluate(batch: readonly Reading[], now: number): readonly AlertEvent[] {
    const evaluators = this.#evaluators;
    for (let i = 0; i < batch.length; i += 1) {
      const reading = batch[i] as Reading;
      const key = seriesKey(reading);
      for (let e = 0; e < evaluators.length; e += 1) (evaluators[e] as RuleEvaluator).observe(reading, key, now);
    }
    return this.#takeEvents();
  }

  /** To be called about once a second: delays that run out, silences, shelvings that end. */
  tick(now: number): readonly AlertEvent[] {
    for (const series of this.#shelved) this.#endShelvings(series, now);
    for (const evaluator of this.#evaluators) evaluator.tick(now);
    return this.#takeEvents();
  }

  /** @throws TargetError when nothing that stands unacknowledged is meant */
  acknowledge(target: Target, who: Operator, now: number): readonly AlertEvent[] {
    return this.#act(target, "no unacknowledged alert", (alert) => {
      return alert.acknowledge(who, now, this.#sink);
    });
  }

  /**
   * Silences alerts until a wall-clock time; they go on being evaluated (ISA-18.2 shelving).
   * @throws TargetError when no known series is meant
   */
  shelve(target: Target, until: number, who: Operator, now: number): readonly AlertEvent[] {
    if (!Number.isFinite(until) || until <= now) throw new TargetError("shelve: expected a time that is yet to come");
    return this.#act(target, "no known series", (alert, series) => {
      alert.shelvedUntil = until;
      this.#shelved.add(series);
      alert.tellFlags("shelved", who.by, now, this.#sink);
      return true;
    });
  }

  /** @throws TargetError when nothing shelved is meant */
  unshelve(target: Target, who: Operator, now: number): readonly AlertEvent[] {
    return this.#act(target, "no shelved alert", (alert) => {
      if (alert.shelvedUntil === 0) return false;
      alert.shelvedUntil = 0;
      alert.tellFlags("unshelved", who.by, now, this.#sink);
      return true;
    });
  }

  /** Silences by design, until lifted: `by` names the logic or the person (ISA-18.2 designed suppression). */
  suppress(target: Target, who: Operator, now: number, on = true): readonly AlertEvent[] {
    return this.#act(target, on ? "no known series" : "no suppressed alert", (alert) => {
      if (!on && alert.suppressedBy === undefined) return false;
      alert.suppressedBy = on ? (who.by ?? "") : undefined;
      alert.tellFlags(on ? "suppressed" : "unsuppressed", who.by, now, this.#sink);
      return true;
    });
  }

  /** Silences for maintenance, until lifted. */
  takeOutOfService(target: Target, who: Operator, now: number, on = true): readonly AlertEvent[] {
    return this.#act(target, on ? "no known series" : "no alert out of service", (alert) => {
      if (!on && !alert.outOfService) return false;
      alert.outOfService = on;
      alert.tellFlags(on ? "outOfService" : "backInService", who.by, now, this.#sink);
      return true;
    });
  }

  /**
   * Ends what stands, whatever the condition is: for devices that are gone. If readings still come and meet a limit, they
   * raise a new occurrence.
   * @throws TargetError when nothing that stands is meant
   */
  clear(target: Target, now: number): readonly AlertEvent[] {
    return this.#act(target, "no standing alert", (alert, series, evaluator) => {
      if (!alert.stands) return false;
      evaluator.reset(series, alert, now);
      return true;
    });
  }

  /** Every alert that stands or is flagged. */
  list(): AlertView[] {
    return [...this.#live()].map((alert) => alert.view());
  }

  /** Standing alerts by severity, and how many of them nobody has acknowledged or silenced. */
  counts(): { readonly bySeverity: ReadonlyMap<Severity, number>; readonly standing: number; readonly open: number } {
    const bySeverity = new Map<Severity, number>();
    let standing = 0;
    let open = 0;
    for (const { current, silenced } of this.#live()) {
      if (!current) continue;
      standing += 1;
      if (!silenced) bySeverity.set(current.severity, (bySeverity.get(current.severity) ?? 0) + 1);
      if (!silenced && !current.acknowledged) open += 1;
    }
    return { bySeverity, standing, open };
  }

  /** Readings passed over, and series forgotten for want of room: to be shown when they are not 0. */
  get losses(): { readonly late: number; readonly incomparable: number; readonly evicted: number } {
    const sum = (pick: (evaluator: RuleEvaluator) => number): number =>
      this.#evaluators.reduce((total, evaluator) => total + pick(evaluator), 0);
    return { late: sum((e) => e.late), incomparable: sum((e) => e.incomparable), evicted: sum((e) => e.evicted) };
  }

  /** What has to be saved since the last call. */
  takeChanged(now: number): SavedSeries[] {
    return this.#evaluators.flatMap((evaluator) =>
      evaluator.takeChanged().map((series) => {
        const state = evaluator.has(series) ? snapshotOf(series, now) : undefined;
        return { ruleId: evaluator.rule.id, series: series.key, state };
      }),
    );
  }

  /** The series that these events are about, to be saved before anybody hears of the events. */
  savedBy(events: readonly AlertEvent[], now: number): SavedSeries[] {
    const saved = new Map<string, SavedSeries>();
    for (const { ruleId, deviceId, sensor } of events) {
      const key = seriesKey({ deviceId, sensor });
      const evaluator = this.#evaluators.find(({ rule }) => rule.id === ruleId);
      const series = evaluator?.get(key);
      saved.set(`${ruleId}|${key}`, { ruleId, series: key, state: series && snapshotOf(series, now) });
    }
    return [...saved.values()];
  }

  /**
   * Goes on from a saved series. False when no rule of this set watches it any more; then its alerts are cleared.
   * @throws Error when the state cannot be read
   */
  restore(
    saved: { readonly ruleId: string; readonly series: string; readonly state: SeriesSnapshot },
    now: number,
  ): boolean {
    const evaluator = this.#evaluators.find(({ rule }) => rule.id === saved.ruleId);
    if (!evaluator?.accepts(saved.state)) {
      this.#events.push(...orphaned(saved.state, now));
      return false;
    }
    const series = restoreSeries(evaluator.rule, saved.series, saved.state, now, this.#sink);
    evaluator.adopt(series);
    if (series.alerts.some((alert) => alert.shelvedUntil > 0)) this.#shelved.add(series);
    return true;
  }

  /** Events that arose while restoring: alerts that a changed rule has ended. */
  takeEvents(): readonly AlertEvent[] {
    return this.#takeEvents();
  }

  readonly #sink = (event: AlertEvent): void => void this.#events.push(event);

  #takeEvents(): readonly AlertEvent[] {
    if (this.#events.length === 0) return NO_EVENTS;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  *#live(): IterableIterator<Alert> {
    for (const evaluator of this.#evaluators) {
      for (const series of evaluator.live) yield* series.alerts.filter((alert) => alert.isLive);
    }
  }

  #act(
    target: Target,
    nothing: string,
    act: (alert: Alert, series: Series, evaluator: RuleEvaluator) => boolean,
  ): readonly AlertEvent[] {
    let acted = 0;
    for (const evaluator of this.#evaluators) {
      const candidates = "all" in target ? evaluator.live : evaluator.series();
      for (const series of [...candidates].filter((each) => selects(target, each))) {
        const alerts = "id" in target ? series.alerts.filter(({ id }) => id === target.id) : alertsOf(series);
        const done = alerts.filter((alert) => act(alert, series, evaluator)).length;
        if (done > 0 && evaluator.has(series)) evaluator.touched(series);
        acted += done;
      }
    }
    if (acted === 0 && !("all" in target)) throw new TargetError(`${nothing} is meant by ${JSON.stringify(target)}`);
    return this.#takeEvents();
  }

  #endShelvings(series: Series, now: number): void {
    for (const alert of series.alerts) {
      if (alert.shelvedUntil === 0 || alert.shelvedUntil > now) continue;
      alert.shelvedUntil = 0;
      alert.tellFlags("unshelved", undefined, now, this.#sink);
    }
    if (series.alerts.some((alert) => alert.shelvedUntil > 0)) return;
    this.#shelved.delete(series);
    const evaluator = this.#evaluators.find(({ rule }) => rule === series.rule);
    if (evaluator?.has(series)) evaluator.touched(series);
  }
}

/** The alerts of a series that is addressed by its name: they exist before they are raised for the first time. */
function alertsOf(series: Series): Alert[] {
  if (series.rule.limits.length > 0) series.alert("limit");
  if (series.rule.noDataAfter < Number.POSITIVE_INFINITY) series.alert("noData");
  return series.alerts;
}
