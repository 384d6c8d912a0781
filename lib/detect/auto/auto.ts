import { SavedState, StateError } from "../../numeric/state";
import type { AnomalyVerdict } from "../../reading/reading";
import type { Detector } from "../detector";
import { type SeverityBands, verdictOf } from "../severity";
import { Alarms } from "./alarms";
import { Rarity } from "./rarity";
import { Records } from "./records";
import { FIRST_SPREAD, MEMBERS, OF_ONE_VALUE, SEASON, Tracks, VALUE_TRACK } from "./tracks";

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

/** Intervals of the season in which a reading counts in full for the reserve after an anomaly: five minutes of a day. */
const INTERVALS = 288;

/** Readings that p is a rank among. The edges widen with time, so positions of long ago are no measure of those of now. */
const RANKED = 4000;

/** Alarms of a member after which its word counts for 1 / sqrt 2. */
const ALARMS_HALVING_POWER = 5;

/**
 * The ensemble that needs no configuration. Six members look at the series in six ways: the value itself, its mean over the
 * last readings, the shift between neighbouring windows, the residual of an autoregressive forecast, the deviation from the
 * profile of the day, and how quiet the series is. Where a window is needed there are several, each twice as long as the one
 * before, and their evidence is added: no length is chosen, and no event falls between two. Each asks one question: is
 * this a record, and how far beyond the one before?
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
 * p is the verdict's calibrated tail probability: the rank of the reading among those before, by its score and for readings
 * without any by how near to an edge they lie; for a score beyond all before, times the probability of the excess.
 */
export class Auto implements Detector {
  readonly #tracks: Tracks;
  readonly #records: Records;
  readonly #rarity: Rarity;
  readonly #alarms: Alarms;
  /** Alarms that each member has had a part in. */
  readonly #alarmsOf = new Float64Array(MEMBERS.length);
  /** The value last looked at, and what the members say of it together. */
  #looked = { value: Number.NaN, timestamp: Number.NaN, score: 0 };

  constructor(private readonly settings: AutoSettings) {
    const { period, memory, threshold, refractory, bands } = settings;
    this.#tracks = new Tracks(settings);
    this.#records = new Records(settings);
    this.#rarity = new Rarity(Math.min(memory, RANKED));
    this.#alarms = new Alarms({ threshold, refractory, interval: period / INTERVALS, medium: bands.medium });
  }

  judge(value: number, timestamp: number): AnomalyVerdict | undefined {
    const { low, high, threshold, bands } = this.settings;
    const ready = this.#records.isReady;
    const undeclared = value < low || value > high;
    if (!ready && !undeclared) return undefined;
    const score = this.#look(value, timestamp);
    const isAnomaly = undeclared || this.#alarms.isAnomaly(score);
    const shown = undeclared ? Math.max(score, threshold, bands.critical) : score;
    const p = undeclared ? 0 : this.#rarity.p(this.#records.position, score);
    const verdict = verdictOf("auto", isAnomaly, shown, p, ready ? this.#expected(value, isAnomaly) : undefined, bands);
    return score > 0 ? { ...verdict, members: this.#speakers() } : verdict;
  }

  learn(value: number, timestamp: number): void {
    const { low, high } = this.settings;
    if (value < low || value > high) return;
    const score = this.#look(value, timestamp);
    if (this.#records.isReady) this.#rarity.learn(this.#records.position, score);
    if (this.#alarms.learn(score, timestamp)) this.#noteSpeakers();
    this.#tracks.push(this.#records.bound(VALUE_TRACK, value), timestamp);
    this.#records.push(this.#tracks, timestamp);
    this.#looked.value = Number.NaN;
  }

  /** A record that is not learned would be one again and again, so this detector learns its anomalies whatever the policy. */
  follow(value: number, timestamp: number): void {
    this.learn(value, timestamp);
  }

  /** Asks all members, and adds what they say. Learning asks again what judging has just asked: then the answers are still there. */
  #look(value: number, timestamp: number): number {
    const looked = this.#looked;
    if (looked.value === value && looked.timestamp === timestamp) return looked.score;
    this.#tracks.take(value, timestamp);
    this.#records.ask(this.#tracks, value);
    looked.value = value;
    looked.timestamp = timestamp;
    looked.score = 0;
    for (let member = 0; member < MEMBERS.length; member++) looked.score += this.#word(member);
    return looked.score;
  }

  /** Evidence of a member, by what its word counts. */
  #word(member: number): number {
    const evidence = this.#records.evidence[member] as number;
    if (evidence === 0) return 0;
    const weight = 1 / Math.sqrt(1 + (this.#alarmsOf[member] as number) / ALARMS_HALVING_POWER);
    return evidence * (member === SEASON ? weight * this.#tracks.skill : weight);
  }

  #noteSpeakers(): void {
    for (let member = 0; member < MEMBERS.length; member++) {
      if (this.#word(member) > 0) this.#alarmsOf[member] = (this.#alarmsOf[member] as number) + 1;
    }
  }

  /**
   * Where neither the value nor the forecast's residual would have been a record. In an anomaly a mean that is too high by so
   * much lowers it to so much below the value: what is called unusual is never within what is said to be expected.
   */
  #expected(value: number, isAnomaly: boolean): { readonly low: number; readonly high: number } {
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const tracks = isAnomaly ? FIRST_SPREAD : OF_ONE_VALUE;
    for (let track = 0; track < tracks; track++) {
      const feature = this.#tracks.features[track] as number;
      const records = this.#records.of(track);
      if (Number.isNaN(feature) || records.count < this.settings.minimum) continue;
      const isOfOneValue = track < OF_ONE_VALUE;
      if (isOfOneValue || feature > records.high) high = Math.min(high, value - (feature - records.high));
      if (isOfOneValue || feature < records.low) low = Math.max(low, value + (records.low - feature));
    }
    if (low <= high) return { low, high };
    // Members that disagree leave one end, and it is that which the value is beyond.
    return value > high ? { low: high, high } : { low, high: low };
  }

  /** Members that find the reading unusual, strongest first. */
  #speakers(): string[] {
    return MEMBERS.map((name, member) => ({ name, word: this.#word(member) }))
      .filter(({ word }) => word > 0)
      .sort((a, b) => b.word - a.word)
      .map(({ name }) => name);
  }

  reset(): void {
    this.#tracks.clear();
    this.#records.clear();
    this.#rarity.clear();
    this.#alarms.clear();
    this.#alarmsOf.fill(0);
    this.#looked.value = Number.NaN;
  }

  snapshot(): unknown {
    return {
      tracks: this.#tracks.snapshot(),
      records: this.#records.snapshot(),
      rarity: this.#rarity.snapshot(),
      alarms: this.#alarms.snapshot(),
      alarmsOf: Array.from(this.#alarmsOf),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const alarmsOf = saved.numbers("alarmsOf", MEMBERS.length);
    if (alarmsOf.length !== MEMBERS.length) throw new StateError(`alarmsOf: expected ${MEMBERS.length} numbers`);
    this.#tracks.restore(saved.any("tracks"));
    this.#records.restore(saved.any("records"));
    this.#rarity.restore(saved.any("rarity"));
    this.#alarms.restore(saved.any("alarms"));
    this.#alarmsOf.set(alarmsOf);
    this.#looked.value = Number.NaN;
  }
}
