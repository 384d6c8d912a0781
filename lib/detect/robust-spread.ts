import type { SortedWindow } from "../numeric/sorted-window";

/** The median absolute deviation of normal values is so much of their standard deviation, inverted: 1 / z(0.75). */
const MAD_TO_SIGMA = 1.4826022185056018;

/** The same for the mean absolute deviation: sqrt(pi / 2). */
const MEAN_AD_TO_SIGMA = 1.2533141373155001;

/**
 * Standard deviation of the window's values by their median absolute deviation, which half of them cannot spoil.
 * Corrected for small windows by n / (n - 0.8) (Croux and Rousseeuw 1992, COMPSTAT, p. 411). When more than half of the
 * values are equal the MAD is 0 and says nothing: then by the mean absolute deviation from the median (Iglewicz and
 * Hoaglin 1993, How to Detect and Handle Outliers, p. 12).
 * Precondition: the window is not empty.
 */
export function robustSigma(window: SortedWindow): number {
  const { count } = window;
  const mad = window.medianAbsoluteDeviation();
  if (mad > 0) return (MAD_TO_SIGMA * mad * count) / (count - 0.8);
  const median = window.median();
  let sum = 0;
  for (let k = 0; k < count; k++) sum += Math.abs(window.at(k) - median);
  return (MEAN_AD_TO_SIGMA * sum) / count;
}
