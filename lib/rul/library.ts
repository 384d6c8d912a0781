import { quantile } from "../numeric/sorted-window";
import { type Normal, normalOf } from "./baseline";
import { LIFE_PROBABILITIES, type RemainingLife } from "./estimate";
import { OnsetWatch } from "./onset";
import { evenSteps, type Run, smoothed } from "./trajectory";

/** Runs that a library holds at most, and steps of each. */
export const MAX_RUNS = 100;
const MAX_STEPS = 400;
/** Fewer runs say nothing about how lives differ. */
export const MIN_RUNS = 3;
/** Share of each life, from its beginning, that is taken as healthy. */
const HEALTHY_SHARE = 0.2;
/** Steps on either side over which stored runs are smoothed, so that noise is not matched with noise. */
const SMOOTHING = 2;
/** Steps of each run, after wear has begun, at which the library's own foresight is tried. */
const TRIALS = 6;
const TRIAL_RUNS = 60;

export interface LibraryOptions {
  /** Latest steps that are compared with the stored runs. */
  readonly window: number;
  /** Length of a step, h; from the runs when missing. */
  readonly step?: number;
  /** Of the watch for the beginning of wear. */
  readonly onset: number;
}

interface Life {
  readonly unit: string;
  readonly values: Float64Array;
  readonly smooth: Float64Array;
}

interface Match {
  readonly distance: number;
  readonly hours: number;
}

/** A weighted distribution of logarithms of remaining lives. */
interface Spread {
  readonly middle: number;
  readonly width: number;
}

/**
 * Runs to failure that a device's recent wear is compared with (Wang, Yu, Siegel and Lee 2008, A similarity-based prognostics
 * approach, PHM 2008): the latest steps are laid along every run, the best place in each tells a remaining life, and
 * near ones weigh more. How far such foresight is off is measured on the library itself, each run foretold by the
 * others, and gives the 90 % interval (normalised conformal intervals, Papadopoulos et al. 2002).
 */
export class RunLibrary {
  /** h */
  readonly step: number;
  readonly normal: Normal;
  /** 1 when the figure rises with wear, -1 when it falls. */
  readonly towards: number;
  readonly #lives: readonly Life[];
  readonly #errors: readonly [low: number, high: number];

  /** @throws RangeError when the runs cannot make a library */
  constructor(
    runs: readonly Run[],
    private readonly options: LibraryOptions,
  ) {
    if (runs.length < MIN_RUNS)
      throw new RangeError(`runs: expected at least ${MIN_RUNS} to failure, got ${runs.length}`);
    if (runs.length > MAX_RUNS) throw new RangeError(`runs: expected at most ${MAX_RUNS}, got ${runs.length}`);
    this.step = options.step ?? usualStep(runs);
    this.#lives = runs.map((run) => lifeOf(run, this.step));
    const short = this.#lives.find(({ values }) => values.length < 2 * MIN_WINDOW);
    if (short) throw new RangeError(`run ${short.unit}: expected at least ${2 * MIN_WINDOW} steps of ${this.step} h`);
    const { normal, towards } = this.#normal();
    this.normal = normal;
    this.towards = towards;
    this.#errors = this.#tried();
  }

  get size(): number {
    return this.#lives.length;
  }

  /** @param recent the latest steps of a device, oldest first, at least MIN_WINDOW */
  remainingLife(recent: Float64Array): RemainingLife {
    const { middle, width } = this.#foresee(recent, undefined);
    const [low, high] = this.#errors;
    const hoursOf = (logarithm: number): number => Math.max(0, Math.exp(logarithm) - this.step);
    return { hours: hoursOf(middle), low: hoursOf(middle + low * width), high: hoursOf(middle + high * width) };
  }

  #foresee(recent: Float64Array, without: Life | undefined): Spread {
    const matches = this.#lives
      .filter((life) => life !== without)
      .map((life) => bestMatch(life.smooth, recent, this.step))
      .filter((match) => match !== undefined)
      .sort((a, b) => a.distance - b.distance);
    return spreadOf(matches, this.normal.spread ** 2 / recent.length, this.step);
  }

  #normal(): { normal: Normal; towards: number } {
    const healthy = this.#lives.map(({ values }) => values.slice(0, Math.ceil(values.length * HEALTHY_SHARE)));
    const values = healthy.flatMap((part) => [...part]);
    const learned = normalOf(
      values,
      values.map((_, i) => i),
    );
    const last = this.#lives.map(({ values: all }) => all.at(-1) as number).sort((a, b) => a - b);
    const way = quantile(last, 0.5) - learned.level;
    const spread = Math.max(learned.spread, 1e-6 * Math.abs(way), Number.MIN_VALUE);
    return { normal: { ...learned, spread, interval: this.step }, towards: Math.sign(way) || 1 };
  }

  /** The watch that says when a device's wear has begun. */
  watch(): OnsetWatch {
    return new OnsetWatch(this.options.onset * this.normal.persistence);
  }

  /** Errors of the library's foresight of its own runs, in widths: their 5 % and 95 % quantiles. */
  #tried(): readonly [number, number] {
    const errors = this.#lives.slice(0, TRIAL_RUNS).flatMap((life) => this.#triedOn(life));
    errors.sort((a, b) => a - b);
    if (errors.length === 0) return [-2, 2];
    // The finite-sample correction of conformal prediction, in runs, since trials of one run are alike.
    const [low, , high] = LIFE_PROBABILITIES;
    const slack = 1 / Math.min(this.#lives.length, TRIAL_RUNS);
    return [
      Math.min(0, quantile(errors, Math.max(0, low - slack * low))),
      Math.max(0, quantile(errors, Math.min(1, high * (1 + slack)))),
    ];
  }

  #triedOn(life: Life): number[] {
    const { values } = life;
    const begun = this.#begunAt(values);
    return Array.from({ length: TRIALS }, (_, i) => begun + Math.floor(((values.length - 1 - begun) * i) / TRIALS))
      .filter((at) => at + 1 >= MIN_WINDOW && at < values.length - 1)
      .map((at) => {
        const recent = values.slice(Math.max(0, at + 1 - this.options.window), at + 1);
        const { middle, width } = this.#foresee(recent, life);
        return (Math.log((values.length - at) * this.step) - middle) / width;
      });
  }

  #begunAt(values: Float64Array): number {
    const watch = this.watch();
    const at = values.findIndex((value) => {
      watch.push(((value - this.normal.level) * this.towards) / this.normal.spread);
      return watch.hasBegun;
    });
    return at < 0 ? values.length >> 1 : at;
  }
}

/** Fewest steps that can be compared with a run. */
export const MIN_WINDOW = 5;

function usualStep(runs: readonly Run[]): number {
  const intervals = runs.flatMap(({ hours }) => hours.slice(1).map((hour, i) => hour - (hours[i] as number)));
  const usual = quantile(
    intervals.sort((a, b) => a - b),
    0.5,
  );
  const longest = Math.max(...runs.map(({ hours }) => (hours.at(-1) as number) - (hours[0] as number)));
  const step = Math.max(usual, longest / MAX_STEPS);
  if (step > 0) return step;
  throw new RangeError("runs: expected times that rise");
}

function lifeOf(run: Run, step: number): Life {
  const values = evenSteps(run, step);
  return { unit: run.unit, values, smooth: smoothed(values, SMOOTHING) };
}

/** The place of a run that is most like the recent steps, and the life that was left there. */
function bestMatch(run: Float64Array, recent: Float64Array, step: number): Match | undefined {
  const { length } = recent;
  let distance = Number.POSITIVE_INFINITY;
  let end = -1;
  for (let from = 0; from + length <= run.length; from++) {
    let sum = 0;
    for (let i = 0; i < length; i++) {
      const difference = (run[from + i] as number) - (recent[i] as number);
      sum += difference * difference;
      if (sum >= distance) break;
    }
    if (sum < distance) {
      distance = sum;
      end = from + length - 1;
    }
  }
  return end < 0 ? undefined : { distance: distance / length, hours: (run.length - 1 - end) * step };
}

/** Width below which no distribution of logarithms of lives is believed: 10 %. */
const SMALLEST_WIDTH = 0.1;

/** Weights fall with the distance, on the scale of the nearest third of the matches. */
function spreadOf(matches: readonly Match[], noise: number, step: number): Spread {
  if (matches.length === 0) return { middle: Math.log(step), width: 1 };
  const near = matches[Math.ceil(matches.length / 3) - 1] as Match;
  const scale = Math.max(near.distance, noise, Number.MIN_VALUE);
  const first = (matches[0] as Match).distance;
  let total = 0;
  let sum = 0;
  let squares = 0;
  for (const { distance, hours } of matches) {
    const weight = Math.exp(-(distance - first) / scale);
    const logarithm = Math.log(hours + step);
    total += weight;
    sum += weight * logarithm;
    squares += weight * logarithm * logarithm;
  }
  const middle = sum / total;
  return { middle, width: Math.max(SMALLEST_WIDTH, Math.sqrt(Math.max(0, squares / total - middle * middle))) };
}
