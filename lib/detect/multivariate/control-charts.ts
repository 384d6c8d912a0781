import { symmetricEigen } from "../../linear-algebra";
import { quantile } from "../../numeric/sorted-window";
import { SavedState, type Snapshotable } from "../../numeric/state";
import { normalOfStudent, normalTail } from "../tail";
import { exactly } from "./robust-scale";

/** What the charts look at: for each sensor the short mean of its deviation, and of its square. Standardised. */
export interface Deviations {
  readonly means: Float64Array;
  readonly squares: Float64Array;
}

/** …and, of the rows that the charts are fitted to, the deviations themselves. */
interface Seen extends Deviations {
  readonly latest: Float64Array;
}

/** Share of the variance that the principal components carry; the rest is the residual, whose chart is Q. */
const EXPLAINED = 0.85;

/** Correlations are taken this much smaller than they were seen, because the stretch they are from is short. */
const SHRINKAGE = 0.1;

/** Blocks that take turns in being left out, and the rows around them that are, too. */
const BLOCKS = 4;
const MARGIN = 10;

/** Smallest variance of a principal component, of 1 for a sensor: collinear sensors leave components without any. */
const LEAST_VARIANCE = 0.02;

/** A sensor's short mean varies at least by this part of what white noise of the sensor's spread would make of it. */
const LEAST_NOISE = 0.3;

/** Cube roots of mean squares are nearly normal; with this added a square near 0 is not pulled far out. */
const SQUARE_OFFSET = 0.3;
const LEAST_ROOT_SPREAD = 0.04;

const MAD_OF_SIGMA = 0.6744897501960817;
const CHARTS = 3;

/** Few independent rows tell little of tails, but never less than this many do. */
const LEAST_FREEDOM = 5;

/** A statistic that is 0 in half of the rows, as D of sensors that copy each other, has a MAD that says nothing of its tail. */
const UPPER = 0.9;
const SIGMAS_AT_UPPER = 1.2815515655446004;
const TAIL_PART = 0.4;
const LEAST_WIDTH = 0.05;

/**
 * Three control charts on smoothed deviations of several sensors.
 *
 * - Hotelling's T2 in the space of the principal components: far along directions in which the sensors vary together.
 * - Q, the squared prediction error: away from that space, that is, the sensors' relations are broken (Jackson and Mudholkar 1979,
 *   Technometrics 21:341; Kourti and MacGregor 1995, Chemom. Intell. Lab. Syst. 28:3).
 * - D, dispersion: squares that grew, whatever way the sensors went, each on a scale on which it is nearly normal.
 *
 * The limits of T2 by F and of Q by Jackson and Mudholkar hold for rows that are independent and for covariances of many of them.
 * Smoothed rows of a process are not independent, so here the distribution of each statistic is measured on blocks of rows that the
 * covariance was not computed from. The cube root makes it nearly normal (Wilson and Hilferty 1931), and its distance from
 * the median in standard deviations, by the MAD and the upper tail, is the score: one scale for the three. p is by Student's distribution,
 * with as many degrees of freedom as there were independent means among the smoothed rows.
 */
export class ControlCharts implements Snapshotable {
  readonly #spread: Float64Array;
  readonly #squares: Float64Array;
  /** Spread of the cube root of the short mean of squares. */
  readonly #rootSpread: Float64Array;
  /** One row a component, divided by the sensors' spreads. */
  #components: Float64Array[] = [];
  #variances: Float64Array = new Float64Array(0);
  #principal = 0;
  readonly #centres = new Float64Array(CHARTS);
  readonly #widths = new Float64Array(CHARTS).fill(1);
  /** Of how many independent charts the highest of the three behaves like. */
  #independent = CHARTS;
  #freedom = LEAST_FREEDOM;
  readonly #scratch: Float64Array;

  constructor(readonly sensors: number) {
    this.#spread = new Float64Array(sensors).fill(1);
    this.#squares = new Float64Array(sensors);
    this.#rootSpread = new Float64Array(sensors).fill(1);
    this.#scratch = new Float64Array(CHARTS);
  }

  /**
   * @param rows in the order of time
   * @param smoothing weight of the newest row in the short means
   */
  fit(rows: readonly Deviations[], smoothing: number): void {
    const ofWhite = smoothing / (2 - smoothing);
    const noise = LEAST_NOISE * ofWhite;
    this.#freedom = Math.max(LEAST_FREEDOM, rows.length * ofWhite);
    const history = withLatest(rows, smoothing);
    const seen: number[][] = Array.from({ length: CHARTS }, () => []);
    for (let block = 0; block < BLOCKS; block++) {
      const from = Math.floor((block * rows.length) / BLOCKS);
      const to = Math.floor(((block + 1) * rows.length) / BLOCKS);
      this.#model(
        history.filter((_, i) => i < from - MARGIN || i >= to + MARGIN),
        noise,
      );
      for (const row of rows.slice(from, to)) {
        const values = this.#statistics(row);
        for (let i = 0; i < CHARTS; i++) seen[i]?.push(values[i] as number);
      }
    }
    this.#model(history, noise);
    seen.forEach((values, i) => {
      this.#measure(i, values);
    });
    this.#independent = this.#independence(seen);
  }

  /** Probability that a usual row's highest score is at least this. */
  p(score: number): number {
    return -Math.expm1(this.#independent * Math.log1p(-this.#tail(score)));
  }

  #tail(score: number): number {
    return normalTail(score > 0 ? normalOfStudent(score, this.#freedom) : score);
  }

  /** Standard deviation of the sensor's short mean. */
  spread(sensor: number): number {
    return this.#spread[sensor] as number;
  }

  /** The middle of the sensor's short mean of squares. */
  usualSquare(sensor: number): number {
    return this.#squares[sensor] as number;
  }

  /** The charts' scores, in standard deviations from what is usual; the array is used again by the next call. */
  scores(row: Deviations, inflation: Float64Array): Float64Array {
    const values = this.#statistics(row, inflation);
    for (let i = 0; i < CHARTS; i++) {
      values[i] = this.#standardised(i, values[i] as number);
    }
    return values;
  }

  /**
   * What each sensor adds to the statistic of a chart: to T2 as by Kourti and MacGregor 1996 (J. Quality Technology 28:409), with
   * negative ones, which lower it, as 0; to Q and D its own square.
   */
  contributions(chart: number, row: Deviations, inflation: Float64Array): Float64Array {
    if (chart === 2) return Float64Array.from({ length: this.sensors }, (_, j) => this.#excess(row, j, inflation) ** 2);
    const sum = new Float64Array(this.sensors);
    this.#components.forEach((component, k) => {
      if (k < this.#principal !== (chart === 0)) return;
      const projected = this.#projection(component, row.means, inflation);
      const weight = chart === 0 ? projected / Math.max(this.#variances[k] as number, LEAST_VARIANCE) : projected;
      component.forEach((value, j) => {
        sum[j] = (sum[j] as number) + weight * value;
      });
    });
    return sum.map((value, j) => {
      if (chart === 1) return (value * this.spread(j)) ** 2;
      return Math.max(0, (value * (row.means[j] as number)) / (inflation[j] as number));
    });
  }

  #statistics(row: Deviations, inflation?: Float64Array): Float64Array {
    const values = this.#scratch.fill(0);
    this.#components.forEach((component, k) => {
      const projected = this.#projection(component, row.means, inflation);
      const chart = k < this.#principal ? 0 : 1;
      const variance = chart === 0 ? Math.max(this.#variances[k] as number, LEAST_VARIANCE) : 1;
      values[chart] = (values[chart] as number) + (projected * projected) / variance;
    });
    for (let j = 0; j < this.sensors; j++) values[2] = (values[2] as number) + this.#excess(row, j, inflation) ** 2;
    return values;
  }

  #projection(component: Float64Array, means: Float64Array, inflation?: Float64Array): number {
    let sum = 0;
    for (let j = 0; j < means.length; j++) {
      sum += ((component[j] as number) * (means[j] as number)) / (inflation ? (inflation[j] as number) : 1);
    }
    return sum;
  }

  /** How much larger the mean square is than usual, in standard deviations of its cube root; what drift explains of them is left out. */
  #excess({ means, squares }: Deviations, j: number, inflation?: Float64Array): number {
    const widened = inflation ? 1 - 1 / (inflation[j] as number) ** 2 : 0;
    const explained = (means[j] as number) ** 2 * widened;
    const excess = rootOf((squares[j] as number) - explained) - rootOf(this.#squares[j] as number);
    return Math.max(0, excess / (this.#rootSpread[j] as number));
  }

  #model(rows: readonly Seen[], leastVariance: number): void {
    const n = this.sensors;
    const moments = secondMoments(rows, n, ({ means }) => means);
    for (let j = 0; j < n; j++) this.#spread[j] = Math.sqrt(Math.max(moments[j * n + j] as number, leastVariance));
    const correlation = this.#correlation(
      moments,
      secondMoments(rows, n, ({ latest }) => latest),
    );
    const { values, vectors } = symmetricEigen(correlation, n);
    this.#variances = values;
    this.#components = vectors.map((vector) => vector.map((value, j) => value / this.spread(j)));
    this.#principal = componentsFor(values, EXPLAINED * n);
    for (let j = 0; j < n; j++) {
      const squares = Float64Array.from(rows, (row) => row.squares[j] as number).sort();
      const { width } = middle(squares.map(rootOf));
      this.#squares[j] = quantile(squares, 0.5);
      this.#rootSpread[j] = Math.max(width, LEAST_ROOT_SPREAD);
    }
  }

  /**
   * The mean of two: of the short means, of which few are independent, and of the deviations themselves, of which all may be, but which
   * quick noise may hide the common movements in.
   */
  #correlation(moments: Float64Array, latest: Float64Array): Float64Array {
    const n = this.sensors;
    const deviation = (j: number): number => Math.sqrt(latest[j * n + j] as number) || 1;
    return moments.map((value, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      if (i === j) return 1;
      const quick = (latest[at] as number) / (deviation(i) * deviation(j));
      return ((1 - SHRINKAGE) * (value / (this.spread(i) * this.spread(j)) + quick)) / 2;
    });
  }

  #measure(chart: number, values: readonly number[]): void {
    const sorted = Float64Array.from(values, Math.cbrt).sort();
    const { centre, width } = middle(sorted);
    this.#centres[chart] = centre;
    const upper = (quantile(sorted, UPPER) - centre) / SIGMAS_AT_UPPER;
    const both = (width + Math.max(0, upper)) / 2;
    // Without a residual space Q is rounding throughout, and must stay usual.
    this.#widths[chart] = Math.max(width < TAIL_PART * upper ? upper : both, LEAST_WIDTH);
  }

  /** As many independent charts would have the median of the highest score that the three, which are not, have. */
  #independence(seen: readonly (readonly number[])[]): number {
    const highest = Float64Array.from(seen[0] ?? [], (_, row) =>
      Math.max(...seen.map((values, i) => this.#standardised(i, values[row] as number))),
    ).sort();
    const below = 1 - this.#tail(quantile(highest, 0.5));
    return Math.min(CHARTS, Math.max(1, Math.log(0.5) / Math.log(below)));
  }

  #standardised(chart: number, value: number): number {
    return (Math.cbrt(value) - (this.#centres[chart] as number)) / (this.#widths[chart] as number);
  }

  snapshot(): unknown {
    return {
      spread: [...this.#spread],
      squares: [...this.#squares],
      rootSpread: [...this.#rootSpread],
      components: this.#components.flatMap((component) => [...component]),
      variances: [...this.#variances],
      principal: this.#principal,
      independent: this.#independent,
      freedom: this.#freedom,
      centres: [...this.#centres],
      widths: [...this.#widths],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const n = this.sensors;
    const components = exactly(saved, "components", n * n);
    this.#variances = Float64Array.from(exactly(saved, "variances", n));
    this.#principal = saved.index("principal", n);
    this.#independent = saved.number("independent");
    this.#freedom = saved.number("freedom");
    this.#components = Array.from({ length: n }, (_, k) => Float64Array.from(components.slice(k * n, (k + 1) * n)));
    this.#spread.set(exactly(saved, "spread", n));
    this.#squares.set(exactly(saved, "squares", n));
    this.#rootSpread.set(exactly(saved, "rootSpread", n));
    this.#centres.set(exactly(saved, "centres", CHARTS));
    this.#widths.set(exactly(saved, "widths", CHARTS));
  }
}

/** Adds the deviations that moved the short means from one row to the next; for the first row its mean. */
function withLatest(rows: readonly Deviations[], smoothing: number): Seen[] {
  return rows.map((row, i) => {
    const before = (rows[i - 1] ?? row).means;
    const latest = row.means.map((mean, j) => mean + ((1 - smoothing) * (mean - (before[j] as number))) / smoothing);
    return { ...row, latest };
  });
}

function rootOf(square: number): number {
  return Math.cbrt(Math.max(0, square) + SQUARE_OFFSET);
}

/** About 0, not about the mean: a level that is followed late is part of what is usual. */
function secondMoments(rows: readonly Seen[], n: number, of: (row: Seen) => Float64Array): Float64Array {
  const moments = new Float64Array(n * n);
  for (const row of rows) {
    const values = of(row);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const at = i * n + j;
        moments[at] = (moments[at] as number) + ((values[i] as number) * (values[j] as number)) / rows.length;
      }
    }
  }
  return moments;
}

/** How many of the largest variances make up the total. */
function componentsFor(variances: Float64Array, total: number): number {
  let sum = 0;
  let count = 0;
  while (count < variances.length && sum < total) sum += variances[count++] as number;
  return count;
}

/** Median and, by the MAD, standard deviation. @param sorted ascending */
function middle(sorted: Float64Array): { readonly centre: number; readonly width: number } {
  const centre = quantile(sorted, 0.5);
  const deviations = sorted.map((value) => Math.abs(value - centre)).sort();
  return { centre, width: quantile(deviations, 0.5) / MAD_OF_SIGMA };
}
