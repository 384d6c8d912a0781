import { integerWithin, numberWithin } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import { type Detector, SMALLEST_P } from "./detector";
import { bandsOf, type DetectorOptions, significanceOf } from "./options";
import { type SeverityBands, scoreOfP, verdictOf } from "./severity";

export interface StuckOptions {
  /** Fewest repetitions that count. */
  readonly repeats: number;
  /** Changes up to this are none. */
  readonly tolerance: number;
  readonly significance: number;
  readonly bands: SeverityBands;
}

/** Readings needed before anything is judged. */
const MINIMUM = 30;
/** Run lengths are kept by powers of two. */
const SIZES = 40;

/** @throws RangeError naming the option */
export function stuckFactory(options: DetectorOptions): () => Detector {
  const checked: StuckOptions = {
    repeats: integerWithin("repeats", options.repeats, 1, 1_000_000),
    tolerance: numberWithin("tolerance", options.tolerance, 0, 1e150),
    significance: significanceOf(options),
    bands: bandsOf(options),
  };
  return () => new Stuck(checked);
}

/**
 * Finds sensors that are stuck: the value repeats for longer than it should in this series. Two things must say so. If each
 * reading repeated the one before by chance, as often as it has done, so long a run would be improbable: the predictive
 * distribution of a geometric run length whose chance is learned (beta prior of Jeffreys, 1/2 and 1/2). And among the runs
 * that have been, none, or hardly one, was of that size, within a factor of two: a valve that is shut every night stands still
 * for long and is not stuck.
 *
 * p is the larger of the two. A series that has never changed is never stuck. The score is -log10 p. There is no expected range:
 * a stuck value is a normal one, that it comes again is not.
 */
export class Stuck implements Detector {
  #anchor = 0;
  #count = 0;
  /** Repetitions of the anchor so far. */
  #run = 0;
  /** Logarithm of the probability of the current run by chance. */
  #logChance = 0;
  #isTainted = false;
  /** Of the runs that have ended: readings that repeated, and readings that did not. */
  #repeated = 0;
  #changed = 0;
  /** Readings of ended runs that were the 2^i-th to the (2^(i + 1) - 1)-th repetition. */
  readonly #readings = new Float64Array(SIZES);

  constructor(private readonly options: StuckOptions) {}

  judge(value: number): AnomalyVerdict | undefined {
    if (this.#count < MINIMUM) return undefined;
    const { repeats, significance, bands } = this.options;
    if (!this.#isRepeat(value)) return verdictOf("stuck", false, 0, 1, undefined, bands);
    const run = this.#run + 1;
    const chance = Math.exp(this.#logChance + this.#logRepeat());
    const p = Math.max(chance, this.#shareOfRuns(run), SMALLEST_P);
    return verdictOf("stuck", run >= repeats && p < significance, scoreOfP(p), p, undefined, bands);
  }

  learn(value: number): void {
    this.#take(value, false);
  }

  /** The run goes on; once it has ended it is not taken for normal. */
  follow(value: number): void {
    this.#take(value, true);
  }

  #take(value: number, isTainted: boolean): void {
    if (this.#isRepeat(value)) {
      this.#logChance += this.#logRepeat();
      this.#run += 1;
      this.#isTainted ||= isTainted;
    } else {
      if (this.#count > 0) this.#endRun();
      this.#anchor = value;
    }
    this.#count = Math.min(this.#count + 1, Number.MAX_SAFE_INTEGER);
  }

  #endRun(): void {
    if (!this.#isTainted) {
      this.#repeated += this.#run;
      this.#changed += 1;
      for (let size = 0, first = 1; size < SIZES && first <= this.#run; size++, first *= 2) {
        const last = Math.min(this.#run, 2 * first - 1);
        this.#readings[size] = (this.#readings[size] as number) + last - first + 1;
      }
    }
    this.#run = this.#logChance = 0;
    this.#isTainted = false;
  }

  #isRepeat(value: number): boolean {
    return this.#count > 0 && Math.abs(value - this.#anchor) <= this.options.tolerance;
  }

  /** Logarithm of the probability that one more reading repeats. */
  #logRepeat(): number {
    const repeated = this.#repeated + this.#run + 0.5;
    return Math.log(repeated / (repeated + this.#changed + 0.5));
  }

  /**
   * Share of the readings that were at least the `run`-th repetition: known for powers of two, and between them on a line of
   * logarithms, which is exact for runs that come by chance. Beyond the longest run it is that of the power before.
   */
  #shareOfRuns(run: number): number {
    const size = sizeOf(run);
    let above = 0;
    for (let i = size + 1; i < SIZES; i++) above += this.#readings[i] as number;
    const from = above + (this.#readings[size] as number);
    const place = run / 2 ** size - 1;
    const readings = above > 0 ? from * (above / from) ** place : from;
    return readings / Math.max(1, this.#repeated + this.#changed);
  }

  reset(): void {
    this.#anchor = this.#count = this.#run = this.#logChance = this.#repeated = this.#changed = 0;
    this.#isTainted = false;
    this.#readings.fill(0);
  }

  snapshot(): unknown {
    return {
      anchor: this.#anchor,
      count: this.#count,
      run: this.#run,
      logChance: this.#logChance,
      isTainted: this.#isTainted,
      repeated: this.#repeated,
      changed: this.#changed,
      readings: Array.from(this.#readings),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const [anchor, logChance] = [saved.number("anchor"), saved.number("logChance")];
    const whole = (field: string): number => saved.index(field, Number.MAX_SAFE_INTEGER);
    const [count, run, repeated, changed] = [whole("count"), whole("run"), whole("repeated"), whole("changed")];
    const readings = saved.numbers("readings", SIZES);
    this.#anchor = anchor;
    this.#count = count;
    this.#run = run;
    this.#logChance = logChance;
    this.#isTainted = saved.any("isTainted") === true;
    this.#repeated = repeated;
    this.#changed = changed;
    this.#readings.fill(0);
    this.#readings.set(readings);
  }
}

function sizeOf(run: number): number {
  return Math.min(Math.floor(Math.log2(run)), SIZES - 1);
}
