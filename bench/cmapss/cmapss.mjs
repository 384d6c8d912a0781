// Remaining useful life of turbofan engines, C-MAPSS: trains on train_FDxxx.txt, predicts every unit of test_FDxxx.txt at
// its last cycle.
// Usage: npm run bench:cmapss -- --data DIR [--subset FD001] [--seeds 5] [--out FILE] [--rul FILE] [--folds 5] [--quick]
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { optionsOf, readOr, refuserOf } from "../support/refuse.mjs";
import { cyclesLeft, fileOf, histories, SENSORS, SETTINGS, truths } from "./data.mjs";
import { membersOf, plainRecipe, trained } from "./model.mjs";
import { validated } from "./validation.mjs";

const require = createRequire(import.meta.url);
const { makeFolderNow } = require("../../dist/lib/files/index.js");
const { rmse, phm08Score } = require("../../dist/lib/train/index.js");

const refuse = refuserOf("cmapss");
const given = optionsOf(
  {
    data: { type: "string" },
    subset: { type: "string", default: "FD001" },
    seeds: { type: "string" },
    out: { type: "string" },
    rul: { type: "string" },
    folds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
  refuse,
);
if (given.data === undefined)
  refuse("--data DIR is missing: the directory of train_FD001.txt and the other C-MAPSS files");

const THREADS = 2;
const CAP = 125;
const seeds = whole("seeds", given.seeds ?? (given.quick ? "1" : "5"), 1);
const folds = whole("folds", given.folds ?? "0", 0);
const options = { sensors: SENSORS, settings: SETTINGS, cap: CAP, seeds, seed: 1 };

const { data, subset } = given;
const truthFile = given.rul ?? join(data, `RUL_${subset}.txt`);
if (given.rul !== undefined && !existsSync(given.rul)) refuse(`--rul: ${given.rul} does not exist`);
const { training, tests, truth } = readOr(refuse, () => ({
  training: histories(fileOf(data, `train_${subset}.txt`)),
  tests: histories(fileOf(data, `test_${subset}.txt`)),
  truth: truths(truthFile),
}));
if (truth !== undefined && truth.length !== tests.length) {
  refuse(`${truthFile}: expected ${tests.length} numbers, one a test engine, got ${truth.length}`);
}
// Before minutes of training.
if (given.out !== undefined) readOr(refuse, () => mustBeWritable(given.out));
const remaining = training.map(cyclesLeft);

console.log(
  `C-MAPSS ${subset}: ${training.length} engines that ran to failure, ${tests.length} to predict; labels capped at ${CAP} cycles`,
);
const began = { clock: performance.now(), cpu: process.cpuUsage() };
const remainingLife = await trained(training, remaining, options, THREADS);
const trainSeconds = (performance.now() - began.clock) / 1000;
const { user, system } = process.cpuUsage(began.cpu);
const cpuSeconds = (user + system) / 1e6;
console.log(
  `  trained ${membersOf(options)} models in ${THREADS} threads: ${trainSeconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU`,
);

const predicted = tests.map(remainingLife);
if (given.out !== undefined) {
  writePredictions(predicted);
  console.log(`  ${predicted.length} predictions in ${given.out}, one a line`);
}

const figures = { ...(truth === undefined ? {} : await judged()), ...(folds === 0 ? {} : await validation()) };
if (truth === undefined && folds === 0) {
  console.log(`  ${truthFile} does not exist: nothing to compare with; --folds 5 validates by held-out engines`);
}
const round = (value) => (typeof value === "number" ? Number(value.toFixed(3)) : value);
const line = { name: "cmapss", subset, cap: CAP, seeds, ...figures, train_s: trainSeconds, train_cpu_s: cpuSeconds };
console.log(
  `BENCH ${JSON.stringify(Object.fromEntries(Object.entries(line).map(([key, value]) => [key, round(value)])))}`,
);

/**
 * Against the truth file. The labels' cap holds for the truth too, as in the papers that the record is from: a healthy engine
 * does not show whether it has 130 or 190 cycles left. The figures against the truth as it is stand beside.
 */
async function judged() {
  const capped = truth.map((life) => Math.min(CAP, life));
  const plain = await plainRecipe(training, remaining, options);
  const plainRmse = rmse(tests.map(plain), capped);
  const own = { rmse: rmse(predicted, capped), score: phm08Score(predicted, capped) };
  const uncapped = { rmse_uncapped: rmse(predicted, truth), score_uncapped: phm08Score(predicted, truth) };
  console.log(
    `  RMSE ${own.rmse.toFixed(2)}, PHM08 score ${own.score.toFixed(0)} (truth capped at ${CAP} as the labels are)`,
  );
  console.log(`  truth as it is: ${uncapped.rmse_uncapped.toFixed(2)}, ${uncapped.score_uncapped.toFixed(0)}`);
  console.log(`  plain recipe (z-scores, rolling figures, one set of boosted trees): RMSE ${plainRmse.toFixed(2)}`);
  return { ...own, ...uncapped, plain_rmse: plainRmse };
}

async function validation() {
  const result = await validated(training, tests, options, folds, THREADS);
  console.log(
    `  ${folds} folds of held-out engines, cut as the test engines are: RMSE ${result.rmse.toFixed(2)}, plain recipe ${result.plain.toFixed(2)}`,
  );
  return { validation_rmse: result.rmse, validation_score: result.score, validation_plain_rmse: result.plain };
}

function mustBeWritable(path) {
  makeFolderNow(dirname(path));
  closeSync(openSync(path, "a"));
}

function writePredictions(lives) {
  writeFileSync(given.out, lives.map((life) => `${life.toFixed(3)}\n`).join(""));
}

function whole(name, text, min) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min) return value;
  return refuse(`--${name}: expected a whole number of ${min} or more, got "${text}"`);
}
