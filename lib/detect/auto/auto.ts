import { type SavedState as Saved, SavedState, StateError } from "../../numeric/state";
import type { AnomalyVerdict } from "../../reading/reading";
import { Autoregression } from "../autoregression";
import type { Detector } from "../detector";
import { ROUNDING, type SeverityBands, verdictOf } from "../severity";
import { Extremes } from "./extremes";
import { Rarity } from "./rarity";
import { Season } from "./season";
import { TrailingMeans } from "./trailing-means";

export interface AutoSettings {
  /** Evidence from which a reading is an anomaly, as the sum of -log10 p over the members. */
  readonly threshold: number;
  /** Values a member must have seen before it has a say. */
  readonly minimum: number;
  /** Readings after an anomaly in which there is no other: one event, one anomaly. */
  readonly refractory: number;
  /** Values back that count as history. */
  readonly memory: number;
  /** Length of the season, ms. */
  readonly period: number;
  /** What the sensor can show; infinite where it is not declared. */
  readonly low: number;
  readonly high: number;
  /** Changes up to this are none, in the reading's unit. */
  readonly resolution: number;
  readonly bands: SeverityBands;
}

/** What looks at the series, in the order of the arrays below. */
const MEMBERS = ["value", "level", "shift", "forecast", "season"] as const;
const [VALUE, LEVEL, SHIFT, FORECAST, SEASON] = [0, 1, 2, 3, 4];

/** Values that the level is the mean of, and that each side of a shift is: within an hour and within a day for most series. */
const LEVEL_OF = 20;
const SHIFT_OF = 80;

/** What comes in the refractory time is an anomaly of its own when it is so many times as strong as the last, and more than low. */
const ESCALATION = 10;

/** After the refractory time the threshold is raised so much, and relaxes with a time constant of so many refractory times. */
const RAISED = 3;
const RELAXING = 4;
/** Refractory times after which an anomaly is forgotten: nothing is left of the raised threshold. */
const SETTLED = 50;

/** Alarms of a member after which its word counts for 1 / sqrt 2. */
const ALARMS_HALVING_POWER = 5;

/**
 * The ensemble that needs no configuration. Five members look at the series in five ways: the value itself, its mean over 20
 * readings, the shift between the last 80 and the 80 before, the residual of an autoregressive forecast, and the deviation
 * from the profile of the day. Each of them asks one question: is this a record, and how far beyond the one before?
 *
 * Extreme value theory makes the answers comparable between members and between series of any unit. In a series with tails
 * of exponential type (the Gumbel domain: normal, exponential, logistic, lognormal to the eye) the span R of n values tells
 * the tail's scale, R / ln n, so a new record exceeds the old one by z spans with probability
 *
 *     p = exp(-z R / (R / ln n)) = n^-z,    -log10 p = z log10 n
 *
 * (Fisher and Tippett 1928; Embrechts, Klueppelberg and Mikosch 1997, ch. 3 and 5.4). No scale is fitted and no window is
 * chosen: records of a steady series become rarer by themselves, as 1 / n. The score is the sum of -log10 p over the members,
 * each weighed by what was learned about it: less the more alarms it has caused, and the profile by the part of the variance
 * that it explains. After an anomaly there is none for some readings unless it is ten times as strong, and then the threshold is
 * raised for a while: one event, one alarm.
 *
 * p is the verdict's calibrated tail probability: for records their rate so far times the probability of the excess, for all
 * else the rank of the reading among those before.
 */
export class Auto implements Detector {
  readonly #means = new TrailingMeans(LEVEL_OF, SHIFT_OF);
  readonly #autoregression = new Autoregression();
  readonly #season: Season;
  readonly #extremes: readonly Extremes[];
  readonly #alarms = new Float64Array(MEMBERS.length);
  readonly #rarity: Rarity;
  /** Readings since the last anomaly; as if it were long ago while there was none. */
  #sinceAnomaly: number;
  /** Score of the last anomaly. */
  #alarm = 0;
  #last = Number.NaN;
  /** Smallest change seen: the resolution of a sensor with few digits. */
  #step = Number.POSITIVE_INFINITY;

  // What the members say of the value last looked at.
  readonly #features = new Float64Array(MEMBERS.length);
  readonly #evidence = new Float64Array(MEMBERS.length);
  #looked = { value: Number.NaN, timestamp: Number.NaN, score: 0, position: 0 };

  constructor(private readonly settings: AutoSettings) {
    this.#season = new Season(settings.period);
    this.#extremes = MEMBERS.map(() => new Extremes(settings.memory));
    this.#rarity = new Rarity(settings.memory);
    this.#sinceAnomaly = SETTLED * settings.refractory;
  }

  judge(value: number, timestamp: number): AnomalyVerdict | undefined {
    const { low, high, threshold, bands } = this.settings;
    const ready = this.#isReady(VALUE);
    const undeclared = value < low || value > high;
    if (!ready && !undeclared) return undefined;
    this.#look(value, timestamp);
    const { score, position } = this.#looked;
    const isAnomaly = undeclared || this.#isAnomaly(score);
    const shown = undeclared ? Math.max(score, threshold, bands.critical) : score;
    const p = undeclared ? 0 : this.#rarity.p(position, score);
    const verdict = verdictOf("auto", isAnomaly, shown, p, ready ? this.#expected(value) : undefined, bands);
    return score > 0 ? { ...verdict, members: this.#speakers() } : verdict;
  }

  learn(value: number, timestamp: number): void {
    const { low, high } = this.settings;
    if (value < low || value > high) return;
    this.#look(value, timestamp);
    const { score, position } = this.#looked;
    if (this.#isReady(VALUE)) this.#rarity.learn(position, score);
    if (this.#isAnomaly(score)) this.#noteAlarm(score);
    else this.#sinceAnomaly = Math.min(this.#sinceAnomaly + 1, SETTLED * this.settings.refractory);
    this.#absorb(this.#bounded(VALUE, value), timestamp);
    this.#looked.value = Number.NaN;
  }

  #absorb(value: number, timestamp: number): void {
    for (let member = 0; member < MEMBERS.length; member++) {
      const feature = this.#bounded(member, this.#features[member] as number);
      if (!Number.isNaN(feature)) (this.#extremes[member] as Extremes).push(feature);
    }
    const step = Math.abs(value - this.#last);
    if (step > 0 && step < this.#step) this.#step = step;
    this.#last = value;
    this.#means.push(value);
    this.#autoregression.push(value);
    this.#season.push(value, timestamp);
  }

  #bounded(member: number, feature: number): number {
    return this.#isReady(member) ? (this.#extremes[member] as Extremes).bound(feature) : feature;
  }

  /** A record that is not learned would be one again and again, so this detector learns its anomalies whatever the policy. */
  follow(value: number, timestamp: number): void {
    this.learn(value, timestamp);
  }

  #isReady(member: number): boolean {
    return (this.#extremes[member] as Extremes).count >= this.settings.minimum;
  }

  #isAnomaly(score: number): boolean {
    if (score <= 0) return false;
    const { threshold, refractory, bands } = this.settings;
    if (this.#sinceAnomaly < refractory) return score > ESCALATION * Math.max(this.#alarm, bands.medium);
    return score >= threshold * this.#caution();
  }

  /** By how much the threshold is raised since the last anomaly. */
  #caution(): number {
    const { refractory } = this.settings;
    if (refractory === 0 || this.#sinceAnomaly >= SETTLED * refractory) return 1;
    return 1 + (RAISED - 1) * Math.exp(-(this.#sinceAnomaly - refractory) / (RELAXING * refractory));
  }

  #noteAlarm(score: number): void {
    this.#sinceAnomaly = 0;
    this.#alarm = score;
    for (let member = 0; member < MEMBERS.length; member++) {
      if ((this.#evidence[member] as number) > 0) this.#alarms[member] = (this.#alarms[member] as number) + 1;
    }
  }

  /** Asks all members. Learning asks again what judging has just asked: then the answers are still there. */
  #look(value: number, timestamp: number): void {
    const looked = this.#looked;
    if (looked.value === value && looked.timestamp === timestamp) return;
    const features = this.#features;
    features[VALUE] = value;
    features[LEVEL] = this.#means.levelWith(value);
    features[SHIFT] = this.#means.shiftWith(value);
    features[FORECAST] = value - this.#autoregression.forecast();
    features[SEASON] = this.#season.deviationWith(value, timestamp);
    looked.value = value;
    looked.timestamp = timestamp;
    looked.score = looked.position = 0;
    for (let member = 0; member < MEMBERS.length; member++) this.#ask(member, value);
  }

  #ask(member: number, value: number): void {
    this.#evidence[member] = 0;
    const feature = this.#features[member] as number;
    if (Number.isNaN(feature) || !this.#isReady(member)) return;
    const { low, high, count } = this.#extremes[member] as Extremes;
    const rounding = ROUNDING * Math.max(Math.abs(value), Math.abs(low), Math.abs(high));
    const span = Math.max(high - low, this.settings.resolution, rounding, Number.MIN_VALUE);
    const beyond = Math.max(feature - high, low - feature);
    this.#looked.position = Math.max(this.#looked.position, 1 + (2 * beyond) / span);
    const margin = (beyond - this.#grain(member)) / span;
    if (margin <= 0) return;
    const evidence = this.#weight(member) * margin * Math.log10(count);
    this.#evidence[member] = evidence;
    this.#looked.score += evidence;
  }

  /** What a record must exceed the old one by for it to be more than the next digit. */
  #grain(member: number): number {
    const { resolution } = this.settings;
    const isOfOneValue = member === VALUE || member === FORECAST;
    return isOfOneValue && this.#step < Number.POSITIVE_INFINITY ? Math.max(this.#step, resolution) : resolution;
  }

  #weight(member: number): number {
    const weight = 1 / Math.sqrt(1 + (this.#alarms[member] as number) / ALARMS_HALVING_POWER);
    return member === SEASON ? weight * this.#season.skill : weight;
  }

  /** Where neither the value nor the forecast's residual would have been a record. */
  #expected(value: number): { readonly low: number; readonly high: number } {
    const own = this.#extremes[VALUE] as Extremes;
    const residual = this.#extremes[FORECAST] as Extremes;
    const forecast = value - (this.#features[FORECAST] as number);
    const low = Math.max(own.low, forecast + residual.low);
    const high = Math.min(own.high, forecast + residual.high);
    return low <= high ? { low, high } : { low: own.low, high: own.high };
  }

  /** Members that find the reading unusual, strongest first. */
  #speakers(): string[] {
    return MEMBERS.map((name, member) => ({ name, evidence: this.#evidence[member] as number }))
      .filter(({ evidence }) => evidence > 0)
      .sort((a, b) => b.evidence - a.evidence)
      .map(({ name }) => name);
  }

  reset(): void {
    this.#means.clear();
    this.#autoregression.clear();
    this.#season.clear();
    for (const extremes of this.#extremes) extremes.clear();
    this.#alarms.fill(0);
    this.#rarity.clear();
    this.#sinceAnomaly = SETTLED * this.settings.refractory;
    this.#alarm = 0;
    this.#last = Number.NaN;
    this.#step = Number.POSITIVE_INFINITY;
    this.#looked.value = Number.NaN;
  }

  snapshot(): unknown {
    return {
      means: this.#means.snapshot(),
      autoregression: this.#autoregression.snapshot(),
      season: this.#season.snapshot(),
      extremes: this.#extremes.map((each) => each.snapshot()),
      alarms: Array.from(this.#alarms),
      rarity: this.#rarity.snapshot(),
      sinceAnomaly: this.#sinceAnomaly,
      alarm: this.#alarm,
      last: Number.isNaN(this.#last) ? undefined : this.#last,
      step: Number.isFinite(this.#step) ? this.#step : undefined,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const extremes = listOf(saved, "extremes");
    const alarms = listOf(saved, "alarms") as readonly number[];
    const sinceAnomaly = saved.index("sinceAnomaly", SETTLED * this.settings.refractory);
    const alarm = saved.number("alarm");
    const last = saved.optionalNumber("last");
    const step = saved.optionalNumber("step");
    this.#means.restore(saved.any("means"));
    this.#autoregression.restore(saved.any("autoregression"));
    this.#season.restore(saved.any("season"));
    this.#rarity.restore(saved.any("rarity"));
    extremes.forEach((each, member) => {
      (this.#extremes[member] as Extremes).restore(each);
    });
    this.#alarms.set(alarms);
    this.#sinceAnomaly = sinceAnomaly;
    this.#alarm = alarm;
    this.#last = last ?? Number.NaN;
    this.#step = step ?? Number.POSITIVE_INFINITY;
    this.#looked.value = Number.NaN;
  }
}

function listOf(saved: Saved, field: "extremes" | "alarms"): readonly unknown[] {
  const list = field === "alarms" ? saved.numbers(field, MEMBERS.length) : saved.list(field, MEMBERS.length);
  if (list.length === MEMBERS.length) return list;
  throw new StateError(`${field}: expected one for each of ${MEMBERS.length} members`);
}
