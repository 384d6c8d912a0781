import type { ActuatorValue } from "../drivers/core";
import { isOn, type OutputRules } from "./rules";

/**
 * Why an output is set.
 * - set: it was asked for
 * - start, close: the node begins or ends
 * - input-lost: nothing was asked for too long
 * - longest-on: it was on for the longest time allowed
 */
export type ChangeCause = "set" | "start" | "close" | "input-lost" | "longest-on";

export interface Change {
  readonly value: ActuatorValue;
  readonly cause: ChangeCause;
}

/** It was on for the longest time allowed, and off has not been asked for since. */
export class LockedOff extends Error {
  override readonly name = "LockedOff";
}

/**
 * Decides when an output may be set to what. It knows neither bus nor timer: whoever does tells it what happened and
 * asks what to do next. Times are ms of a clock that does not go backwards.
 *
 * A part that failed to be set may have been set all the same, or not: until it is known again, it counts as on for the
 * longest on time, and as switched for the least times.
 */
export class OutputGuard {
  #wanted: Change | undefined;
  /** Goes before what is wanted, and waits for nothing. */
  #urgent: Change | undefined;
  #state: "on" | "off" | "unknown" = "unknown";
  #value: ActuatorValue | undefined;
  /** Since when it may be on. */
  #onSince: number | undefined;
  /** When it may last have been switched on, and off. */
  #switchedOn = Number.NEGATIVE_INFINITY;
  #switchedOff = Number.NEGATIVE_INFINITY;
  #lastInput: number;
  #isLost = false;
  #isLocked = false;
  #isClosed = false;

  constructor(
    private readonly rules: OutputRules,
    now: number,
  ) {
    this.#lastInput = now;
    this.#onSince = now;
    this.#urgent = { value: rules.safe, cause: "start" };
  }

  /** The value that the part has, if that is known. */
  get value(): ActuatorValue | undefined {
    return this.#value;
  }

  /** True from the longest on time's end until off is asked for. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /**
   * Something was asked for; it takes the place of what was before.
   * @param value as `outputValue` returns it
   * @throws LockedOff when it may not be on
   */
  request(value: ActuatorValue, now: number): Change {
    if (this.#isClosed) throw new Error(`${this.rules.output.actuator} is closed`);
    this.#lastInput = now;
    this.#isLost = false;
    if (isOn(this.rules, value)) this.#refuseWhenLocked();
    else this.#isLocked = false;
    if (this.#urgent?.cause === "input-lost") this.#urgent = undefined;
    this.#wanted = { value, cause: "set" };
    return this.#wanted;
  }

  /** When a request that was not set yet may be; undefined when it never will, because something came after it. */
  heldUntil(change: Change): number | undefined {
    return this.#wanted === change ? this.#allowedAt(change.value) : undefined;
  }

  /** From now on only the safe value. */
  close(): void {
    this.#isClosed = true;
    this.#wanted = undefined;
    this.#urgent = { value: this.rules.safe, cause: "close" };
  }

  /** What is to be set now. Until it is reported as done or failed, it stays the answer unless something goes before it. */
  next(now: number): Change | undefined {
    if (!this.#isClosed) this.#watch(now);
    if (this.#urgent) return this.#urgent;
    return this.#wanted && now >= this.#allowedAt(this.#wanted.value) ? this.#wanted : undefined;
  }

  /** When `next` will have an answer that it does not have now; Infinity when only a request changes it. */
  dueAt(now: number): number {
    const allowed = this.#wanted ? this.#allowedAt(this.#wanted.value) : Number.POSITIVE_INFINITY;
    return Math.min(allowed > now ? allowed : Number.POSITIVE_INFINITY, this.#lostAt(), this.#longestOnEnds());
  }

  /** The change is about to be sent: from here on the part may have it. */
  begun({ value }: Change, now: number): void {
    this.#mark(value, now);
    if (isOn(this.rules, value)) this.#onSince ??= now;
    if (value !== this.#value) this.#value = undefined;
    if (this.#state !== this.#stateOf(value)) this.#state = "unknown";
  }

  done(change: Change, now: number): void {
    this.#mark(change.value, now);
    this.#value = change.value;
    this.#state = this.#stateOf(change.value);
    if (this.#state === "off") this.#onSince = undefined;
    if (this.#urgent === change) this.#urgent = undefined;
    if (this.#wanted === change) this.#wanted = undefined;
  }

  failed({ value }: Change, now: number): void {
    this.#mark(value, now);
    this.#value = undefined;
  }

  /** A request is not to be tried again. */
  drop(change: Change): void {
    if (this.#wanted === change) this.#wanted = undefined;
  }

  #watch(now: number): void {
    if (now >= this.#lostAt()) {
      this.#isLost = true;
      this.#wanted = undefined;
      if (this.#value !== this.rules.safe) this.#urgent ??= { value: this.rules.safe, cause: "input-lost" };
    }
    if (now >= this.#longestOnEnds()) {
      this.#isLocked = true;
      if (this.#wanted && isOn(this.rules, this.#wanted.value)) this.#wanted = undefined;
      this.#urgent = { value: this.rules.off, cause: "longest-on" };
    }
  }

  #lostAt(): number {
    return this.#isLost ? Number.POSITIVE_INFINITY : this.#lastInput + this.rules.inputTimeoutMs;
  }

  #longestOnEnds(): number {
    const isUnderWay = this.#urgent !== undefined && !isOn(this.rules, this.#urgent.value);
    if (this.#onSince === undefined || isUnderWay) return Number.POSITIVE_INFINITY;
    return this.#onSince + this.rules.maxOnMs;
  }

  #allowedAt(value: ActuatorValue): number {
    if (this.#state === this.#stateOf(value)) return Number.NEGATIVE_INFINITY;
    return isOn(this.rules, value) ? this.#switchedOff + this.rules.minOffMs : this.#switchedOn + this.rules.minOnMs;
  }

  /** It may be switching to the value's side at this moment. */
  #mark(value: ActuatorValue, now: number): void {
    if (this.#state === this.#stateOf(value)) return;
    if (isOn(this.rules, value)) this.#switchedOn = now;
    else this.#switchedOff = now;
  }

  #stateOf(value: ActuatorValue): "on" | "off" {
    return isOn(this.rules, value) ? "on" : "off";
  }

  #refuseWhenLocked(): void {
    if (!this.#isLocked) return;
    throw new LockedOff(
      `${this.rules.output.actuator} was on for the longest time allowed: it stays off until off has been asked for`,
    );
  }
}
