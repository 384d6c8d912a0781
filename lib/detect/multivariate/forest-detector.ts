import { SavedState } from "../../numeric/state";
import { type SeverityBands, scoreOfP, verdictOf } from "../severity";
import { clipped } from "./drift";
import { FitRows } from "./fit-rows";
import type { Forest } from "./forest";
import { Lasting } from "./lasting";
import { exactly, RobustScale } from "./robust-scale";
import { type RowDetector, type RowVerdict, sharesOf } from "./row-detector";
import { ScoreCalibration } from "./score-calibration";

export interface ForestDetectorOptions {
  readonly name: string;
  readonly sensors: number;
  /** Rows that level and spread of the sensors are learned from; the forest then learns them too. */
  readonly scaleRows: number;
  /** One false alarm in so many normal rows, for forests without a limit of their own. */
  readonly oneIn: number;
  readonly bands: SeverityBands;
}

/** Farther out, all is equally far. */
const FARTHEST = 1e4;

/** Rows in a row at that distance after which the scale is wrong: a sensor stood still while it was learned. */
const ROWS_TOO_FAR = 100;

/** A lasting deviation is learned, like all else, after so many times the rows that the scale is learned from. */
const PATIENCE = 3;

interface Assessment {
  readonly row: Float64Array;
  readonly point: Float64Array;
  readonly score: number | undefined;
  /** Of a score at least as high; undefined while too few are known. */
  readonly p: number | undefined;
}

/**
 * Makes a detector of a forest: standardises the rows, puts a sensor's last value where it is missing, and calibrates the
 * forest's score to p. The verdict's score is -log10 p. Forests without a limit of their own find single odd rows, by p, and
 * deviations that last, by the sum of many p (lasting.ts); these are not learned at first, so that they can be seen for what they are.
 */
export class ForestDetector implements RowDetector {
  readonly gatesItself = false;
  readonly #rows: FitRows;
  readonly #scale: RobustScale;
  readonly #calibration = new ScoreCalibration();
  readonly #last: Float64Array;
  readonly #lasting: Lasting;
  #scaled = false;
  #rowsTooFar = 0;
  #assessed: Assessment | undefined;

  constructor(
    private readonly forest: Forest,
    private readonly options: ForestDetectorOptions,
  ) {
    this.#rows = new FitRows(options.sensors, options.scaleRows);
    this.#scale = new RobustScale(options.sensors);
    this.#last = new Float64Array(options.sensors);
    this.#lasting = new Lasting(options.oneIn, PATIENCE * options.scaleRows);
  }

  judge(row: Float64Array): RowVerdict | undefined {
    if (!this.#scaled) return undefined;
    const { point, score, p } = this.#assess(row);
    return score === undefined || p === undefined ? undefined : this.#verdict(point, score, p);
  }

  learn(row: Float64Array): void {
    if (this.#scaled) {
      this.#learn(row);
      return;
    }
    this.#rows.push(row);
    if (!this.#rows.isFull) return;
    const rows = this.#rows.take();
    this.#scale.fit(rows);
    this.#scaled = true;
    for (const known of rows) this.#learn(known);
  }

  /** Goes on to the next row without learning this one. */
  follow(row: Float64Array): void {
    if (!this.#scaled) return;
    const { point, p } = this.#assess(row);
    this.#assessed = undefined;
    this.#last.set(point);
    if (p !== undefined && this.forest.limit === undefined) this.#lasting.advance(this.#lasting.next(p));
  }

  #learn(row: Float64Array): void {
    const { point, score } = this.#assess(row);
    this.follow(row);
    if (this.#lasting.holds) return;
    if (score !== undefined) this.#calibration.push(score);
    this.forest.learn(point);
    this.#rowsTooFar = point.some((value) => Math.abs(value) >= FARTHEST) ? this.#rowsTooFar + 1 : 0;
    if (this.#rowsTooFar >= ROWS_TOO_FAR) this.reset();
  }

  #assess(row: Float64Array): Assessment {
    if (this.#assessed?.row === row) return this.#assessed;
    const point = row.map((value, j) => {
      const standardised = this.#scale.standardised(value, j);
      return Number.isNaN(standardised) ? (this.#last[j] as number) : clipped(standardised, FARTHEST);
    });
    const score = this.forest.score(point);
    const p = score === undefined || !this.#calibration.isReady ? undefined : this.#calibration.p(score);
    this.#assessed = { row, point, score, p };
    return this.#assessed;
  }

  #verdict(point: Float64Array, score: number, p: number): RowVerdict {
    const { name, oneIn, bands } = this.options;
    const { limit } = this.forest;
    const isAnomaly = limit === undefined ? p < 1 / oneIn || this.#lasting.next(p).active : score > limit;
    const contributions = sharesOf(this.forest.contributions(point));
    return { ...verdictOf(name, isAnomaly, scoreOfP(p), p, undefined, bands), contributions };
  }

  reset(): void {
    this.#rows.clear();
    this.#calibration.clear();
    this.#lasting.clear();
    this.forest.clear();
    this.#last.fill(0);
    this.#scaled = false;
    this.#rowsTooFar = 0;
    this.#assessed = undefined;
  }

  snapshot(): unknown {
    if (!this.#scaled) return { scaled: false, rows: this.#rows.snapshot() };
    return {
      scaled: true,
      scale: this.#scale.snapshot(),
      calibration: this.#calibration.snapshot(),
      lasting: this.#lasting.snapshot(),
      last: [...this.#last],
      rowsTooFar: this.#rowsTooFar,
      forest: this.forest.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.reset();
    if (saved.any("scaled") !== true) {
      this.#rows.restore(saved.any("rows"));
      return;
    }
    this.#scale.restore(saved.any("scale"));
    this.#calibration.restore(saved.any("calibration"));
    this.#lasting.restore(saved.any("lasting"));
    this.#last.set(exactly(saved, "last", this.options.sensors));
    this.#rowsTooFar = saved.index("rowsTooFar", ROWS_TOO_FAR);
    this.forest.restore(saved.any("forest"));
    this.#scaled = true;
  }
}
