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
  /** Readings, fast ones counted for less, until a series has settled; 0: at once. */
  readonly settling: number;
}

/** What comes in the refractory time is an anomaly of its own when it is so many times as strong as the last, and more than low. */
const ESCALATION = 10;

/** After the refractory time the threshold is raised so much, and relaxes with a time constant of so many refractory times. */
const RAISED = 3;
const RELAXING = 4;
/** Refractory times after which an anomaly is forgotten: nothing is left of the raised threshold. */
const FORGOTTEN = 50;

/** Most evidence that is asked for of a series that has not settled. */
const SHYEST = 1.5;

/** Readings in which a series is young: too little was seen of it to say how bad a thing is. */
const YOUTH = 1000;

/**
 * Decides which evidence is an anomaly: one event, one alarm, and some reserve after it.
 *
 * A series that begins is met with the same reserve, and with another. Of n values of a steady series the last is a record
 * with a probability that goes by 1 / n, and one that has evidence e beyond by 10^-e / n. With a threshold of log10(N / n) at
 * reading n false alarms would be as many before reading N, when the series has settled, as then; it is twice that, as the span
 * of few values is itself uncertain, but no more than what hardly any noise comes to.
 */
export class Alarms implements Snapshotable {
  readonly #most: number;
  /** Readings since the last anomaly or the beginning, and the same with fast readings counted for less. */
  #readings: number;
  #age: number;
  /** Score of the last anomaly. */
  #strength = 0;
  #last = Number.NaN;
  /** Readings since the beginning, up to those of the youth, and the same with fast readings counted for less, up to the settling. */
  #seen = 0;
  #settled = 0;
  /** Readings since the last that was hushed, up to the refractory time. */
  #hush: number;

  constructor(private readonly settings: AlarmSettings) {
    this.#most = FORGOTTEN * settings.refractory;
    this.#readings = this.#age = this.#hush = settings.refractory;
  }

  isAnomaly(score: number): boolean {
    if (score <= 0) return false;
    const { threshold, refractory, medium } = this.settings;
    if (this.#readings < refractory && score <= ESCALATION * Math.max(this.#strength, medium)) return false;
    return score >= Math.max(threshold * this.#reserve(), this.#shyness());
  }

  /** Whether it would be an anomaly, had the series settled; one event is told of once here, too. */
  isHushed(score: number): boolean {
    const { threshold, refractory } = this.settings;
    if (Math.min(this.#readings, this.#hush) < refractory || this.#shyness() === 0) return false;
    return score > 0 && score >= threshold * this.#reserve();
  }

  /** Whether too little was seen of the series to say how bad a thing is. */
  get isYoung(): boolean {
    return this.#seen < YOUTH;
  }

  /** Evidence that is asked for until the series has settled. */
  #shyness(): number {
    const { settling } = this.settings;
    return this.#settled < settling ? Math.min(2 * Math.log10(settling / this.#settled), SHYEST) : 0;
  }

  /** By how much the threshold is raised. */
  #reserve(): number {
    const { refractory } = this.settings;
    if (refractory === 0 || this.#age >= this.#most) return 1;
    return 1 + (RAISED - 1) * Math.exp(-Math.max(this.#age - refractory, 0) / (RELAXING * refractory));
  }

  /** Takes note of a reading. */
  learn(isAnomaly: boolean, score: number, timestamp: number): void {
    this.#hush = this.isHushed(score) ? 0 : Math.min(this.#hush + 1, this.settings.refractory);
    const worth = this.#worth(timestamp - this.#last);
    this.#seen = Math.min(this.#seen + 1, YOUTH);
    this.#settled = Math.min(this.#settled + worth, this.settings.settling);
    if (isAnomaly) {
      this.#readings = this.#age = 0;
      this.#strength = score;
    } else {
      this.#readings = Math.min(this.#readings + 1, this.#most);
      this.#age = Math.min(this.#age + worth, this.#most);
    }
    this.#last = timestamp;
  }

  /** What a reading counts for so many ms after the one before; 1 where time says nothing. */
  #worth(step: number): number {
    return step > 0 ? Math.min(step / this.settings.interval, 1) : 1;
  }

  clear(): void {
    this.#readings = this.#age = this.#hush = this.settings.refractory;
    this.#strength = this.#seen = this.#settled = 0;
    this.#last = Number.NaN;
  }

  snapshot(): unknown {
    return {
      readings: this.#readings,
      age: this.#age,
      strength: this.#strength,
      seen: this.#seen,
      settled: this.#settled,
      hush: this.#hush,
      last: Number.isNaN(this.#last) ? undefined : this.#last,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const readings = saved.index("readings", Number.MAX_SAFE_INTEGER);
    const [age, strength] = [saved.number("age"), saved.number("strength")];
    // The state of releases that did not count them is taken for that of a series that has settled.
    const settled = saved.optionalNumber("settled") ?? this.settings.settling;
    const seen = saved.optionalNumber("seen") ?? YOUTH;
    const hush = saved.optionalNumber("hush") ?? this.settings.refractory;
    const last = saved.optionalNumber("last");
    // The state may be of an alarm that was silent for longer.
    this.#readings = Math.min(readings, this.#most);
    this.#age = Math.min(Math.max(age, 0), this.#most);
    this.#strength = strength;
    this.#hush = Math.min(Math.max(hush, 0), this.settings.refractory);
    this.#seen = Math.min(Math.max(seen, 0), YOUTH);
    this.#settled = Math.min(Math.max(settled, 0), this.settings.settling);
    this.#last = last ?? Number.NaN;
  }
}
