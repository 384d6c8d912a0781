import { SavedState, type Snapshotable } from "../../numeric/state";
import { Autoregression } from "../autoregression";
import { OCTAVES, Octaves } from "./octaves";
import { Season } from "./season";

/** What looks at the series. A member looks at it along one track, or at several scales along some. */
export const MEMBERS = ["value", "level", "shift", "forecast", "season", "spread"] as const;
export const [VALUE, LEVEL, SHIFT, FORECAST, SEASON, SPREAD] = [0, 1, 2, 3, 4, 5] as const;

/** Octaves whose means are looked at (5 to 80 values), whose shifts are (20 to 160), and whose spreads are (40 to 160). */
const LEVELS = [0, 1, 2, 3, 4] as const;
const SHIFTS = [2, 3, 4, 5] as const;
const SPREADS = [3, 4, 5] as const;

/** The member of each track. */
export const TRACKS: readonly number[] = [
  VALUE,
  FORECAST,
  SEASON,
  ...LEVELS.map(() => LEVEL),
  ...SHIFTS.map(() => SHIFT),
  ...SPREADS.map(() => SPREAD),
];
export const [VALUE_TRACK, FORECAST_TRACK, SEASON_TRACK] = [0, 1, 2] as const;
/** The first tracks, of the value and of its forecast, are of one value each; the others are of windows. */
export const OF_ONE_VALUE = 2;
const FIRST_LEVEL = 3;
const FIRST_SHIFT = FIRST_LEVEL + LEVELS.length;
/** The tracks of the spread are the last. */
export const FIRST_SPREAD = FIRST_SHIFT + SHIFTS.length;

/** The track of the mean over so many values, 5 to 80. */
export const levelTrackOf = (length: number): number => FIRST_LEVEL + LEVELS.findIndex((at) => OCTAVES[at] === length);
/** The track of the shift between neighbouring windows of so many values, 20 to 160. */
export const shiftTrackOf = (length: number): number => FIRST_SHIFT + SHIFTS.findIndex((at) => OCTAVES[at] === length);

export interface TrackSettings {
  /** Length of the season, ms. */
  readonly period: number;
  /** What the sensor can show; infinite where it is not declared. */
  readonly low: number;
  readonly high: number;
  /** Changes up to this are none, in the reading's unit. */
  readonly resolution: number;
}

/** What a series shows along each track: a number that is compared with those before it. */
export class Tracks implements Snapshotable {
  /** What the value last taken shows; NaN where too little is known. */
  readonly features = new Float64Array(TRACKS.length);
  readonly #octaves = new Octaves();
  readonly #autoregression = new Autoregression();
  readonly #season: Season;
  #last = Number.NaN;
  /** Smallest change seen: the resolution of a sensor with few digits. */
  #step = Number.POSITIVE_INFINITY;

  constructor(private readonly settings: TrackSettings) {
    this.#season = new Season(settings.period);
  }

  /** Fills the features, with this value as the newest; changes nothing else. */
  take(value: number, timestamp: number): void {
    const { features } = this;
    const octaves = this.#octaves;
    features[VALUE_TRACK] = value;
    features[FORECAST_TRACK] = value - this.#autoregression.forecast();
    features[SEASON_TRACK] = this.#season.deviationWith(value, timestamp);
    for (let i = 0; i < LEVELS.length; i++) features[FIRST_LEVEL + i] = octaves.meanWith(value, LEVELS[i] as number);
    for (let i = 0; i < SHIFTS.length; i++) features[FIRST_SHIFT + i] = octaves.shiftWith(value, SHIFTS[i] as number);
    for (let i = 0; i < SPREADS.length; i++) features[FIRST_SPREAD + i] = this.#quietWith(value, SPREADS[i] as number);
  }

  /**
   * Grows as the mean change from value to value shrinks, and ends where a sensor of so few digits shows one change at most. A
   * sensor at the end of its range is not quiet: it cannot show what it measures.
   */
  #quietWith(value: number, octave: number): number {
    const { low, high, resolution } = this.settings;
    if (value <= low || value >= high) return Number.NaN;
    const grain = Math.max(this.#step / (OCTAVES[octave] as number), resolution, Number.EPSILON * Math.abs(value));
    return grain < Number.POSITIVE_INFINITY ? -Math.log(this.#octaves.changeWith(value, octave) + grain) : Number.NaN;
  }

  /** What a record must exceed the old one by for it to be more than the next digit. */
  grainOf(track: number): number {
    const { resolution } = this.settings;
    return track < OF_ONE_VALUE && this.#step < Number.POSITIVE_INFINITY
      ? Math.max(this.#step, resolution)
      : resolution;
  }

  /** The value that many values ago; 1 is the last, 320 the farthest. */
  back(age: number): number {
    return this.#octaves.back(age);
  }

  /** Part of the series' variance that the season explains, 0 to 1. */
  get skill(): number {
    return this.#season.skill;
  }

  push(value: number, timestamp: number): void {
    const step = Math.abs(value - this.#last);
    if (step > 0 && step < this.#step) this.#step = step;
    this.#last = value;
    this.#octaves.push(value);
    this.#autoregression.push(value);
    this.#season.push(value, timestamp);
  }

  /** Whether the last value pushed ends a window of a track of the spread. */
  endsSpread(track: number): boolean {
    return this.#octaves.endsWindow(SPREADS[track - FIRST_SPREAD] as number);
  }

  clear(): void {
    this.#octaves.clear();
    this.#autoregression.clear();
    this.#season.clear();
    this.#last = Number.NaN;
    this.#step = Number.POSITIVE_INFINITY;
  }

  snapshot(): unknown {
    return {
      octaves: this.#octaves.snapshot(),
      autoregression: this.#autoregression.snapshot(),
      season: this.#season.snapshot(),
      last: Number.isNaN(this.#last) ? undefined : this.#last,
      step: Number.isFinite(this.#step) ? this.#step : undefined,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const last = saved.optionalNumber("last");
    const step = saved.optionalNumber("step");
    this.#octaves.restore(saved.any("octaves"));
    this.#autoregression.restore(saved.any("autoregression"));
    this.#season.restore(saved.any("season"));
    this.#last = last ?? Number.NaN;
    this.#step = step ?? Number.POSITIVE_INFINITY;
  }
}
