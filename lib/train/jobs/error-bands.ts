import { type Margins, marginsAt } from "../../model/predictors";
import { quantile } from "../../numeric/sorted-window";

/** Predictions of a band, at least: quantiles of fewer errors say little. */
const FEWEST = 60;
const MOST_BANDS = 20;
const ENDS = [0.05, 0.95] as const;

/** A prediction by a model that had not seen the row's unit, and the truth. */
export interface Tried {
  readonly unit: string;
  readonly predicted: number;
  readonly truth: number;
}

/**
 * How far predictions are off, by how large they are: margins of a 90 % interval (Mondrian conformal prediction, Vovk, Gammerman
 * and Shafer 2005, section 4.5, the categories being bands of the prediction, between which the margins are straight lines). Rows of a
 * unit are alike, so it is by the number of units that the quantiles go further out than those of the errors at hand.
 * @param tried at least one
 */
export function errorMargins(tried: readonly Tried[]): Margins {
  const sorted = tried.toSorted((a, b) => a.predicted - b.predicted);
  const count = Math.max(1, Math.min(MOST_BANDS, Math.floor(sorted.length / FEWEST)));
  const bands = Array.from({ length: count }, (_, i) => {
    const own = sorted.slice(Math.floor((i * sorted.length) / count), Math.floor(((i + 1) * sorted.length) / count));
    const errors = own.map(({ predicted, truth }) => truth - predicted).sort((a, b) => a - b);
    const slack = 1 / new Set(own.map(({ unit }) => unit)).size;
    return {
      at: own[own.length >> 1]?.predicted ?? 0,
      low: quantile(errors, Math.max(0, ENDS[0] - slack * ENDS[1])),
      high: quantile(errors, Math.min(1, ENDS[1] * (1 + slack))),
    };
  });
  return { at: bands.map(({ at }) => at), low: bands.map(({ low }) => low), high: bands.map(({ high }) => high) };
}

/** The interval around a prediction. */
export function intervalAround(margins: Margins, predicted: number): { low: number; high: number } {
  const [low, high] = marginsAt(margins, predicted);
  return { low: predicted + low, high: predicted + high };
}
