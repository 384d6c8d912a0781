import { quantile } from "../../numeric/sorted-window";

/** Predictions of a band, at least: quantiles of fewer errors say little. */
const FEWEST = 60;
const MOST_BANDS = 20;
const ENDS = [0.05, 0.95] as const;

interface Band {
  /** Middle of its predictions. */
  readonly predicted: number;
  readonly low: number;
  readonly high: number;
}

/**
 * How far predictions are off, by how large they are: the ends of a 90 % interval around each. The errors must be of predictions by
 * models that had not seen the rows (Mondrian conformal prediction, Vovk, Gammerman and Shafer 2005, section 4.5, the categories
 * being bands of the prediction, between which the ends are straight lines).
 */
export class ErrorBands {
  readonly #bands: readonly Band[];

  /** @param pairs at least one prediction and its truth */
  constructor(pairs: readonly { readonly predicted: number; readonly truth: number }[]) {
    const sorted = pairs.toSorted((a, b) => a.predicted - b.predicted);
    const count = Math.max(1, Math.min(MOST_BANDS, Math.floor(sorted.length / FEWEST)));
    this.#bands = Array.from({ length: count }, (_, i) => {
      const own = sorted.slice(Math.floor((i * sorted.length) / count), Math.floor(((i + 1) * sorted.length) / count));
      const errors = own.map(({ predicted, truth }) => truth - predicted).sort((a, b) => a - b);
      return {
        predicted: own[own.length >> 1]?.predicted ?? 0,
        low: quantile(errors, ENDS[0]),
        high: quantile(errors, ENDS[1]),
      };
    });
  }

  /** The interval around a prediction. */
  around(predicted: number): { low: number; high: number } {
    const above = this.#bands.findIndex((band) => band.predicted > predicted);
    const right = this.#bands[above < 0 ? this.#bands.length - 1 : above] as Band;
    const left = this.#bands[above < 0 ? this.#bands.length - 1 : Math.max(0, above - 1)] as Band;
    const way = right.predicted - left.predicted;
    const share = way > 0 ? Math.max(0, (predicted - left.predicted) / way) : 0;
    return {
      low: predicted + left.low + share * (right.low - left.low),
      high: predicted + left.high + share * (right.high - left.high),
    };
  }
}
