import { SavedState, type Snapshotable } from "../../numeric/state";
import { exactly } from "./robust-scale";

/** Scores count towards an alarm by what they are above this part of the limit. */
const ALLOWED = 1 / 3;

/** The alarm ends when this part of the event's mean deviation is left in its own direction… */
const LEFT = 0.5;
/** …or the score is what it is in half of all normal rows… */
const USUAL = 0;
/** …for so many rows in a row. */
const ROWS = 15;

/** It ends, too, when the mean of the score since it began, later over some hundred rows, is hardly what it is without any event. */
const CALM = 0.8;
const CALM_WEIGHT = 0.01;

export interface NextAlarm {
  readonly active: boolean;
  /** An event is over with this row; not said of an alarm that turns out to have been chance. */
  readonly ended: boolean;
  readonly evidence: number;
  readonly quietRows: number;
  readonly meanScore: number;
}

/**
 * Decides from the scores of the rows when an alarm begins and ends.
 *
 * It begins by a cumulative sum (Page 1954, Biometrika 41:100): scores add up by what they exceed a third of the limit, the sum never
 * below 0, and a score at the limit for `rows` rows is enough. What is far beyond is an alarm in a few rows, what stays a
 * little below becomes one in time, and the short excursions that smoothed noise makes do not.
 *
 * A score alone makes a poor end: it falls below any limit now and then in an event, and stays above it afterwards when some other
 * sensor has drifted meanwhile. So the event is remembered as a direction, the mean of its standardised deviations, and is over
 * when the deviation, projected on that direction, has fallen to half for some time. An alarm that began by chance has no
 * direction to speak of: it ends when the score has been as usual for as long as it takes to say so.
 */
export class Alarm implements Snapshotable {
  #active = false;
  #evidence = 0;
  #rows = 0;
  #quietRows = 0;
  #meanScore = 0;
  readonly #direction: Float64Array;

  /**
   * @param limit score at which an alarm begins when it lasts…
   * @param lasting …for so many rows
   */
  constructor(
    readonly sensors: number,
    private readonly limit: number,
    private readonly lasting: number,
  ) {
    this.#direction = new Float64Array(sensors);
  }

  /** Rows since the alarm began. */
  get rows(): number {
    return this.#rows;
  }

  /** What the alarm would be after a row of this score and these deviations; changes nothing. */
  next(score: number, deviations: Float64Array): NextAlarm {
    if (!this.#active) return this.#begins(score);
    const quiet = score < USUAL || this.#remaining(deviations) < LEFT;
    const quietRows = quiet ? this.#quietRows + 1 : 0;
    const weight = Math.max(CALM_WEIGHT, 1 / (this.#rows + 2));
    const meanScore = this.#meanScore + weight * (score - this.#meanScore);
    const ended = quietRows >= ROWS;
    const active = !ended && meanScore >= CALM;
    return { active, ended, evidence: 0, quietRows: active ? quietRows : 0, meanScore };
  }

  #begins(score: number): NextAlarm {
    const allowed = ALLOWED * this.limit;
    const evidence = Math.max(0, this.#evidence + score - allowed);
    const active = evidence >= this.lasting * (this.limit - allowed);
    return { active, ended: false, evidence: active ? 0 : evidence, quietRows: 0, meanScore: score };
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
    this.#evidence = next.evidence;
    this.#quietRows = next.quietRows;
    this.#meanScore = next.meanScore;
  }

  clear(): void {
    this.advance({ active: false, ended: false, evidence: 0, quietRows: 0, meanScore: 0 }, this.#direction);
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
      evidence: this.#evidence,
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
    this.#evidence = saved.number("evidence");
    this.#direction.set(exactly(saved, "direction", this.sensors));
    this.#active = saved.any("active") === true;
    [this.#rows, this.#quietRows] = [rows, quietRows];
  }
}
