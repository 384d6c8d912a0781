// The scoring rules of the Numenta Anomaly Benchmark: Lavin and Ahmad 2015 (arXiv:1510.03336), sections III and IV, with the
// details as its sweep over thresholds has them. Written anew; checked against hand-computed corpora in scoring.test.mts.

/** A scored file: one anomaly score a row, and windows as first and last row, both included. */
export interface ScoredFile {
  readonly name: string;
  readonly category: string;
  readonly scores: ArrayLike<number>;
  readonly windows: readonly RowWindow[];
}

export interface RowWindow {
  readonly first: number;
  readonly last: number;
}

/** What detections and misses weigh. */
export interface Profile {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

export const PROFILES = {
  standard: { tp: 1, fp: 0.11, fn: 1 },
  reward_low_FP_rate: { tp: 1, fp: 0.22, fn: 1 },
  reward_low_FN_rate: { tp: 1, fp: 0.11, fn: 2 },
} as const satisfies Record<string, Profile>;

/** Rows at the start of a file that are scored by no one: 15 %, at most 750. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(0.15 * rows), 0.15 * 5000);
}

/**
 * Worth of a detection, -1 to 1, at a position relative to a window: -1 at its left edge, 0 at its right edge, positive
 * after it.
 */
export function positionWorth(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

const LEFT_EDGE = positionWorth(-1);

/** What a detection at a row of a file adds, before the weights of a profile, and the window it is in. */
interface Row {
  readonly score: number;
  readonly worth: number;
  /** Index among the windows of all files, -1 outside of any. */
  readonly window: number;
}

/** Rows after probation, all files, highest score first, and how many windows reach beyond probation. */
interface Sweep {
  readonly rows: readonly Row[];
  readonly windows: number;
}

function rowsOf(file: ScoredFile, firstWindow: number): Row[] {
  const rows: Row[] = [];
  const { scores, windows } = file;
  const probation = probationRows(scores.length);
  let next = 0;
  let previous: RowWindow | undefined;
  for (let i = 0; i < scores.length; i++) {
    let window = windows[next];
    if (window && i > window.last) {
      previous = window;
      next += 1;
      window = windows[next];
    }
    if (i < probation) continue;
    const score = scores[i] as number;
    if (window && i >= window.first) {
      const length = window.last - window.first + 1;
      rows.push({
        score,
        worth: positionWorth(-(window.last - i + 1) / length) / LEFT_EDGE,
        window: firstWindow + next,
      });
    } else {
      rows.push({ score, worth: previous ? worthAfter(previous, i) : -1, window: -1 });
    }
  }
  return rows;
}

function worthAfter(window: RowWindow, row: number): number {
  return positionWorth((row - window.last) / (window.last - window.first));
}

function sweepOf(files: readonly ScoredFile[]): Sweep {
  const rows: Row[] = [];
  let windows = 0;
  for (const file of files) {
    for (const row of rowsOf(file, windows)) rows.push(row);
    windows += file.windows.length;
  }
  const seen = new Set(rows.map((row) => row.window));
  seen.delete(-1);
  return { rows: rows.sort((a, b) => b.score - a.score), windows: seen.size };
}

/** Score of a profile at a threshold: rows that score at least that are detections. */
export interface ThresholdScore {
  readonly threshold: number;
  readonly score: number;
}

/** Best score over all thresholds; one above 1 stands for no detection at all. */
function bestOf({ rows, windows }: Sweep, profile: Profile): ThresholdScore {
  let best: ThresholdScore = { threshold: 1.1, score: -profile.fn * windows };
  const found = new Map<number, number>();
  let score = best.score;
  rows.forEach((row, i) => {
    score += gain(row, profile, found);
    const isLastOfTies = rows[i + 1]?.score !== row.score;
    if (isLastOfTies && score > best.score) best = { threshold: row.score, score };
  });
  return best;
}

/** Adds a detection: outside of windows it costs, in a window only the best one counts, and ends the miss. */
function gain(row: Row, profile: Profile, found: Map<number, number>): number {
  if (row.window < 0) return row.worth * profile.fp;
  const worth = row.worth * profile.tp;
  const before = found.get(row.window) ?? -profile.fn;
  found.set(row.window, Math.max(before, worth));
  return Math.max(worth - before, 0);
}

function scoreAt({ rows, windows }: Sweep, profile: Profile, threshold: number): number {
  const found = new Map<number, number>();
  let score = -profile.fn * windows;
  for (const row of rows) {
    if (row.score < threshold) break;
    score += gain(row, profile, found);
  }
  return score;
}

/** 0 for the detector that finds nothing, 100 for the one that fires at the left edge of each window and nowhere else. */
function normalised(score: number, windows: number, profile: Profile): number {
  const none = -profile.fn * windows;
  return (100 * (score - none)) / (profile.tp * windows - none);
}

/** @returns NaN where no file has a window */
export function corpusScore(files: readonly ScoredFile[], profile: Profile): ThresholdScore {
  const sweep = sweepOf(files);
  const best = bestOf(sweep, profile);
  return { threshold: best.threshold, score: normalised(best.score, sweep.windows, profile) };
}

/**
 * Leave one category out: each category is scored at the threshold that is best for the others, and the sum is normalised
 * over the corpus. What the plain score gains by seeing the labels it is scored with is missing here.
 */
export function leaveOneCategoryOut(files: readonly ScoredFile[], profile: Profile): number {
  let score = 0;
  let windows = 0;
  for (const category of new Set(files.map((file) => file.category))) {
    const { threshold } = bestOf(sweepOf(files.filter((file) => file.category !== category)), profile);
    const left = sweepOf(files.filter((file) => file.category === category));
    score += scoreAt(left, profile, threshold);
    windows += left.windows;
  }
  return normalised(score, windows, profile);
}

/** How many windows are scored: those that do not end within probation. */
export function scoredWindows(files: readonly ScoredFile[]): number {
  return sweepOf(files).windows;
}

/** What happened in one file at a threshold, for tables. */
export interface FileOutcome {
  readonly found: number;
  readonly missed: number;
  readonly falseAlarms: number;
  /** Contribution to the raw score; 0 is what a file without windows and alarms gives. */
  readonly score: number;
}

export function fileOutcome(file: ScoredFile, profile: Profile, threshold: number): FileOutcome {
  const sweep = sweepOf([file]);
  const detected = sweep.rows.filter((row) => row.score >= threshold);
  const found = new Set(detected.map((row) => row.window).filter((window) => window >= 0)).size;
  const falseAlarms = detected.filter((row) => row.window < 0).length;
  return { found, missed: sweep.windows - found, falseAlarms, score: scoreAt(sweep, profile, threshold) };
}
