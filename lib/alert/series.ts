import type { Reading, ReadingValue } from "../reading";
import { Alert, type AlertSubject } from "./alert";
import type { AlertCondition } from "./event";
import { LimitState } from "./limit-state";
import type { CompiledRule } from "./rule";

/** One series under one rule: where it is in time, its limits, and its alerts once there is something to say. */
export class Series implements AlertSubject {
  readonly deviceId: string;
  readonly sensor: string;
  /** The readings' time up to which the series is evaluated by readings. */
  time: number;
  /** Wall clock of the last reading: how long the series is idle is judged by it, not by the device's clock. */
  heardAt: number;
  /** Latest time of an event: a reading delivered late does not make events run backwards. */
  clock = Number.NEGATIVE_INFINITY;
  /** How long the gateway was off since the last reading, ms: not the sensor's silence. */
  pause = 0;
  /** False while nothing is met, active, counted or raised: then a reading costs a comparison per limit. */
  busy = false;
  value: ReadingValue = null;
  unit: string;
  metadata: Readonly<Record<string, string>> | undefined;
  /** Made when a limit is met for the first time. */
  limits: LimitState[] = NO_LIMITS;
  limitAlert: Alert | undefined;
  noDataAlert: Alert | undefined;

  constructor(
    readonly rule: CompiledRule,
    readonly key: string,
    first: { readonly deviceId: string; readonly sensor: string; readonly unit: string },
    time: number,
    now: number,
  ) {
    this.deviceId = first.deviceId;
    this.sensor = first.sensor;
    this.unit = first.unit;
    this.time = time;
    this.heardAt = now;
  }

  /** The readings' time now: the last reading's, and how long the gateway has waited since it came. */
  timeAt(now: number): number {
    return this.time + Math.max(0, now - this.heardAt);
  }

  /** Until when the last value holds in the eyes of the next reading; for ever when silence is not watched. */
  get holdsUntil(): number {
    return this.time + this.rule.noDataAfter + this.pause;
  }

  /** Whether nothing has come for too long, the gateway's own absence not counted. */
  isSilentAt(now: number): boolean {
    return this.timeAt(now) > this.time + this.rule.noDataAfter;
  }

  /** The reading is the newest: its value holds from now on. */
  take(reading: Reading, now: number): void {
    this.time = reading.timestamp;
    this.heardAt = now;
    this.pause = 0;
    this.value = reading.value;
    this.unit = reading.unit;
    this.metadata = reading.metadata;
    if (this.clock < reading.timestamp) this.clock = reading.timestamp;
  }

  /** The device's clock was wrong and runs from `t` again. */
  moveBack(t: number): void {
    this.time = t;
    this.clock = t;
    for (const limit of this.limits) limit.moveBack(t);
  }

  openLimits(): void {
    if (this.limits === NO_LIMITS) this.limits = this.rule.limits.map((limit) => new LimitState(limit, this.rule));
  }

  /** When the next limit becomes active or inactive by itself; Infinity when none is about to. */
  nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const limit of this.limits) next = Math.min(next, limit.due());
    return next;
  }

  /** Lets every limit that is due at `at` follow. */
  fire(at: number): void {
    for (const limit of this.limits) if (limit.due() <= at) limit.active = limit.met;
  }

  /** The worst limit that is active: the rule keeps the worst first. */
  get worst(): LimitState | undefined {
    return this.limits.find((limit) => limit.active);
  }

  get isMet(): boolean {
    return this.limits.some((limit) => limit.met);
  }

  alert(condition: AlertCondition): Alert {
    if (condition === "limit") {
      this.limitAlert ??= new Alert(this.rule, condition, this);
      return this.limitAlert;
    }
    this.noDataAlert ??= new Alert(this.rule, condition, this);
    return this.noDataAlert;
  }

  get alerts(): Alert[] {
    return [this.limitAlert, this.noDataAlert].filter((alert) => alert !== undefined);
  }

  /** Brings `busy` and the alert's state in line after anything has changed. */
  settleFlags(): void {
    const isMet = this.isMet;
    if (this.limitAlert) this.limitAlert.recovering = !isMet && this.worst !== undefined;
    const { repeat } = this.rule;
    if (repeat && !isMet) for (const limit of this.limits) limit.forgetHitsBefore(this.time - repeat.window);
    this.busy =
      this.limitAlert?.stands === true ||
      this.noDataAlert?.stands === true ||
      this.limits.some((limit) => !limit.isQuiet);
  }
}

const NO_LIMITS: LimitState[] = [];
