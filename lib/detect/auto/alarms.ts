import { SavedState, type Snapshotable } from "../../numeric/state";

export interface AlarmSettings {
  /** Evidence from which a reading is an anomaly. */
  readonly threshold: number;
  /** Readings after an anomaly in which there is no other: one event, one anomaly. */
  readonly refractory: number;
  /** Readings that come faster count for less of the time in which the threshold is raised, ms. */
  readonly interval: number;
  /** Score from which an anomaly is of medium severity. */
  readonly medium: number;
}

/** What comes in the refractory time is an anomaly of its own when it is so many times as strong as the last, and more than low. */
const ESCALATION = 10;

/** After the refractory time the threshold is raised so much, and relaxes with a time constant of so many refractory times. */
const RAISED = 3;
const RELAXING = 4;
/** Refractory times after which an anomaly is forgotten: nothing is left of the raised threshold. */
const SETTLED = 50;

/**
 * Decides which evidence is an anomaly: one event, one alarm, and some reserve after it. A series that begins is met with the
 * same reserve: who has not seen a day does not know what a day holds.
 */
export class Alarms implements Snapshotable {
  readonly #most: number;
  /** Readings since the last anomaly or the beginning, and the same with fast readings counted for less. */
  #readings: number;
  #age: number;
  /** Score of the last anomaly. */
  #strength = 0;
  #last = Number.NaN;

  constructor(private readonly settings: AlarmSettings) {
    this.#most = SETTLED * settings.refractory;
    this.#readings = this.#age = settings.refractory;
  }

  isAnomaly(score: number): boolean {
    if (score <= 0) return false;
    const { threshold, refractory, medium } = this.settings;
    if (this.#readings < refractory) return score > ESCALATION * Math.max(this.#strength, medium);
    return score >= threshold * this.#reserve();
  }

  /** By how much the threshold is raised. */
  #reserve(): number {
    const { refractory } = this.settings;
    if (refractory === 0 || this.#age >= this.#most) return 1;
    return 1 + (RAISED - 1) * Math.exp(-Math.max(this.#age - refractory, 0) / (RELAXING * refractory));
  }

  /** Takes note of a reading, and tells whether it is an anomaly. */
  learn(score: number, timestamp: number): boolean {
    const isAnomaly = this.isAnomaly(score);
    if (isAnomaly) {
      this.#readings = this.#age = 0;
      this.#strength = score;
    } else {
      this.#readings = Math.min(this.#readings + 1, this.#most);
      this.#age = Math.min(this.#age + this.#worth(timestamp - this.#last), this.#most);
    }
    this.#last = timestamp;
    return isAnomaly;
  }

  /** What a reading counts for so many ms after the one before; 1 where time says nothing. */
  #worth(step: number): number {
    return step > 0 ? Math.min(step / this.settings.interval, 1) : 1;
  }

  clear(): void {
    this.#readings = this.#age = this.settings.refractory;
    this.#strength = 0;
    this.#last = Number.NaN;
  }

  snapshot(): unknown {
    return {
      readings: this.#readings,
      age: this.#age,
      strength: this.#strength,
      last: Number.isNaN(this.#last) ? undefined : this.#last,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const readings = saved.index("readings", Number.MAX_SAFE_INTEGER);
    const [age, strength] = [saved.number("age"), saved.number("strength")];
    const last = saved.optionalNumber("last");
    // The state may be of an alarm that was silent for longer.
    this.#readings = Math.min(readings, this.#most);
    this.#age = Math.min(Math.max(age, 0), this.#most);
    this.#strength = strength;
    this.#last = last ?? Number.NaN;
  }
}
