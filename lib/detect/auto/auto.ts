import { SavedState, StateError } from "../../numeric/state";
import type { AnomalyVerdict } from "../../reading/reading";
import type { Detector } from "../detector";
import { HIGHEST_SCORE, type SeverityBands, verdictOf } from "../severity";
import { Aftermath } from "./aftermath";
import { Alarms } from "./alarms";
import { Rarity } from "./rarity";
import { Records } from "./records";
import { FIRST_SPREAD, LEVEL, MEMBERS, OF_ONE_VALUE, SEASON, Tracks, VALUE_TRACK } from "./tracks";

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
  /** Seasons until a series has settled; before, more evidence is asked for. */
  readonly settling: number;
}

/** Intervals of the season in which a reading counts in full for the reserve after an anomaly: five minutes of a day. */
const INTERVALS = 288;

/** Readings that p is a rank among. The edges widen with time, so positions of long ago are no measure of those of now. */
const RANKED = 4000;

/** What is no rarer than one reading in ten is no anomaly, whatever its evidence: a series may show records often. */
const HIGHEST_P = 0.1;

/** What an anomaly is while it cannot be told how bad it is. */
const ALL_LOW: SeverityBands = {
  medium: Number.POSITIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
  critical: Number.POSITIVE_INFINITY,
};

/** Alarms of a member after which its word counts for 1 / sqrt 2. */
const ALARMS_HALVING_POWER = 5;

/** A value that was looked at, and what it comes to. */
interface Look {
  value: number;
  timestamp: number;
  /** What the members say together. */
  score: number;
  p: number;
  isAnomaly: boolean;
  /** Whether it is one of those that began in the silence after another. */
  isLate: boolean;
}

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
 * raised for a while: one event, one alarm. What began in that time and lasts is told when it is over. A young series is asked
 * for more evidence, and its anomalies are low.
 *
 * p is the verdict's calibrated tail probability: the rank of the reading among those before, by its score and for readings
 * without any by how near to an edge they lie; for a score beyond all before, times the probability of the excess.
 */
export class Auto implements Detector {
  readonly #tracks: Tracks;
  readonly #records: Records;
  readonly #rarity: Rarity;
  readonly #alarms: Alarms;
  readonly #aftermath: Aftermath;
  /** Alarms that each member has had a part in. */
  readonly #alarmsOf = new Float64Array(MEMBERS.length);
  readonly #looked: Look = {
    value: Number.NaN,
    timestamp: Number.NaN,
    score: 0,
    p: 1,
    isAnomaly: false,
    isLate: false,
  };

  constructor(private readonly settings: AutoSettings) {
    const { period, memory, threshold, refractory, bands, settling } = settings;
    this.#tracks = new Tracks(settings);
    this.#records = new Records(settings);
    this.#rarity = new Rarity(Math.min(memory, RANKED));
    this.#alarms = new Alarms({
      threshold,
      refractory,
      interval: period / INTERVALS,
      medium: bands.medium,
      settling: settling * INTERVALS,
    });
    this.#aftermath = new Aftermath(refractory);
  }

  judge(value: number, timestamp: number): AnomalyVerdict | undefined {
    const { low, high, threshold, bands } = this.settings;
    const ready = this.#records.isReady;
    const undeclared = value < low || value > high;
    if (!ready && !undeclared) return undefined;
    const looked = this.#look(value, timestamp);
    const isAnomaly = undeclared || looked.isAnomaly;
    const score = undeclared ? Math.max(looked.score, threshold, bands.critical) : looked.score;
    const expected = ready ? this.#expected(value, isAnomaly) : undefined;
    const severities = undeclared || !this.#alarms.isYoung ? bands : ALL_LOW;
    const verdict = verdictOf("auto", isAnomaly, score, undeclared ? 0 : looked.p, expected, severities);
    return looked.score > 0 ? { ...verdict, members: this.#speakers() } : verdict;
  }

  learn(value: number, timestamp: number): void {
    const { low, high } = this.settings;
    if (value < low || value > high) return;
    const { score, isAnomaly, isLate } = this.#look(value, timestamp);
    if (this.#records.isReady) this.#rarity.learn(this.#records.position, score);
    // Members are weighed by what they cause, told or not; else a shy beginning would make them count for more later.
    if (this.#alarms.isHushed(score) && !isAnomaly) this.#noteSpeakers();
    // What is told late has had its silence.
    this.#alarms.learn(isAnomaly && !isLate, score, timestamp);
    if (isLate) this.#aftermath.clear();
    else if (isAnomaly) {
      this.#noteSpeakers();
      this.#aftermath.begin(this.#records);
    }
    this.#tracks.push(this.#records.bound(VALUE_TRACK, value), timestamp);
    this.#aftermath.push(this.#tracks);
    this.#records.push(this.#tracks, timestamp);
    this.#looked.value = Number.NaN;
  }

  /** A record that is not learned would be one again and again, so this detector learns its anomalies whatever the policy. */
  follow(value: number, timestamp: number): void {
    this.learn(value, timestamp);
  }

  /** Asks all members, adds what they say, and decides. Learning asks again what judging has just asked: then the answers are still there. */
  #look(value: number, timestamp: number): Readonly<Look> {
    const looked = this.#looked;
    if (looked.value === value && looked.timestamp === timestamp) return looked;
    this.#tracks.take(value, timestamp);
    this.#records.ask(this.#tracks, value);
    const { evidence, position } = this.#records;
    looked.value = value;
    looked.timestamp = timestamp;
    looked.score = this.#together();
    looked.p = this.#rarity.p(position, looked.score);
    looked.isAnomaly = this.#isAnomaly();
    looked.isLate = false;
    const again = looked.isAnomaly ? 0 : this.#aftermath.evidence(value, this.#tracks);
    if (again <= (evidence[LEVEL] as number)) return looked;
    evidence[LEVEL] = again;
    looked.score = this.#together();
    looked.p = this.#rarity.p(position, looked.score);
    looked.isAnomaly = looked.isLate = this.#isAnomaly();
    return looked;
  }

  #isAnomaly(): boolean {
    return this.#looked.p <= HIGHEST_P && this.#alarms.isAnomaly(this.#looked.score);
  }

  /** What the members say together. */
  #together(): number {
    let score = 0;
    for (let member = 0; member < MEMBERS.length; member++) score += this.#word(member);
    return score;
  }

  /** Evidence of a member, by what its word counts. */
  #word(member: number): number {
    // Beyond a span of 0 evidence is infinite, and what counts for nothing would make it no number.
    const evidence = Math.min(this.#records.evidence[member] as number, HIGHEST_SCORE);
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
    if (this.#looked.isLate) return this.#aftermath.expected(value);
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    // The other ends of the ranges that these are the ends of.
    let [above, below] = [low, high];
    const tracks = isAnomaly ? FIRST_SPREAD : OF_ONE_VALUE;
    for (let track = 0; track < tracks; track++) {
      const feature = this.#tracks.features[track] as number;
      const records = this.#records.of(track);
      if (Number.isNaN(feature) || records.count < this.settings.minimum) continue;
      const isOfOneValue = track < OF_ONE_VALUE;
      const [from, to] = [value + (records.low - feature), value - (feature - records.high)];
      if ((isOfOneValue || feature > records.high) && to < high) [below, high] = [from, to];
      if ((isOfOneValue || feature < records.low) && from > low) [low, above] = [from, to];
    }
    if (low < high) return { low, high };
    // Members that disagree leave the range of the one that the value is farthest beyond.
    return value > high ? { low: below, high } : { low, high: above };
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
    this.#aftermath.clear();
    this.#alarmsOf.fill(0);
    this.#looked.value = Number.NaN;
  }

  snapshot(): unknown {
    return {
      tracks: this.#tracks.snapshot(),
      records: this.#records.snapshot(),
      rarity: this.#rarity.snapshot(),
      alarms: this.#alarms.snapshot(),
      aftermath: this.#aftermath.snapshot(),
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
    const aftermath = saved.any("aftermath");
    if (aftermath === undefined) this.#aftermath.clear();
    else this.#aftermath.restore(aftermath);
    this.#alarmsOf.set(alarmsOf);
    this.#looked.value = Number.NaN;
  }
}
