import type { ChannelInfo } from "../drivers/core/values";
import { numberWithin, positiveNumber, SavedState } from "../numeric";
import type { LineSignal, TimedReading } from "./contract";

const SECONDS = { s: 1, min: 60, h: 3600 } as const;

export interface PulseOptions {
  /** Which changes are pulses; to active when missing. */
  readonly edges?: "active" | "inactive" | "both";
  /** How often it is said what was counted, ms. */
  readonly everyMs: number;
  /** After so long without a pulse nothing flows any more, ms; ten times `everyMs` when missing. */
  readonly zeroAfterMs?: number;
  /** What a pulse stands for: 0.2794 mm of rain, 1/450 L of water; UCUM unit. */
  readonly pulse?: { readonly amount: number; readonly unit: string };
  /** The time in the unit of the rate: "min" for L/min. */
  readonly per?: keyof typeof SECONDS;
  /** The unit of the rate where it has a name of its own: W for W.h in an hour. */
  readonly rateUnit?: string;
  /** What is said; all when missing. Without `pulse` there are only "pulses" and "frequency". */
  readonly outputs?: readonly PulseOutput[];
}

/** Pulses since ever; their frequency; the amount in the last interval, since ever, and by time. */
export type PulseOutput = "pulses" | "frequency" | "amount" | "total" | "rate";

/** Counts pulses: flow and energy meters, rain gauges, anemometers. What was counted outlasts a restart. */
export class PulseCounter implements LineSignal {
  readonly channels: readonly ChannelInfo[];
  readonly #options: PulseOptions;
  readonly #zeroAfterMs: number;
  #pulses = 0;
  /** Pulses of the interval that runs, and its beginning. */
  #fresh = 0;
  #since = 0;
  /** The latest pulse; the one from which on periods are counted; their number. */
  #last: number | undefined;
  #base: number | undefined;
  #periods = 0;
  #frequency = 0;

  /** @throws RangeError */
  constructor(options: PulseOptions) {
    const { everyMs, zeroAfterMs = 10 * everyMs, pulse } = options;
    numberWithin("interval", everyMs, 10, 86_400_000);
    this.#zeroAfterMs = positiveNumber("time until zero", zeroAfterMs);
    if (pulse) positiveNumber("amount per pulse", pulse.amount);
    this.#options = options;
    this.channels = channelsOf(options);
  }

  get dueAt(): number {
    return this.#since + this.#options.everyMs;
  }

  start(_active: boolean, now: number): TimedReading[] {
    this.#beginInterval(now);
    this.#forgetTimes();
    this.#frequency = 0;
    return [];
  }

  edge(active: boolean, now: number): TimedReading[] {
    const readings = this.at(now);
    const { edges = "active" } = this.#options;
    if (edges === "both" || (edges === "active") === active) this.#count(now);
    return readings;
  }

  at(now: number): TimedReading[] {
    const { everyMs } = this.#options;
    if (now < this.#since) {
      // After a step back of the clock the times of earlier pulses mean nothing; their number does.
      this.#since = now;
      this.#forgetTimes();
    }
    // Who comes late, after the machine slept, gets one interval, not all that were missed.
    const end = this.#since + Math.floor((now - this.#since) / everyMs) * everyMs;
    if (end === this.#since) return [];
    this.#frequency = this.#measuredFrequency(end);
    const readings = this.#readings(end);
    this.#beginInterval(end);
    this.#base = this.#last;
    this.#periods = 0;
    return readings;
  }

  /** Counts from nothing again. */
  reset(): void {
    this.#pulses = 0;
  }

  snapshot(): unknown {
    return { pulses: this.#pulses };
  }

  restore(state: unknown): void {
    this.#pulses = new SavedState(state).index("pulses", Number.MAX_SAFE_INTEGER);
  }

  #beginInterval(now: number): void {
    this.#since = now;
    this.#fresh = 0;
  }

  #forgetTimes(): void {
    this.#last = undefined;
    this.#base = undefined;
    this.#periods = 0;
  }

  #count(now: number): void {
    this.#pulses += 1;
    this.#fresh += 1;
    const base = this.#base;
    const isAfterPause = base !== undefined && now - base >= this.#zeroAfterMs && this.#periods === 0;
    // Of several pulses after an empty interval the first begins the measurement: the pause before it was none of theirs.
    const isSecondAfterPause = this.#fresh === 2 && base !== undefined && base < this.#since - this.#options.everyMs;
    if (base === undefined || isAfterPause) {
      this.#base = now;
      this.#periods = 0;
    } else if (isSecondAfterPause) {
      this.#base = this.#last;
      this.#periods = 1;
    } else this.#periods += 1;
    this.#last = now;
  }

  /**
   * In Hz, from the times of the pulses rather than their number: exact also when only a few come in an interval. Between
   * pulses it falls with the time since the last one, and is zero after a while.
   */
  #measuredFrequency(end: number): number {
    const pause = end - (this.#last ?? Number.NEGATIVE_INFINITY);
    if (pause >= this.#zeroAfterMs) return 0;
    if (this.#fresh === 0) return Math.min(this.#frequency, 1000 / Math.max(1, pause));
    const span = (this.#last ?? 0) - (this.#base ?? 0);
    if (this.#periods > 0 && span > 0) return (1000 * this.#periods) / span;
    // One pulse after a long pause: the pause is all that is known of its period.
    return this.#periods === 0 ? 1000 / this.#zeroAfterMs : (1000 * this.#fresh) / (end - this.#since);
  }

  #readings(timestamp: number): TimedReading[] {
    const { pulse, per = "s" } = this.#options;
    const amount = pulse?.amount ?? 0;
    const values: Readonly<Record<PulseOutput, number>> = {
      pulses: this.#pulses,
      frequency: this.#frequency,
      amount: this.#fresh * amount,
      total: this.#pulses * amount,
      rate: this.#frequency * amount * SECONDS[per],
    };
    return this.channels.map(({ sensor, unit }) => ({
      ...{ sensor, unit, value: values[sensor as PulseOutput], quality: "good", timestamp },
    }));
  }
}

function channelsOf({
  pulse,
  per = "s",
  rateUnit,
  outputs,
}: PulseOptions): (ChannelInfo & { readonly sensor: PulseOutput })[] {
  const plain = [
    { sensor: "pulses", unit: "1" },
    { sensor: "frequency", unit: "Hz" },
  ] as const;
  const all = pulse
    ? ([
        ...plain,
        { sensor: "amount", unit: pulse.unit },
        { sensor: "total", unit: pulse.unit },
        { sensor: "rate", unit: rateUnit ?? `${pulse.unit}/${per}` },
      ] as const)
    : plain;
  const unknown = outputs?.find((output) => !all.some(({ sensor }) => sensor === output));
  if (unknown) throw new RangeError(`outputs: expected what a pulse stands for with "${unknown}"`);
  return all.filter(({ sensor }) => outputs?.includes(sensor) ?? true);
}
