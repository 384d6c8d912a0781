import { CsvError } from "./contract";

/** Times faster than it was recorded, or as fast as the receiver takes it. */
export type ReplaySpeed = number | "max";

export interface ReplayOptions {
  readonly speed: ReplaySpeed;
  /** Keep the recorded times; otherwise the recording happens now. */
  readonly keepTime: boolean;
}

/** The times of a recording: what `ReplayClock` needs to know before the first row. */
export interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

/**
 * Says when each row of a recording is due, and which time its readings then bear. Kept times stay as recorded. Shifted
 * ones are the moment of playing, so that a flow takes them for live; at full speed, where all moments are the same, the
 * recorded intervals are kept and the recording's end is now.
 */
export class ReplayClock {
  #due: number;

  /** @param start milliseconds since the epoch when the playing starts */
  constructor(
    private readonly options: ReplayOptions,
    private readonly span: TimeSpan,
    private readonly start: number,
  ) {
    this.#due = start;
  }

  /** When to play the row, never earlier than the row before it: a recording may go back in time, playing cannot. */
  due(recorded: number): number {
    const { speed } = this.options;
    if (speed !== "max") this.#due = Math.max(this.#due, this.start + (recorded - this.span.first) / speed);
    return this.#due;
  }

  /** The timestamp that the row's readings bear. */
  timestampOf(recorded: number): number {
    if (this.options.keepTime) return recorded;
    if (this.options.speed === "max") return this.start - (this.span.last - recorded);
    return Math.round(this.start + (recorded - this.span.first) / this.options.speed);
  }

  /** The playing stood still: everything that follows is due that much later. */
  delayedBy(ms: number): ReplayClock {
    const clock = new ReplayClock(this.options, this.span, this.start + ms);
    clock.#due = this.#due + ms;
    return clock;
  }
}

/** "max" or a positive number, as text or number. @throws CsvError */
export function speedOf(speed: string | number): ReplaySpeed {
  if (speed === "max") return speed;
  const number = typeof speed === "string" && speed.trim() === "" ? Number.NaN : Number(speed);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new CsvError(`speed: expected a number above 0 or max, got ${JSON.stringify(speed)}`);
}
