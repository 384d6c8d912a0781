// How well the detectors of several sensors find faults of a process, by the rules of SKAB (the Skoltech anomaly benchmark).
// Usage: npm run bench:multivariate -- [--data DIR | --bed 1|2] [--fit 400] [--detector NAME] [--out DIR] [--quick]
// DIR holds CSV files (also in folders) with a time column, sensors, "anomaly" and "changepoint". Files without "anomaly", or without
// rows after those to learn from, are named and left out, and so are files that cannot be read: the exit code is then 1. Without --data recordings of an imitated test bed are used (test-bed.mjs, with
// --bed 2 second-bed.mjs): these figures say how detectors compare, not what they reach on a real one.
//
// The first 400 rows of a file are for learning, the others are judged one by one in their order, with default settings. True and
// false positives and negatives are pooled over all files. F1 and the missed-alarm rate (MAR) do not depend on whether the first 400
// rows count, as none of them is an anomaly or an alarm; the false-alarm rate does: `far` is over all rows, as the
// published tables have it, `far_judged` over the judged ones only.
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { optionsOf, readOr, refuserOf } from "../support/refuse.mjs";
import { readDirectory, readRecording } from "./files.mjs";
import { PlainT2 } from "./plain-t2.mjs";
import * as secondBed from "./second-bed.mjs";
import * as testBed from "./test-bed.mjs";

const require = createRequire(import.meta.url);
const { makeFolderNow } = require("../../dist/lib/files/index.js");
const { multivariateFactory, MULTIVARIATE_METHODS } = require("../../dist/lib/detect/multivariate/index.js");
const { fitIsolationForest } = require("../../dist/lib/detect/multivariate/isolation-forest.js");

const refuse = refuserOf("multivariate");
const options = optionsOf(
  {
    data: { type: "string" },
    bed: { type: "string", default: "1" },
    fit: { type: "string", default: "400" },
    detector: { type: "string" },
    out: { type: "string" },
    files: { type: "string", default: "34" },
    seed: { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
  },
  refuse,
);
const FIT = Number(options.fit);
const BEDS = { 1: testBed, 2: secondBed };
const DEFAULT = "hotelling";
const WRITTEN = "imitation";

const peers = {
  /** Alarms at every row. */
  always: () => ({ push: () => true }),
  /** Hotelling's T2 of single rows, as the published baseline has it. */
  "plain-t2": (sensors) => new PlainT2(sensors.length, FIT),
};
const known = [...Object.keys(peers), ...MULTIVARIATE_METHODS];
if (options.detector !== undefined && !known.includes(options.detector)) {
  refuse(`--detector ${options.detector} is none of ${known.join(", ")}`);
}
if (options.data !== undefined && !existsSync(options.data)) refuse(`--data ${options.data} does not exist`);
if (!Object.hasOwn(BEDS, options.bed)) refuse(`--bed ${options.bed} is none of 1, 2`);
if (!(Number.isInteger(FIT) && FIT >= 60)) refuse(`--fit ${options.fit}: expected a whole number from 60`);

const found = options.data ? readData() : imitations(options.quick ? 10 : Number(options.files), Number(options.seed));
const recordings = found.filter(isJudgeable);
if (recordings.length === 0) refuse(`${options.data}: no CSV with a column "anomaly" and more than ${FIT} rows`);

function readData() {
  const { recordings, leftOut } = readOr(refuse, () => readDirectory(options.data));
  for (const why of leftOut) console.error(`multivariate: ${why}; left out`);
  if (leftOut.length > 0) process.exitCode = 1;
  return recordings;
}

function isJudgeable({ name, rows, labels }) {
  if (!labels) console.log(`${name}: left out, it has no column "anomaly"`);
  else if (rows.length <= FIT) console.log(`${name}: left out, ${rows.length} rows, and ${FIT} are for learning`);
  return labels !== undefined && rows.length > FIT;
}

function imitations(count, seed) {
  return Array.from({ length: count }, (_, i) => {
    const made = BEDS[options.bed].recording(1000 * seed + i);
    return { name: `${WRITTEN}-${i}-${made.kind}.csv`, ...readRecording(testBed.asCsv(made), WRITTEN) };
  });
}

function detectorOf(name, sensors) {
  if (Object.hasOwn(peers, name)) return peers[name](sensors);
  // Forests are fitted in place, because rows come here faster than a thread answers.
  const detector = multivariateFactory(
    { method: name, sensors, allowMissing: true, fit: FIT },
    { fitter: fitIsolationForest },
  )();
  // A row with missing values is judged when the next one comes; until then the alarm is what it was.
  let alarm = false;
  return {
    push({ time, values }) {
      for (let j = 0; j < sensors.length; j++) {
        const value = values[j];
        const reading = {
          deviceId: "test-bed",
          sensor: sensors[j],
          value,
          unit: "1",
          timestamp: time,
          quality: "good",
        };
        const judged = Number.isNaN(value) ? reading : detector.push(reading);
        if (judged !== reading) alarm = judged.anomaly.isAnomaly;
      }
      return alarm;
    },
  };
}

function judge(name) {
  const counts = { tp: 0, fp: 0, fn: 0, tn: 0, fitted: 0, rows: 0, files: 0 };
  const began = process.cpuUsage();
  for (const { name: file, sensors, rows, labels } of recordings) {
    const detector = detectorOf(name, sensors);
    let last = Number.NEGATIVE_INFINITY;
    const alarms = rows.map(({ time, values }) => {
      // A recording may have rows of the same second; a detector sees time go on.
      last = Math.max(time, last + 1);
      return detector.push({ time: last, values });
    });
    counts.rows += rows.length;
    if (options.out) writeAlarms(name, file, alarms);
    counts.files += 1;
    counts.fitted += FIT;
    alarms.slice(FIT).forEach((alarm, i) => {
      counts[labels[FIT + i] ? (alarm ? "tp" : "fn") : alarm ? "fp" : "tn"] += 1;
    });
  }
  const { user, system } = process.cpuUsage(began);
  return { ...counts, us: (user + system) / counts.rows };
}

function writeAlarms(name, file, alarms) {
  const folder = join(options.out, name);
  makeFolderNow(folder);
  const text = alarms.map((alarm, i) => `${i},${i >= FIT && alarm ? 1 : 0}`).join("\n");
  writeFileSync(join(folder, file.replaceAll("/", "-")), `row,alarm\n${text}\n`);
}

function figures({ tp, fp, fn, tn, fitted }) {
  return {
    f1: (2 * tp) / (2 * tp + fp + fn),
    far: fp / (fp + tn + fitted),
    far_judged: fp / (fp + tn),
    mar: fn / (fn + tp),
  };
}

const percent = (value) => (Number.isNaN(value) ? "-" : `${(100 * value).toFixed(1)} %`).padStart(8);
const names = options.detector ? [options.detector] : known;
const origin = options.data ? `under ${options.data}` : `of imitated test bed ${options.bed}`;
console.log(`${recordings.length} recordings ${origin}; ${FIT} rows each to learn from, default settings`);
console.log(`  ${"".padEnd(18)}      F1   false alarms (of judged)    missed   us a row`);
if (recordings.every(({ labels }) => !labels.includes(1))) {
  console.log("  no labelled anomalies in these recordings: F1 and missed alarms say nothing");
}
const results = new Map();
for (const name of names) {
  const result = judge(name);
  const { f1, far, far_judged, mar } = figures(result);
  results.set(name, { ...result, f1, far, far_judged, mar });
  console.log(
    `  ${name.padEnd(18)}  ${(Number.isNaN(f1) ? "-" : f1.toFixed(3)).padStart(6)}   ${percent(far)}   ${percent(far_judged)}     ${percent(mar)}   ${result.us.toFixed(1)}`,
  );
}

const round = (value, digits = 4) => (Number.isFinite(value) ? Number(value.toFixed(digits)) : null);
const chosen = results.get(options.detector ?? DEFAULT);
const others = [...results].filter(([name]) => name !== (options.detector ?? DEFAULT));
console.log(
  `BENCH ${JSON.stringify({
    name: "multivariate",
    detector: options.detector ?? DEFAULT,
    data: options.data ? "recordings" : `${WRITTEN}-${options.bed}`,
    f1: round(chosen.f1),
    far: round(chosen.far),
    mar: round(chosen.mar),
    far_judged: round(chosen.far_judged),
    files: chosen.files,
    rows: chosen.rows,
    us_per_row: round(chosen.us, 2),
    ...Object.fromEntries(others.map(([name, { f1 }]) => [`${name.replaceAll("-", "_")}_f1`, round(f1)])),
  })}`,
);
