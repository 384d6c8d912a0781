import type { ChannelInfo } from "../drivers/core/values";
import { numberWithin } from "../numeric";
import type { LineSignal, TimedReading } from "./contract";

export interface StateOptions {
  /** Name of the channel that says whether the line is active: "open", "wet", "running". */
  readonly sensor: string;
  /** Name of the channel that says for how long it was, in seconds, each time it ends; none when missing. */
  readonly duration?: string;
}

/** A line that is active or not: a door, a float switch, a relay's contact. Says so at the start and at every change. */
export class LineState implements LineSignal {
  readonly channels: readonly ChannelInfo[];
  readonly dueAt = undefined;
  #active: boolean | undefined;
  #since: number | undefined;

  constructor(private readonly options: StateOptions) {
    const { sensor, duration } = options;
    const state = { sensor, unit: "1" };
    this.channels = duration === undefined ? [state] : [state, { sensor: duration, unit: "s" }];
  }

  start(active: boolean, now: number): TimedReading[] {
    this.#active = active;
    // Nobody knows since when.
    this.#since = undefined;
    return [this.#state(active, now)];
  }

  edge(active: boolean, now: number): TimedReading[] {
    // An edge that was missed in between leaves two of one direction.
    if (active === this.#active) return [];
    const since = this.#since;
    this.#active = active;
    this.#since = active ? now : undefined;
    const { duration } = this.options;
    if (duration === undefined || active || since === undefined) return [this.#state(active, now)];
    const seconds = Math.max(0, now - since) / 1000;
    const ended = { sensor: duration, unit: "s", value: seconds, quality: "good", timestamp: now } as const;
    return [this.#state(active, now), ended];
  }

  at(): TimedReading[] {
    return [];
  }

  #state(active: boolean, timestamp: number): TimedReading {
    return { sensor: this.options.sensor, unit: "1", value: active, quality: "good", timestamp };
  }

  snapshot(): unknown {
    return {};
  }

  restore(): void {}
}

export interface MotionOptions {
  readonly sensor?: string;
  /** Motion goes on until the detector has been quiet for so long, ms. */
  readonly holdMs: number;
  /** After power-up the detector says what it likes for so long, ms: 30 000 to 60 000 by HC-SR501's datasheet. */
  readonly warmUpMs?: number;
}

/** A motion detector (PIR): what it says in short pulses becomes one presence. */
export class Motion implements LineSignal {
  readonly channels: readonly ChannelInfo[];
  readonly #sensor: string;
  readonly #holdMs: number;
  readonly #warmUpMs: number;
  #isMoving = false;
  #endsAt: number | undefined;
  #startedAt = 0;

  /** @throws RangeError */
  constructor({ sensor = "motion", holdMs, warmUpMs = 0 }: MotionOptions) {
    this.#sensor = sensor;
    this.#holdMs = numberWithin("hold", holdMs, 0, 86_400_000);
    this.#warmUpMs = numberWithin("warm-up", warmUpMs, 0, 3_600_000);
    this.channels = [{ sensor, unit: "1" }];
  }

  get dueAt(): number | undefined {
    return this.#endsAt;
  }

  start(active: boolean, now: number): TimedReading[] {
    this.#startedAt = now;
    this.#isMoving = active;
    this.#endsAt = undefined;
    return [this.#reading(now)];
  }

  edge(active: boolean, now: number): TimedReading[] {
    const ended = this.at(now);
    if (!active) {
      if (this.#isMoving) this.#endsAt = now + this.#holdMs;
      return [...ended, ...this.at(now)];
    }
    this.#endsAt = undefined;
    if (this.#isMoving) return ended;
    this.#isMoving = true;
    return [...ended, this.#reading(now)];
  }

  at(now: number): TimedReading[] {
    const endsAt = this.#endsAt;
    if (endsAt === undefined) return [];
    // After a step back of the clock motion would last for hours.
    if (endsAt - now > this.#holdMs) this.#endsAt = now + this.#holdMs;
    if (now < endsAt) return [];
    this.#endsAt = undefined;
    this.#isMoving = false;
    return [this.#reading(endsAt)];
  }

  #reading(timestamp: number): TimedReading {
    const reading = { sensor: this.#sensor, unit: "1", value: this.#isMoving, timestamp };
    const age = timestamp - this.#startedAt;
    if (age >= this.#warmUpMs || age < 0) return { ...reading, quality: "good" };
    return { ...reading, quality: "uncertain", reason: "the detector is warming up" };
  }

  snapshot(): unknown {
    return {};
  }

  restore(): void {}
}
