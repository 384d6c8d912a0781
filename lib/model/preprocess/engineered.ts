import { SavedState, StateError } from "../../numeric/state";
import type { Preprocessor } from "../contract";
import { checkedEngineered, type EngineeredSpec, type FigureOf, longestPast } from "./engineered-spec";
import { regimeOf } from "./regimes";
import { Smooth, Start } from "./running";

/** Normalised values are kept within this, so that one wild value cannot drown the figures of all that follow. */
const LIMIT = 1e6;

/**
 * Rows of one device become figures of its past: values normalised by the regime that the device runs in, some fused from
 * several sensors, then means, slopes and the like of each series. Everything is computed afresh from the rows that are kept,
 * so that no rounding gathers over years.
 */
export class Engineered implements Preprocessor {
  readonly size: number;
  readonly #spec: EngineeredSpec;
  /** Series by series, each a ring of its latest values. */
  readonly #past: Float64Array;
  readonly #length: number;
  readonly #series: number;
  readonly #now: Float64Array;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;
  readonly #smooth: readonly Smooth[];
  readonly #starts: readonly Start[];
  #rows = 0;
  #regime = 0;

  /** @throws ModelError when the spec is not one */
  constructor(spec: unknown) {
    this.#spec = checkedEngineered(spec);
    const { channels, fused = [], figures, age } = this.#spec;
    this.#series = channels.length + fused.length;
    this.#length = longestPast(figures);
    this.#past = new Float64Array(this.#series * this.#length);
    this.#now = new Float64Array(this.#series);
    this.#sums = new Float64Array(this.#series);
    this.#counts = new Float64Array(this.#series);
    this.#smooth = spans(figures).map((span) => new Smooth(span, this.#series));
    this.#starts = startLengths(figures).map((length) => new Start(length, this.#series));
    const perFigure = figures.map((figure) => this.#seriesOf(figure).length);
    this.size = perFigure.reduce((sum, count) => sum + count, age ? 1 : 0);
  }

  push(row: Float64Array): Float64Array {
    this.#normalise(row);
    const at = this.#rows % this.#length;
    for (let s = 0; s < this.#series; s++) {
      const value = this.#now[s]!;
      this.#past[s * this.#length + at] = value;
      if (Number.isNaN(value)) continue;
      this.#sums[s]! += value;
      this.#counts[s]! += 1;
    }
    for (const smooth of this.#smooth) smooth.push(this.#now);
    for (const start of this.#starts) start.push(this.#now);
    this.#rows += 1;
    return this.#figures();
  }

  #normalise(row: Float64Array): void {
    const { channels, regimes, mean, std, fused = [] } = this.#spec;
    this.#regime = regimeOf(row, regimes) ?? this.#regime;
    const ownMean = mean[this.#regime]!;
    const ownStd = std[this.#regime]!;
    channels.forEach((place, c) => {
      const value = (row[place]! - ownMean[c]!) / ownStd[c]!;
      this.#now[c] = Math.min(LIMIT, Math.max(-LIMIT, value));
    });
    fused.forEach((weights, f) => {
      let sum = 0;
      weights.forEach((weight, c) => {
        // A missing sensor counts as normal in what is fused from several.
        sum += weight * (this.#now[c]! || 0);
      });
      this.#now[channels.length + f] = sum;
    });
  }

  #seriesOf({ of }: FigureOf): readonly number[] {
    const sensors = this.#spec.channels.length;
    const from = of === "fused" ? sensors : 0;
    const to = of === "sensors" ? sensors : this.#series;
    return Array.from({ length: to - from }, (_, i) => from + i);
  }

  #figures(): Float64Array {
    const out = new Float64Array(this.size);
    let at = 0;
    const sensors = this.#spec.channels.length;
    for (const figure of this.#spec.figures) {
      const to = figure.of === "sensors" ? sensors : this.#series;
      for (let s = figure.of === "fused" ? sensors : 0; s < to; s++) out[at++] = this.#figure(figure, s);
    }
    if (this.#spec.age) out[at] = this.#rows;
    return out;
  }

  #figure(figure: FigureOf, series: number): number {
    switch (figure.figure) {
      case "value":
        return this.#now[series]!;
      case "mean":
        return this.#mean(series, figure.window, figure.skip ?? 0);
      case "std":
        return this.#std(series, figure.window);
      case "slope":
        return this.#slope(series, figure.window);
      case "smooth":
        return this.#smooth.find(({ span }) => span === figure.span)!.of(series);
      case "meanSoFar":
        return this.#sums[series]! / this.#counts[series]!;
      case "rise":
        return (
          this.#mean(series, figure.window, 0) - this.#starts.find(({ length }) => length === figure.start)!.of(series)
        );
      default:
        return Number.NaN;
    }
  }

  /** The value `back` rows ago. */
  #ago(series: number, back: number): number {
    return this.#past[series * this.#length + ((this.#rows - 1 - back) % this.#length)]!;
  }

  #mean(series: number, window: number, skip: number): number {
    const end = Math.min(this.#rows, skip + window);
    let sum = 0;
    let count = 0;
    for (let back = skip; back < end; back++) {
      const value = this.#ago(series, back);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return sum / count;
  }

  #std(series: number, window: number): number {
    const mean = this.#mean(series, window, 0);
    let squares = 0;
    let count = 0;
    for (let back = 0; back < Math.min(this.#rows, window); back++) {
      const distance = this.#ago(series, back) - mean;
      if (Number.isNaN(distance)) continue;
      squares += distance * distance;
      count += 1;
    }
    return count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1));
  }

  #slope(series: number, window: number): number {
    const rows = Math.min(this.#rows, window);
    const mean = this.#mean(series, window, 0);
    let count = 0;
    let backs = 0;
    for (let back = 0; back < rows; back++) {
      if (Number.isNaN(this.#ago(series, back))) continue;
      backs += back;
      count += 1;
    }
    if (count < 3) return Number.NaN;
    let products = 0;
    let squares = 0;
    for (let back = 0; back < rows; back++) {
      const distance = this.#ago(series, back) - mean;
      if (Number.isNaN(distance)) continue;
      const time = backs / count - back;
      products += time * distance;
      squares += time * time;
    }
    return products / squares;
  }

  reset(): void {
    this.#rows = 0;
    this.#regime = 0;
    for (const array of [this.#past, this.#now, this.#sums, this.#counts]) array.fill(0);
    for (const part of [...this.#smooth, ...this.#starts]) part.reset();
  }

  snapshot(): unknown {
    return {
      rows: this.#rows,
      regime: this.#regime,
      past: listed(this.#past),
      sums: listed(this.#sums),
      counts: listed(this.#counts),
      smooth: this.#smooth.map((smooth) => listed(smooth.values)),
      starts: this.#starts.map(({ sums, counts, rows }) => ({ sums: listed(sums), counts: listed(counts), rows })),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const rows = saved.index("rows", Number.MAX_SAFE_INTEGER);
    const regime = saved.index("regime", this.#spec.regimes.centres.length - 1);
    const filled: [Float64Array, Float64Array][] = [
      [this.#past, unlisted(saved, "past", this.#past.length)],
      [this.#sums, unlisted(saved, "sums", this.#series)],
      [this.#counts, unlisted(saved, "counts", this.#series)],
    ];
    const smooth = saved.list("smooth", this.#smooth.length);
    const starts = saved.list("starts", this.#starts.length);
    if (smooth.length !== this.#smooth.length || starts.length !== this.#starts.length) {
      throw new StateError("expected the state of the same figures");
    }
    this.#smooth.forEach(({ values }, i) => {
      filled.push([values, unlisted(new SavedState({ values: smooth[i] }), "values", this.#series)]);
    });
    const startRows = this.#starts.map((start, i) => {
      const own = new SavedState(starts[i]);
      filled.push([start.sums, unlisted(own, "sums", this.#series)]);
      filled.push([start.counts, unlisted(own, "counts", this.#series)]);
      return own.index("rows", start.length);
    });
    for (const [array, values] of filled) array.set(values);
    this.#starts.forEach((start, i) => {
      start.rows = startRows[i]!;
    });
    this.#rows = rows;
    this.#regime = regime;
  }
}

function spans(figures: readonly FigureOf[]): number[] {
  return [...new Set(figures.flatMap((figure) => (figure.figure === "smooth" ? [figure.span] : [])))];
}

function startLengths(figures: readonly FigureOf[]): number[] {
  return [...new Set(figures.flatMap((figure) => (figure.figure === "rise" ? [figure.start] : [])))];
}

/** JSON knows no NaN: null stands for it. */
function listed(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}

function unlisted(saved: SavedState, field: string, length: number): Float64Array {
  const list = saved.list(field, length);
  const fits = list.length === length && list.every((value) => value === null || Number.isFinite(value));
  if (!fits) throw new StateError(`${field}: expected ${length} numbers or nulls`);
  return Float64Array.from(list, (value) => (value === null ? Number.NaN : (value as number)));
}
