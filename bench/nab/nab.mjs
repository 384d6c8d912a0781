// Runs a detector over a corpus in the layout of the Numenta Anomaly Benchmark and scores it by NAB's rules.
// Usage: npm run bench:nab -- --corpus DIR [--track official|online] [--detector NAME] [--settling]
// [--out DIR] [--table] [--quick]
// DIR/data/CATEGORY/FILE.csv is read; scores are printed when DIR/labels/combined_windows.json is there. Files that cannot be
// read, and labels that do not fit, are named and left out; the exit code is then 1.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { optionsOf, readOr, refuserOf } from "../support/refuse.mjs";
import { keyOf, readCorpus, readLabels } from "./corpus.mts";
import { corpusScore, fileOutcome, leaveOneCategoryOut, PROFILES, scoredWindows } from "./scoring.mts";

const require = createRequire(import.meta.url);
const { makeFolderNow } = require("../../dist/lib/files/index.js");
const { detectorFactory, DETECTOR_METHODS } = require("../../dist/lib/detect/index.js");
const { version } = require("../../package.json");

const PEER = "zScore";
const REPEATS = 3;
/** Points that are judged at least, over all repeats: in a small corpus the first ones are code that is not compiled yet. */
const LEAST_POINTS = 200_000;

/** Detectors whose score is nothing but a distance: the threshold that NAB chooses takes the place of theirs. */
const OPEN = { zScore: { threshold: 0.1 }, robustZScore: { threshold: 0.1 } };

/**
 * NAB judges nobody by the beginning of a file. That takes the place of the week in which `auto` asks for more evidence; with
 * --settling it asks for it as in the field.
 */
const SETTLED = { settling: 0 };

const refuse = refuserOf("nab");
const options = parseOptions();
const { files: corpus, leftOut } = readOr(refuse, () => readCorpus(options.corpus));
const labels = readOr(refuse, () => readLabels(options.corpus, corpus));
const troubles = [...leftOut.map((why) => `${why}; left out`), ...(labels?.troubles ?? [])];
for (const trouble of troubles) console.error(`nab: ${trouble}`);
if (troubles.length > 0) process.exitCode = 1;
const readings = corpus.map(readingsOf);
const points = corpus.reduce((sum, file) => sum + file.values.length, 0);
if (points === 0) refuse(`${options.corpus}: its files have no rows`);
const repeats = Math.max(REPEATS, Math.ceil(LEAST_POINTS / points));

const ours = runDetector(options.detector);
if (options.out) for (const [i, file] of corpus.entries()) writeResults(file, ours.scores[i]);
console.log(`${options.detector} on ${corpus.length} files, ${points} points, track ${options.track}`);
console.log(`  ${ours.us.toFixed(2)} us of CPU a point`);
const figures = {
  track: options.track,
  detector: options.detector,
  settling: options.settling,
  files: corpus.length,
  points,
};
const scored = labels ? report() : {};
console.log(
  `BENCH ${JSON.stringify({
    name: "nab",
    ...figures,
    ...scored,
    us_per_point: round(ours.us, 3),
    version,
    node: process.version,
  })}`,
);

function parseOptions() {
  const values = optionsOf(
    {
      corpus: { type: "string" },
      track: { type: "string", default: "online" },
      detector: { type: "string", default: "auto" },
      out: { type: "string" },
      settling: { type: "boolean", default: false },
      table: { type: "boolean", default: false },
      // The whole corpus takes seconds: there is nothing to leave out.
      quick: { type: "boolean", default: false },
    },
    refuse,
  );
  if (!values.corpus) refuse("--corpus: expected the directory of the corpus, with data/ and labels/ in it");
  if (values.track !== "official" && values.track !== "online") {
    refuse(`--track: expected official or online, got ${values.track}`);
  }
  if (!DETECTOR_METHODS.includes(values.detector)) {
    refuse(`--detector: expected one of ${DETECTOR_METHODS.join(", ")}, got ${values.detector}`);
  }
  return values;
}

/** Anomaly scores of all files, and the cost: the best of some runs, which other processes disturb least. */
function runDetector(name) {
  let scores;
  let us = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const detectors = corpus.map((file) => createDetector(name, file));
    const began = process.cpuUsage();
    scores = readings.map((ofFile, i) => scoresOf(detectors[i], ofFile));
    const { user, system } = process.cpuUsage(began);
    us = Math.min(us, (user + system) / points);
  }
  return { scores, us };
}

function createDetector(name, file) {
  const beginning = options.settling ? {} : SETTLED;
  return detectorFactory({ method: name, ...OPEN[name], ...beginning, ...hintsFor(file) })();
}

/** What NAB tells every detector beforehand, and a detector in the field may be told of its sensor: the range. */
function hintsFor({ values }) {
  if (options.track !== "official") return {};
  const numbers = values.filter((value) => !Number.isNaN(value));
  const declaredLow = numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const declaredHigh = numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return declaredLow < declaredHigh ? { declaredLow, declaredHigh } : {};
}

function readingsOf({ name, values, times }) {
  return Array.from(values, (value, i) => ({
    deviceId: name,
    sensor: "value",
    value: Number.isNaN(value) ? null : value,
    unit: "1",
    timestamp: times[i],
    quality: Number.isNaN(value) ? "bad" : "good",
  }));
}

/** Scores from 0 to 1: what the detector does not call an anomaly has 0. */
function scoresOf(detector, ofFile) {
  const scores = new Float64Array(ofFile.length);
  for (let i = 0; i < ofFile.length; i++) {
    const { anomaly } = detector.push(ofFile[i]);
    if (anomaly?.isAnomaly) scores[i] = anomaly.score / (1 + anomaly.score);
  }
  return scores;
}

function scoredFiles(scores) {
  return corpus.flatMap((file, i) => {
    const ofFile = labels.windows.get(keyOf(file));
    return ofFile ? [{ name: file.name, category: file.category, scores: scores[i], windows: ofFile }] : [];
  });
}

function report() {
  const files = scoredFiles(ours.scores);
  if (scoredWindows(files) === 0) {
    console.log("  no labelled anomalies in these files: there is nothing to score");
    return {};
  }
  const [standard, lowFp, lowFn] = Object.values(PROFILES).map((profile) => corpusScore(files, profile));
  const loco = leaveOneCategoryOut(files, PROFILES.standard);
  if (options.table) printTable(files, standard.threshold);
  const unlabelled = corpus.length - files.length;
  if (unlabelled > 0) console.log(`  without labels, and not scored: ${unlabelled} of ${corpus.length} files`);
  const counted = scoredWindows(files);
  const early = files.reduce((sum, file) => sum + file.windows.length, 0) - counted;
  if (early > 0) console.log(`  within probation, and not scored: ${early} of ${counted + early} windows`);
  console.log(
    `  standard ${standard.score.toFixed(2)} (threshold ${standard.threshold.toPrecision(4)}), reward_low_FP_rate ` +
      `${lowFp.score.toFixed(2)}, reward_low_FN_rate ${lowFn.score.toFixed(2)}`,
  );
  console.log(`  standard with each category at the threshold of the others: ${loco.toFixed(2)}`);
  const peer = options.detector === PEER ? undefined : peerScore();
  if (peer !== undefined) console.log(`  ${PEER} at its best threshold on the same files: standard ${peer.toFixed(2)}`);
  return {
    standard: round(standard.score, 2),
    low_fp: round(lowFp.score, 2),
    low_fn: round(lowFn.score, 2),
    loco_standard: round(loco, 2),
    peer: PEER,
    peer_standard: peer === undefined ? undefined : round(peer, 2),
    scored_files: files.length,
    windows: counted,
  };
}

function peerScore() {
  return corpusScore(scoredFiles(runDetector(PEER).scores), PROFILES.standard).score;
}

function printTable(files, threshold) {
  for (const file of files) {
    const { found, missed, falseAlarms, score } = fileOutcome(file, PROFILES.standard, threshold);
    const name = `${file.category}/${file.name}`.padEnd(58);
    console.log(
      `  ${name} found ${found} of ${found + missed}, false alarms ${falseAlarms}, score ${score.toFixed(2)}`,
    );
  }
}

/** As NAB writes them, so that NAB itself can score them too. */
function writeResults(file, scores) {
  const directory = join(options.out, options.detector, file.category);
  makeFolderNow(directory);
  const marks = new Uint8Array(scores.length);
  for (const { first, last } of labels?.windows.get(keyOf(file)) ?? []) marks.fill(1, first, last + 1);
  const lines = Array.from(scores, (score, i) => `${file.stamps[i]},${file.texts[i]},${score},${marks[i]}`);
  const text = ["timestamp,value,anomaly_score,label", ...lines, ""].join("\n");
  writeFileSync(join(directory, `${options.detector}_${file.name}`), text);
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}
