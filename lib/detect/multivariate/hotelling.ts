import { SavedState } from "../../numeric/state";
import { type SeverityBands, verdictOf } from "../severity";
import { Alarm, type NextAlarm } from "./alarm";
import { ControlCharts, type Deviations } from "./control-charts";
import { clipped, driftOf, startingGain } from "./drift";
import { FitRows } from "./fit-rows";
import { exactly, RobustScale } from "./robust-scale";
import { type RowDetector, type RowVerdict, sharesOf } from "./row-detector";

export interface HotellingOptions {
  readonly sensors: number;
  /** Rows of normal operation that are learned from before anything is judged. */
  readonly fit: number;
  /** Weight of the newest row in the short means that are judged, 0 to 1. */
  readonly smoothing: number;
  /** Standard deviations from what is usual at which an alarm begins when they last; more of them sooner (alarm.ts). */
  readonly threshold: number;
  /** Rows in alarm after which the new state is taken for normal and learned afresh; 0 for never. */
  readonly settle: number;
  readonly bands: SeverityBands;
}

/** Deviations are cut off here, in spreads of the sensor, so that one odd value makes no alarm by itself. */
const CLIP = 4;

/** Rows at the threshold that make an alarm, in rows that the short means remember: 20 at a smoothing of 0.1. */
const MEMORIES = 2;

/** Square of the short means, in their standard deviations, that is taken for chance when an event is over. */
const CHANCE = 4;

/** A sensor whose short mean is farther off than this many of its spreads is followed less. */
const GATE = 2.5;

/** Rows of drift that are allowed for at any time, and at most, in parts of the fitting stretch. */
const STANDING_HORIZON = 0.125;
const LONGEST_HORIZON = 1.5;

/** A horizon shrinks at least by this part with each row that is learned. */
const HORIZON_DECAY = 0.002;

interface Assessment {
  readonly row: Float64Array;
  readonly next: NextAlarm;
  readonly verdict: RowVerdict;
}

/**
 * Hotelling's T2 and Q on exponentially smoothed deviations (Lowry et al. 1992, Technometrics 34:46), for processes whose levels
 * drift. From a stretch of normal operation it learns level and spread of each sensor robustly, how fast each level wanders
 * (drift.ts), and what the smoothed deviations from the followed levels look like (control-charts.ts). Afterwards levels are
 * followed as before, less where a sensor is far off and not at all in an alarm, so that a fault does not become normal while it
 * lasts; meanwhile the levels' uncertainty grows by the drift that was learned, so that drift does not become a fault. An alarm begins
 * when deviations last, and lasts until the event is over (alarm.ts); levels are then taken as they are found.
 *
 * The score is the highest chart's distance from what is usual in standard deviations; p the chance that the highest of three is
 * there. State: five numbers a sensor and the square of their number; while learning, the rows.
 */
export class Hotelling implements RowDetector {
  readonly gatesItself = true;
  readonly #rows: FitRows;
  readonly #scale: RobustScale;
  readonly #charts: ControlCharts;
  readonly #alarm: Alarm;
  #fitted = false;
  readonly #drift: { gain: Float64Array; growth: Float64Array };
  readonly #level: Float64Array;
  readonly #horizon: Float64Array;
  readonly #now: Deviations;
  /** What the short means would be with the row that is being judged. */
  readonly #then: Deviations;
  readonly #inflation: Float64Array;
  /** The short means that are judged, in standard deviations of each sensor's, drift allowed for. */
  readonly #relative: Float64Array;
  #assessed: Assessment | undefined;

  constructor(private readonly options: HotellingOptions) {
    const { sensors, fit, smoothing, threshold } = options;
    const numbers = (): Float64Array => new Float64Array(sensors);
    this.#rows = new FitRows(sensors, fit);
    this.#scale = new RobustScale(sensors);
    this.#charts = new ControlCharts(sensors);
    this.#alarm = new Alarm(sensors, threshold, MEMORIES / smoothing);
    this.#drift = { gain: numbers(), growth: numbers() };
    [this.#level, this.#horizon, this.#inflation, this.#relative] = [numbers(), numbers(), numbers(), numbers()];
    this.#now = { means: numbers(), squares: numbers() };
    this.#then = { means: numbers(), squares: numbers() };
  }

  judge(row: Float64Array): RowVerdict | undefined {
    return this.#fitted ? this.#assess(row).verdict : undefined;
  }

  learn(row: Float64Array): void {
    if (!this.#fitted) {
      this.#rows.push(row);
      if (this.#rows.isFull) this.#fit(this.#rows.take());
      return;
    }
    const { next } = this.#assess(row);
    this.#assessed = undefined;
    this.#alarm.advance(next, this.#relative);
    this.#now.means.set(this.#then.means);
    this.#now.squares.set(this.#then.squares);
    this.#follow(row, next.active);
    if (next.ended) this.#takeLevels();
    if (this.options.settle > 0 && this.#alarm.rows >= this.options.settle) this.reset();
  }

  reset(): void {
    this.#rows.clear();
    this.#alarm.clear();
    this.#fitted = false;
    this.#assessed = undefined;
    for (const state of [this.#level, this.#horizon, this.#now.means]) state.fill(0);
    this.#now.squares.fill(1);
  }

  #fit(rows: readonly Float64Array[]): void {
    const { sensors, smoothing } = this.options;
    this.#scale.fit(rows);
    this.#now.means.fill(0);
    this.#now.squares.fill(1);
    for (let j = 0; j < sensors; j++) {
      const values = Float64Array.from(rows, (row) => this.#scale.standardised(row[j] as number, j));
      this.#level[j] = startOf(values);
      const drift = driftOf(values, smoothing, this.#level[j] as number);
      this.#drift.gain[j] = drift.gain;
      this.#drift.growth[j] = drift.growth;
    }
    this.#charts.fit(this.#replay(rows), smoothing);
    this.#horizon.fill(0);
    this.#alarm.clear();
    this.#fitted = true;
  }

  /** Follows the levels through the rows, and tells the short means on the way. */
  #replay(rows: readonly Float64Array[]): Deviations[] {
    const seen: Deviations[] = [];
    rows.forEach((row, i) => {
      this.#smooth(row, this.#now);
      for (let j = 0; j < row.length; j++) {
        this.#moveLevel(row, j, startingGain(this.#drift.gain[j] as number, i, rows.length));
      }
      // The first means hold their start, not the process.
      if (i >= rows.length / 20) seen.push({ means: this.#now.means.slice(), squares: this.#now.squares.slice() });
    });
    return seen;
  }

  #assess(row: Float64Array): Assessment {
    if (this.#assessed?.row === row) return this.#assessed;
    this.#then.means.set(this.#now.means);
    this.#then.squares.set(this.#now.squares);
    this.#smooth(row, this.#then);
    this.#allowForDrift();
    const scores = this.#charts.scores(this.#then, this.#inflation);
    const chart = scores.indexOf(Math.max(...scores));
    const score = scores[chart] as number;
    const next = this.#alarm.next(score, this.#relative);
    this.#assessed = { row, next, verdict: this.#verdict(score, chart, next.active) };
    return this.#assessed;
  }

  #smooth(row: Float64Array, { means, squares }: Deviations): void {
    const { smoothing } = this.options;
    for (let j = 0; j < row.length; j++) {
      const deviation = this.#deviation(row, j);
      if (Number.isNaN(deviation)) continue;
      means[j] = (means[j] as number) + smoothing * (deviation - (means[j] as number));
      squares[j] = (squares[j] as number) + smoothing * (deviation * deviation - (squares[j] as number));
    }
  }

  #deviation(row: Float64Array, j: number): number {
    return clipped(this.#scale.standardised(row[j] as number, j) - (this.#level[j] as number), CLIP);
  }

  #allowForDrift(): void {
    const standing = STANDING_HORIZON * this.options.fit;
    for (let j = 0; j < this.options.sensors; j++) {
      const spread = this.#charts.spread(j);
      const drifted = (this.#drift.growth[j] as number) * ((this.#horizon[j] as number) + standing);
      const inflation = Math.sqrt(1 + drifted / (spread * spread));
      this.#inflation[j] = inflation;
      this.#relative[j] = (this.#then.means[j] as number) / (spread * inflation);
    }
  }

  /** Levels are followed, less those of sensors that are far from theirs, and none in an alarm. */
  #follow(row: Float64Array, inAlarm: boolean): void {
    const longest = LONGEST_HORIZON * this.options.fit;
    for (let j = 0; j < row.length; j++) {
      const distance = Math.abs(this.#relative[j] as number);
      const known = !Number.isNaN(row[j] as number);
      const weight = known && !inAlarm ? Math.min(1, GATE / distance) : 0;
      const gain = this.#drift.gain[j] as number;
      this.#moveLevel(row, j, weight * gain);
      const kept = (this.#horizon[j] as number) * (1 - weight * Math.max(gain, HORIZON_DECAY));
      this.#horizon[j] = Math.min(longest, kept + 1 - weight);
    }
  }

  #moveLevel(row: Float64Array, j: number, gain: number): void {
    const deviation = this.#deviation(row, j);
    if (!Number.isNaN(deviation)) this.#level[j] = (this.#level[j] as number) + gain * deviation;
  }

  /**
   * After an event things are rarely exactly as they were: what is left of the deviations belongs to the new levels, but for what
   * chance makes of short means, by which it is shrunk (James and Stein 1961, the positive part).
   */
  #takeLevels(): void {
    for (let j = 0; j < this.options.sensors; j++) {
      const mean = this.#now.means[j] as number;
      const part = Math.max(0, 1 - CHANCE / (this.#relative[j] as number) ** 2);
      this.#level[j] = (this.#level[j] as number) + part * mean;
      this.#now.means[j] = (1 - part) * mean;
      this.#now.squares[j] = this.#charts.usualSquare(j);
    }
  }

  #verdict(score: number, chart: number, isAnomaly: boolean): RowVerdict {
    const p = this.#charts.p(score);
    const verdict = verdictOf("hotelling", isAnomaly, Math.max(0, score), p, undefined, this.options.bands);
    const contributions = sharesOf(this.#charts.contributions(chart, this.#then, this.#inflation));
    const bound = (side: number): Float64Array =>
      this.#level.map((level, j) => this.#scale.value(level + side * this.options.threshold, j));
    return { ...verdict, contributions, lows: bound(-1), highs: bound(1) };
  }

  snapshot(): unknown {
    if (!this.#fitted) return { fitted: false, rows: this.#rows.snapshot() };
    return {
      fitted: true,
      scale: this.#scale.snapshot(),
      charts: this.#charts.snapshot(),
      alarm: this.#alarm.snapshot(),
      gain: [...this.#drift.gain],
      growth: [...this.#drift.growth],
      level: [...this.#level],
      horizon: [...this.#horizon],
      means: [...this.#now.means],
      squares: [...this.#now.squares],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.reset();
    if (saved.any("fitted") !== true) {
      this.#rows.restore(saved.any("rows"));
      return;
    }
    this.#scale.restore(saved.any("scale"));
    this.#charts.restore(saved.any("charts"));
    this.#alarm.restore(saved.any("alarm"));
    const numbers: readonly [string, Float64Array][] = [
      ["gain", this.#drift.gain],
      ["growth", this.#drift.growth],
      ["level", this.#level],
      ["horizon", this.#horizon],
      ["means", this.#now.means],
      ["squares", this.#now.squares],
    ];
    for (const [field, target] of numbers) target.set(exactly(saved, field, this.options.sensors));
    this.#fitted = true;
  }
}

/** Median of the first tenth of the values that are there. */
function startOf(values: Float64Array): number {
  const known = values.subarray(0, Math.ceil(values.length / 10)).filter((value) => !Number.isNaN(value));
  return known.length === 0 ? 0 : (known.sort()[known.length >> 1] as number);
}
