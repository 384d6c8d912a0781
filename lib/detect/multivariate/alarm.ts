import { SavedState, type Snapshotable } from "../../numeric/state";
import { exactly } from "./robust-scale";

/** The alarm ends when this part of the event's mean deviation is left in its own direction… */
const LEFT = 0.5;
/** …or the score is what it is in half of all normal rows… */
const USUAL = 0;
/** …for so many rows in a row. */
const ROWS = 15;

/** It ends, too, when the mean of the score since it began, later over some hundred rows, is hardly what it is without any event. */
const CALM = 1.25;
const CALM_WEIGHT = 0.01;

export interface NextAlarm {
  readonly active: boolean;
  /** The event is over with this row. */
  readonly ended: boolean;
  readonly quietRows: number;
  readonly meanScore: number;
}

/**
 * Holds an alarm from the row whose score exceeds the threshold to the end of the event. A score alone makes a poor end: it
 * falls below any limit now and then in an event, and stays above it afterwards when some other sensor has drifted meanwhile. So
 * the event is remembered as a direction, the mean of its standardised deviations, and is over when the deviation, projected on
 * that direction, has fallen to half for some time. An alarm that began by chance has no direction to speak of: it ends
 * when the score has been as usual for as long as it takes to say so.
 */
export class Alarm implements Snapshotable {
  #active = false;
  #rows = 0;
  #quietRows = 0;
  #meanScore = 0;
  readonly #direction: Float64Array;

  constructor(
    readonly sensors: number,
    private readonly threshold: number,
  ) {
    this.#direction = new Float64Array(sensors);
  }

  get active(): boolean {
    return this.#active;
  }

  /** Rows since the alarm began. */
  get rows(): number {
    return this.#rows;
  }

  /** What the alarm would be after a row of this score and these deviations; changes nothing. */
  next(score: number, deviations: Float64Array): NextAlarm {
    if (!this.#active) return { active: score > this.threshold, ended: false, quietRows: 0, meanScore: score };
    const quiet = score < USUAL || this.#remaining(deviations) < LEFT;
    const quietRows = quiet ? this.#quietRows + 1 : 0;
    const weight = Math.max(CALM_WEIGHT, 1 / (this.#rows + 2));
    const meanScore = this.#meanScore + weight * (score - this.#meanScore);
    const ended = quietRows >= ROWS || meanScore < CALM;
    return { active: !ended, ended, quietRows: ended ? 0 : quietRows, meanScore };
  }

  /** Takes what `next` said. */
  advance(next: NextAlarm, deviations: Float64Array): void {
    if (this.#active && next.active) {
      this.#rows += 1;
      for (let j = 0; j < this.sensors; j++) {
        const mean = this.#direction[j] as number;
        this.#direction[j] = mean + ((deviations[j] as number) - mean) / this.#rows;
      }
    } else {
      this.#rows = 0;
      this.#direction.fill(0);
    }
    this.#active = next.active;
    this.#quietRows = next.quietRows;
    this.#meanScore = next.meanScore;
  }

  clear(): void {
    this.advance({ active: false, ended: false, quietRows: 0, meanScore: 0 }, this.#direction);
  }

  #remaining(deviations: Float64Array): number {
    let square = 0;
    let projected = 0;
    for (let j = 0; j < this.sensors; j++) {
      const direction = this.#direction[j] as number;
      square += direction * direction;
      projected += direction * (deviations[j] as number);
    }
    return square > 0 ? projected / square : 1;
  }

  snapshot(): unknown {
    return {
      active: this.#active,
      rows: this.#rows,
      quietRows: this.#quietRows,
      meanScore: this.#meanScore,
      direction: [...this.#direction],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const rows = saved.index("rows", Number.MAX_SAFE_INTEGER);
    const quietRows = saved.index("quietRows", ROWS);
    this.#meanScore = saved.number("meanScore");
    this.#direction.set(exactly(saved, "direction", this.sensors));
    this.#active = saved.any("active") === true;
    [this.#rows, this.#quietRows] = [rows, quietRows];
  }
}
