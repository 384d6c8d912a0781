import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  corpusScore,
  fileOutcome,
  leaveOneCategoryOut,
  PROFILES,
  type Profile,
  positionWorth,
  probationRows,
  type RowWindow,
  type ScoredFile,
} from "./scoring.mjs";

const { standard, reward_low_FP_rate: lowFp, reward_low_FN_rate: lowFn } = PROFILES;

/** A file of 100 rows with a window of rows 50 to 59; `detections` gives scores of rows, all others have 0. */
function file(detections: Record<number, number>, over: Partial<ScoredFile> = {}): ScoredFile {
  const scores = Array.from({ length: 100 }, (_, row) => detections[row] ?? 0);
  return { name: "file.csv", category: "a", scores, windows: [{ first: 50, last: 59 }], ...over };
}

describe("a detection's worth", () => {
  it("is the scaled sigmoid of Lavin and Ahmad 2015, eq. 2", () => {
    // 2 / (1 + e^(5 y)) - 1, also printed in the paper's figure 2 for -1, -0.5, 0 and 1.
    expect(positionWorth(-1)).toBeCloseTo(0.98661, 5);
    expect(positionWorth(-0.5)).toBeCloseTo(0.84828, 5);
    expect(positionWorth(0)).toBe(0);
    expect(positionWorth(1)).toBeCloseTo(-0.98661, 5);
    expect(positionWorth(3.01)).toBe(-1);
  });
});

describe("probation", () => {
  it("is 15 % of the file, whole rows, at most 750", () => {
    expect([100, 101, 4032, 5000, 22_695].map(probationRows)).toEqual([15, 15, 604, 750, 750]);
  });

  it("hides detections and windows", () => {
    expect(corpusScore([file({ 50: 0.9, 14: 0.9 })], standard).score).toBeCloseTo(100, 9);
    expect(corpusScore([file({ 50: 0.9, 15: 0.9 })], standard).score).toBeCloseTo(94.5, 9);
    const early = file(
      { 50: 0.9 },
      {
        windows: [
          { first: 2, last: 9 },
          { first: 50, last: 59 },
        ],
      },
    );
    expect(corpusScore([early], standard).score).toBeCloseTo(100, 9);
  });
});

describe("the score of a corpus", () => {
  it("is 100 for the perfect detector and 0 for none, in every profile", () => {
    const others = [file({ 50: 1 }, { category: "b" }), file({}, { windows: [] })];
    for (const profile of [standard, lowFp, lowFn]) {
      expect(corpusScore([file({ 50: 1 }), ...others], profile).score).toBeCloseTo(100, 9);
      expect(corpusScore([file({}), file({})], profile)).toEqual({ threshold: 1.1, score: 0 });
    }
  });

  it("counts the best detection in a window alone, by its place in it", () => {
    // Row 54: place -(59 - 54 + 1) / 10 = -0.6, worth (2 / (1 + e^-3) - 1) / 0.986614 = 0.917429 of a perfect one.
    const expected = (100 * (0.917429 + 1)) / 2;
    expect(corpusScore([file({ 54: 0.7 })], standard).score).toBeCloseTo(expected, 3);
    expect(corpusScore([file({ 54: 0.7, 55: 0.9, 59: 0.8 })], standard).score).toBeCloseTo(expected, 3);
  });

  it("takes for a false alarm the profile's weight, less where it comes soon after a window", () => {
    expect(corpusScore([file({ 50: 1, 30: 1 })], standard).score).toBeCloseTo((100 * (2 - 0.11)) / 2, 9);
    expect(corpusScore([file({ 50: 1, 30: 1 })], lowFp).score).toBeCloseTo((100 * (2 - 0.22)) / 2, 9);
    expect(corpusScore([file({ 50: 1, 30: 1 })], lowFn).score).toBeCloseTo((100 * (3 - 0.11)) / 3, 9);
    // Row 69 is 10 rows after a window that is 9 steps wide: 2 / (1 + e^(5 * 10 / 9)) - 1 = -0.992302.
    expect(corpusScore([file({ 50: 1, 69: 1 })], standard).score).toBeCloseTo((100 * (2 - 0.11 * 0.992302)) / 2, 3);
  });

  it("takes one threshold for all files, the best", () => {
    // At 0.8 the false alarms of one file stay out, at 0.4 both windows are found at the price of three of them.
    const noisy = file({ 30: 0.6, 35: 0.6, 40: 0.6, 50: 0.8 });
    const quiet = file({ 50: 0.4 });
    const { threshold, score } = corpusScore([noisy, quiet], standard);
    expect(threshold).toBe(0.4);
    expect(score).toBeCloseTo((100 * (4 - 3 * 0.11)) / 4, 9);
    expect(fileOutcome(noisy, standard, 0.4)).toMatchObject({ found: 1, missed: 0, falseAlarms: 3 });
    expect(fileOutcome(quiet, standard, 0.8)).toEqual({ found: 0, missed: 1, falseAlarms: 0, score: -1 });
  });

  it("is what the definition gives at every threshold, and does not change with a growing function of the scores", () => {
    const scores = fc.array(fc.constantFrom(0, 0, 0, 0.1, 0.2, 0.5, 0.9, 1), { minLength: 60, maxLength: 120 });
    fc.assert(
      fc.property(
        fc.array(scores, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(standard, lowFn),
        (all, profile) => {
          const files = all.map((each) => file({}, { scores: each, windows: [w(20, 29), w(45, 51)] }));
          const best = corpusScore(files, profile).score;
          const thresholds = [1.1, 1, 0.9, 0.5, 0.2, 0.1, 0];
          expect(best).toBeCloseTo(
            Math.max(...thresholds.map((threshold) => byDefinition(files, profile, threshold))),
            9,
          );
          expect(best).toBeGreaterThanOrEqual(0);
          const squared = files.map((each) => ({ ...each, scores: Array.from(each.scores, (score) => score ** 2) }));
          expect(corpusScore(squared, profile).score).toBeCloseTo(best, 9);
        },
      ),
    );
  });
});

describe("leave one category out", () => {
  it("scores each category at the threshold of the others", () => {
    // b alone would choose 0.3 and find its window; a's best threshold, 0.5, misses it; b's 0.3 lets one false alarm of a in.
    const a = file({ 30: 0.3, 50: 0.5 });
    const b = file({ 50: 0.3 }, { category: "b" });
    expect(leaveOneCategoryOut([a, b], standard)).toBeCloseTo((100 * (1 - 0.11 + 1 + 0)) / 4, 9);
  });

  it("is the plain score where all categories agree", () => {
    const files = ["a", "b", "c"].map((category) => file({ 50: 0.5, 20: 0.5 }, { category }));
    expect(leaveOneCategoryOut(files, standard)).toBeCloseTo(corpusScore(files, standard).score, 9);
  });
});

function w(first: number, last: number): RowWindow {
  return { first, last };
}

/** Files one by one, windows one by one: the first detection in each, every detection outside. Normalised. */
function byDefinition(files: readonly ScoredFile[], profile: Profile, threshold: number): number {
  let raw = 0;
  let windows = 0;
  for (const { scores, windows: own } of files) {
    const rows = Array.from(scores).flatMap((score, row) =>
      score >= threshold && row >= probationRows(scores.length) ? [row] : [],
    );
    for (const { first, last } of own) {
      const found = rows.find((row) => row >= first && row <= last);
      const place = found === undefined ? 0 : (found - last - 1) / (last - first + 1);
      raw += found === undefined ? -profile.fn : (profile.tp * positionWorth(place)) / positionWorth(-1);
      windows += 1;
    }
    for (const row of rows.filter((each) => !own.some(({ first, last }) => each >= first && each <= last))) {
      const before = own.filter(({ last }) => last < row).at(-1);
      raw += profile.fp * (before ? positionWorth((row - before.last) / (before.last - before.first)) : -1);
    }
  }
  return (100 * (raw + profile.fn * windows)) / ((profile.tp + profile.fn) * windows);
}
