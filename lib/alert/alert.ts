import type { ReadingValue, Severity } from "../reading";
import {
  type AlertCondition,
  type AlertEvent,
  type AlertEventType,
  type AlertFlag,
  type AlertState,
  type AlertView,
  fingerprint,
} from "./event";
import type { Limit } from "./limit";
import { type CompiledRule, severityRank } from "./rule";

/** The series an alert is about, with the value that holds now. */
export interface AlertSubject {
  readonly deviceId: string;
  readonly sensor: string;
  readonly unit: string;
  readonly value: ReadingValue;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What evaluation found: why the alert should stand. */
export interface Finding {
  readonly severity: Severity;
  readonly limit?: Limit;
}

export interface Acknowledgement {
  readonly by?: string;
  readonly at: number;
  readonly comment?: string;
}

/** One raising of an alert. Kept apart from the alert, because the last one announced may not be the present one. */
export interface Occurrence {
  readonly id: string;
  readonly since: number;
  severity: Severity;
  limit?: Limit;
  /** Latched: the condition is gone, the alert stands until it is acknowledged. */
  returned: boolean;
  acknowledged?: Acknowledgement;
}

/** What the outside was last told. */
export interface Announced {
  occurrence: Occurrence;
  state: AlertState;
  severity: Severity;
  returned: boolean;
}

export type AlertSink = (event: AlertEvent) => void;

/**
 * The life of one alert: raised when evaluation finds something, cleared when it no longer does (and, latched, when it is
 * acknowledged as well). A flag keeps the outside from being told, not the alert from living; when the last flag goes,
 * the outside is told the difference between what it knows and what is.
 */
export class Alert {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  current: Occurrence | undefined;
  announced: Announced | undefined;
  /** When it was last raised, and how often at that same instant: makes an occurrence's id unique. */
  raisedAt = Number.NEGATIVE_INFINITY;
  raisings = 0;
  /** Set by the evaluation: the alert stands, but only because the off delay has not run out. */
  recovering = false;
  /** Wall clock, ms; 0 when not shelved. */
  shelvedUntil = 0;
  suppressedBy: string | undefined;
  outOfService = false;

  constructor(
    readonly rule: CompiledRule,
    readonly condition: AlertCondition,
    readonly subject: AlertSubject,
  ) {
    const { deviceId, sensor } = subject;
    const own = { alertname: rule.name, rule: rule.id, deviceId, sensor, condition };
    this.labels = Object.freeze({ ...rule.labels, ...own });
    this.id = fingerprint(this.labels);
  }

  get stands(): boolean {
    return this.current !== undefined;
  }

  get silenced(): boolean {
    return this.shelvedUntil > 0 || this.suppressedBy !== undefined || this.outOfService;
  }

  /** Whether there is anything to speak of: it stands, is flagged, or the outside still takes it as standing. */
  get isLive(): boolean {
    return this.stands || this.silenced || this.announced !== undefined;
  }

  get flags(): AlertFlag[] {
    const flags: AlertFlag[] = [];
    if (this.shelvedUntil > 0) flags.push("SHELVED");
    if (this.suppressedBy !== undefined) flags.push("SUPPRESSED");
    if (this.outOfService) flags.push("OUT_OF_SERVICE");
    return flags;
  }

  get state(): AlertState {
    return this.current ? this.#stateOf(this.current) : "NORMAL";
  }

  /** Takes over what evaluation found at time `at`; undefined when the condition is gone. */
  update(found: Finding | undefined, at: number, latch: boolean, sink: AlertSink): void {
    if (found) this.#stand(found, at);
    else if (this.current) this.#return(latch);
    this.announce(at, sink);
  }

  #stand(found: Finding, at: number): void {
    if (!this.current) {
      const { severity, limit } = found;
      this.current = { id: this.#occurrenceId(at), since: at, severity, limit, returned: false };
      return;
    }
    // An acknowledgement was given for the severity of that moment: what is worse needs a new one (re-alarm, ISA-18.2).
    const isWorse = severityRank(found.severity) > severityRank(this.current.severity);
    if (isWorse) this.current.acknowledged = undefined;
    this.current.severity = found.severity;
    this.current.limit = found.limit;
    this.current.returned = false;
  }

  #occurrenceId(at: number): string {
    this.raisings = at === this.raisedAt ? this.raisings + 1 : 1;
    this.raisedAt = at;
    const id = `${this.id.slice(0, 16)}-${at}`;
    return this.raisings === 1 ? id : `${id}-${this.raisings}`;
  }

  #return(latch: boolean): void {
    if (latch && this.current && !this.current.acknowledged) this.current.returned = true;
    else this.current = undefined;
  }

  /** Tells the outside what it does not know yet, unless a flag says not to. */
  announce(at: number, sink: AlertSink): void {
    if (this.silenced) return;
    const { announced, current } = this;
    if (announced && announced.occurrence !== current) {
      sink(this.#event("cleared", at, announced.occurrence, "NORMAL"));
      this.announced = undefined;
    }
    if (!current) return;
    if (!this.announced) sink(this.#event("raised", at, current));
    else if (this.announced.severity !== current.severity || this.announced.returned !== current.returned) {
      sink(this.#event("changed", at, current));
    } else return;
    this.#remember(current);
  }

  /** False when it does not stand or was acknowledged already. `now` is the wall clock. */
  acknowledge(who: { readonly by?: string; readonly comment?: string }, now: number, sink: AlertSink): boolean {
    const { current } = this;
    if (!current || current.acknowledged) return false;
    current.acknowledged = { by: who.by, at: now, comment: who.comment };
    if (this.announced?.occurrence === current) {
      sink({ ...this.#event("acknowledged", now, current), by: who.by });
      this.#remember(current);
    }
    if (current.returned) this.current = undefined;
    this.announce(now, sink);
    return true;
  }

  /** Ends the occurrence whatever the condition is: the next reading that meets a limit raises a new one. */
  clear(at: number, sink: AlertSink): void {
    this.current = undefined;
    this.recovering = false;
    this.announce(at, sink);
  }

  /** Says that flags were set or lifted and, when none is left, what was withheld meanwhile. */
  tellFlags(event: AlertEventType, by: string | undefined, now: number, sink: AlertSink): void {
    const told = this.#event(event, now, this.current ?? this.announced?.occurrence);
    sink(by === undefined ? told : { ...told, by });
    this.announce(now, sink);
  }

  liftFlags(): void {
    this.shelvedUntil = 0;
    this.suppressedBy = undefined;
    this.outOfService = false;
  }

  view(): AlertView {
    return this.#view(this.current, this.state);
  }

  #stateOf(occurrence: Occurrence): AlertState {
    if (occurrence.returned) return "RETURNED_UNACKED";
    if (this.recovering) return "RECOVERING";
    return occurrence.acknowledged ? "ACTIVE_ACKED" : "ACTIVE";
  }

  #remember(occurrence: Occurrence): void {
    const { severity, returned } = occurrence;
    this.announced = { occurrence, severity, returned, state: this.state };
  }

  #event(event: AlertEventType, timestamp: number, of: Occurrence | undefined, state = this.state): AlertEvent {
    const view = this.#view(of, state);
    const { announced } = this;
    if (!announced) return { event, timestamp, ...view };
    return { event, timestamp, ...view, previous: { state: announced.state, severity: announced.severity } };
  }

  #view(occurrence: Occurrence | undefined, state: AlertState): AlertView {
    const { rule, subject } = this;
    const { deviceId, sensor, unit } = subject;
    const value = this.condition === "noData" ? null : subject.value;
    const severity = occurrence?.severity ?? this.#mildest();
    const { limit } = occurrence ?? {};
    const acknowledged = occurrence?.acknowledged;
    const view = { rule: rule.name, deviceId, sensor, value, unit, severity, state, limit, labels: this.labels };
    return {
      id: this.id,
      occurrenceId: occurrence?.id,
      ruleId: rule.id,
      condition: this.condition,
      flags: this.flags,
      ...view,
      message: this.#template(state).render({ ...view, metadata: subject.metadata }),
      since: occurrence?.since,
      acknowledgedBy: acknowledged?.by,
      acknowledgedAt: acknowledged?.at,
      comment: acknowledged?.comment,
      shelvedUntil: this.shelvedUntil || undefined,
    };
  }

  #template(state: AlertState) {
    const { messages } = this.rule;
    const isGone = state === "NORMAL" || state === "RETURNED_UNACKED";
    if (this.condition === "noData") return isGone ? messages.dataBack : messages.noData;
    return isGone ? messages.cleared : messages.raised;
  }

  /** The severity of an alert that does not stand: what it would have at least. */
  #mildest(): Severity {
    if (this.condition === "noData") return this.rule.noDataSeverity;
    return this.rule.limits.at(-1)?.severity ?? "info";
  }
}
