// Held-out engines stand for the test engines, whose truth is not public everywhere.
import { createRequire } from "node:module";
import { cyclesLeft, upTo } from "./data.mjs";
import { plainRecipe, trained } from "./model.mjs";

const require = createRequire(import.meta.url);
const { foldsByUnit, phm08Score, rmse, seededRandom } = require("../../dist/lib/train/index.js");

/** Cuts of each held-out engine. */
const CUTS = 10;

/**
 * Trains on all engines but a fold's, and predicts that fold's engines cut short at random, so that their lengths are
 * distributed as those of the test engines: the length of a random test engine, if the engine lived longer than that.
 */
export async function validated(units, tests, options, folds, threads) {
  const random = seededRandom(20_08);
  const lengths = tests.map(({ rows }) => rows.rows);
  const [predicted, plainly, truth] = [[], [], []];
  const divided = foldsByUnit(
    units.map(({ unit }) => unit),
    folds,
    options.seed,
  );
  for (const { training, test } of divided) {
    const own = Array.from(training, (place) => units[place]);
    const remaining = own.map(cyclesLeft);
    const predict = await trained(own, remaining, options, threads);
    const plain = await plainRecipe(own, remaining, options);
    for (const place of test) {
      const unit = units[place];
      for (let cut = 0; cut < CUTS; cut++) {
        const length = lengths[random.below(lengths.length)];
        // Test engines have 6 cycles or more left.
        if (length > unit.rows.rows - 6) continue;
        const short = upTo(unit, length);
        predicted.push(predict(short));
        plainly.push(plain(short));
        truth.push(Math.min(options.cap, unit.rows.rows - length));
      }
    }
  }
  return { rmse: rmse(predicted, truth), score: phm08Score(predicted, truth), plain: rmse(plainly, truth) };
}
