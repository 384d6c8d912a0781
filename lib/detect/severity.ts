import type { AnomalyVerdict, Severity } from "../reading/reading";
import { SMALLEST_P } from "./detector";

/** Scores from which an anomaly is medium, high and critical; below it is low. */
export interface SeverityBands {
  readonly medium: number;
  readonly high: number;
  readonly critical: number;
}

/** Highest score given: a change after a spread of 0 is infinitely unusual, which JSON cannot say. */
export const HIGHEST_SCORE = 1e6;

/** Spreads below this part of the mean are the rounding of doubles, not the signal. */
export const ROUNDING = 1e-13;

export function severityOf(score: number, bands: SeverityBands): Severity {
  if (score >= bands.critical) return "critical";
  if (score >= bands.high) return "high";
  return score >= bands.medium ? "medium" : "low";
}

/** The verdict with p held above 0 and the score below infinity, and with a severity when it is an anomaly. */
export function verdictOf(
  detector: string,
  isAnomaly: boolean,
  score: number,
  p: number,
  expected: { readonly low: number; readonly high: number } | undefined,
  bands: SeverityBands,
): AnomalyVerdict {
  const bounded = score < HIGHEST_SCORE ? score : HIGHEST_SCORE;
  const calibrated = p > SMALLEST_P ? Math.min(p, 1) : SMALLEST_P;
  const verdict = { detector, isAnomaly, score: bounded, p: calibrated };
  if (!expected) return isAnomaly ? { ...verdict, severity: severityOf(bounded, bands) } : verdict;
  if (!isAnomaly) return { detector, isAnomaly, score: bounded, p: calibrated, expected };
  return { ...verdict, expected, severity: severityOf(bounded, bands) };
}

/** The score of detectors that decide by p: 4 is one normal reading in 10 000. */
export function scoreOfP(p: number): number {
  return p >= 1 ? 0 : -Math.log10(Math.max(p, SMALLEST_P));
}
