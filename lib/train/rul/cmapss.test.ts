import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { missingData } from "../../../test/support/needs";
import { loadPredictor } from "../../model/predictors";
import { foldsByUnit } from "../cross-validation";
import { rmse } from "../metrics";
import { type History, inputsOf } from "../preprocess";
import { trainRul } from "./train";

const FILE = resolve(__dirname, "../../../../shared/data/cmapss/train_FD001.txt");
const SETTINGS = ["setting1", "setting2", "setting3"];
const SENSORS = [...SETTINGS, ...Array.from({ length: 21 }, (_, i) => `sensor${i + 1}`)];
const CAP = 125;

/** Saxena et al. 2008: unit, cycle, three settings and 21 sensors a line. */
function engines(): History[] {
  const units = new Map<string, number[]>();
  for (const line of readFileSync(FILE, "utf8").trim().split("\n")) {
    const [unit, , ...values] = line.trim().split(/\s+/);
    units.set(unit!, [...(units.get(unit!) ?? []), ...values.map(Number)]);
  }
  return [...units].map(([unit, values]) => ({
    unit,
    rows: { rows: values.length / SENSORS.length, columns: SENSORS.length, values: Float64Array.from(values) },
  }));
}

const remainingOf = ({ rows }: History): Float64Array =>
  Float64Array.from({ length: rows.rows }, (_, cycle) => rows.rows - 1 - cycle);

describe.skipIf(missingData(FILE))("turbofan engines, C-MAPSS FD001", () => {
  it("engines that were held out are predicted better than published models do", async () => {
    const all = engines();
    const [{ training, test }] = foldsByUnit(
      all.map(({ unit }) => unit),
      4,
      1,
    ) as [{ training: Int32Array; test: Int32Array }];
    const seen = Array.from(training, (place) => all[place]!);
    const held = Array.from(test, (place) => all[place]!);
    const options = { sensors: SENSORS, settings: SETTINGS, cap: CAP, seeds: 1 };
    const { preprocess, model } = await trainRul(seen, seen.map(remainingOf), options);
    const { features, history, row } = inputsOf(preprocess, held);
    const predicted = loadPredictor(model).predict(features.values, features.rows);
    // As the test engines are: 31 cycles and more, with 6 to 145 left.
    const judged = Array.from(history.keys()).filter((i) => {
      const left = held[history[i]!]!.rows.rows - 1 - row[i]!;
      return row[i]! >= 30 && left >= 6 && left <= 145;
    });
    const truth = judged.map((i) => Math.min(CAP, held[history[i]!]!.rows.rows - 1 - row[i]!));
    expect(truth.length).toBeGreaterThan(2000);
    const error = rmse(
      judged.map((i) => predicted[i]!),
      truth,
    );
    // 10.97 is the best published on the test engines, with a cap of 125.
    expect(error).toBeLessThan(11.4);
  }, 600_000);
});
