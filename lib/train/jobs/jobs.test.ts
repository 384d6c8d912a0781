import { describe, expect, it } from "vitest";
import { gaussian } from "../../../test/support/series";
import type { NewModel } from "../../model/contract";
import { checkManifest } from "../../model/manifest";
import { loadPredictor } from "../../model/predictors";
import { createPreprocessor } from "../../model/preprocess";
import type { JobProgress, Trained, TrainingJob, TrainingReport } from "./contract";
import { errorMargins, intervalAround } from "./error-bands";
import { reportPlot } from "./plot";
import { checkedJob, runJob } from "./run";
import { readTrainingTable } from "./table";

async function* sourceOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

type Given = Partial<TrainingJob> & Pick<TrainingJob, "task" | "name">;

async function trained(csv: string, given: Given, onProgress?: (progress: JobProgress) => void): Promise<Trained> {
  const job = checkedJob({ ...(given.task !== "anomaly" && { learner: "trees" }), ...given });
  return runJob(await readTrainingTable(sourceOf(csv), job), job, onProgress ? { onProgress } : {});
}

/** Pumps that wear: temperature and vibration rise with the square and the cube of the life that is over. */
function pumps(count: number, seed: number): string {
  const next = gaussian(seed);
  const rows = Array.from({ length: count }, (_, pump) => {
    const life = Math.round(60 * Math.exp(0.2 * next()));
    return Array.from({ length: life }, (_, hour) => {
      const worn = hour / life;
      const temperature = 40 + 20 * worn ** 2 + 0.5 * next();
      const vibration = 1 + 3 * worn ** 3 + 0.05 * next();
      return `pump-${pump},${hour},${temperature.toFixed(3)},${vibration.toFixed(3)}`;
    });
  });
  return `pump,hour,temperature,vibration\n${rows.flat().join("\n")}\n`;
}

/** Two machine states that differ in current and sound, and noise that tells nothing. */
function states(seed: number, rows = 600): string {
  const next = gaussian(seed);
  const lines = Array.from({ length: rows }, (_, i) => {
    const isBusy = Math.floor(i / 15) % 2 === 1;
    const current = (isBusy ? 8 : 2) + 0.8 * next();
    return `${isBusy ? "busy" : "idle"},${current.toFixed(3)},${((isBusy ? 60 : 40) + 3 * next()).toFixed(2)},${next().toFixed(3)}`;
  });
  return `state,current,sound,other\n${lines.join("\n")}\n`;
}

/** What `predict` does: the model's own preprocessing row by row, then the model. */
function answers(model: NewModel, rows: readonly (readonly number[])[]): number[][] {
  const predictor = loadPredictor(JSON.parse(Buffer.from(model.files[0]?.data ?? []).toString()));
  const preprocessor = createPreprocessor(model.preprocess!);
  return rows.flatMap((row, i) => {
    const input = preprocessor.push(Float64Array.from(row), i);
    return input ? [[...predictor.predict(input, 1)]] : [];
  });
}

describe("training of remaining life", () => {
  it("tells it in hours with an interval that holds on units left out, the same at run time, and the same for a seed", async () => {
    const steps: JobProgress[] = [];
    const given = { task: "rul", name: "pumps", unit: "pump", age: "hour", hoursPerAge: 2, folds: 3 } as const;
    const { model, report } = await trained(pumps(12, 1), given, (progress) => steps.push(progress));
    expect(report).toMatchObject({ task: "rul", units: 12, unit: "h", sensors: ["temperature", "vibration"] });
    // Lives are of about 120 h, told apart up to half of that; guessing the mean errs by a third of the cap.
    const { rmse = 99, coverage = 0, cap = 0 } = report.metrics;
    expect(cap).toBeGreaterThan(50);
    expect(rmse).toBeLessThan(0.17 * cap);
    expect(coverage).toBeGreaterThan(0.8);
    expect(report.folds).toHaveLength(3);
    expect(report.folds.reduce((sum, fold) => sum + fold.units, 0)).toBe(12);
    expect(report.importances[0]?.share).toBeGreaterThan(0);
    expect(new Set(steps.map(({ step }) => step))).toEqual(
      new Set(["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "all units"]),
    );
    expect(steps.at(-1)?.done).toBe(1);

    const life = Array.from({ length: 60 }, (_, hour) => [40 + 20 * (hour / 60) ** 2, 1 + 3 * (hour / 60) ** 3]);
    const told = answers(model, life);
    const [value, low, high] = told.at(-1) as [number, number, number];
    expect(value).toBeLessThan(15);
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    expect((told[25] as number[])[0]).toBeGreaterThan(40);

    const again = await trained(pumps(12, 1), given);
    expect(Buffer.from(again.model.files[0]!.data).equals(Buffer.from(model.files[0]!.data))).toBe(true);
    expect(again.report.metrics).toEqual(report.metrics);
  }, 60_000);

  it("makes models whose manifest the store takes, with known answers that the model gives", async () => {
    const { model } = await trained(pumps(5, 2), { task: "rul", name: "pumps", unit: "pump", age: "hour", folds: 0 });
    const files = model.files.map(({ name, data }) => ({ name, size: data.length, sha256: "0".repeat(64) }));
    const manifest = checkManifest(
      JSON.parse(JSON.stringify({ ...model, v: 1, kind: "model", seq: 1, created: "now", files })),
    );
    expect(manifest.outputs.map(({ role }) => role)).toEqual(["value", "low", "high"]);
    const predictor = loadPredictor(JSON.parse(Buffer.from(model.files[0]!.data).toString()));
    const [known] = manifest.golden?.cases ?? [];
    const found = predictor.predict(Float64Array.from(known?.in.input ?? []), 1);
    expect([...found]).toEqual([...(known?.out.rul ?? []), ...(known?.out.low ?? []), ...(known?.out.high ?? [])]);
  });

  it("goes by a column of the remaining life where there is one", async () => {
    const csv = pumps(6, 3).replace(/^(\w+-\d+),(\d+)/gm, (_, unit, hour) => `${unit},${500 - Number(hour)}`);
    const { report } = await trained(csv, { task: "rul", name: "x", unit: "pump", target: "hour", cap: 500, folds: 2 });
    expect(Math.min(...report.points.map(({ truth }) => truth))).toBeGreaterThan(400);
  });

  it.each([
    ["pump,hour,t\na,0,1\na,1,2\n", "expected at least two units with 10 rows or more, got 0 of 1"],
    [pumps(3, 4).replace("pump-0,1,", "pump-0,0,"), "unit pump-0: two rows have the age 0"],
    [pumps(3, 4).replace("pump-1,5,", "pump-1,five,"), /line \d+, column hour: expected a number, got "five"/],
    [pumps(3, 4).replace("pump-1,5,", "pump-1,,"), /line \d+, column hour: expected an age in every row/],
    [pumps(3, 4).replace("hour", "time"), 'no column "hour"; the columns are pump, time'],
    ["pump,hour\na,1\na,2\n", "no column of numbers is left for the sensors"],
  ])("says what is wrong with a file: %#", async (csv, message) => {
    const job = { task: "rul", name: "x", unit: "pump", age: "hour" } as const;
    await expect(trained(csv, job)).rejects.toThrow(message);
  });
});

describe("training of classes", () => {
  it("tells them on parts left out, with probabilities, and which inputs matter", async () => {
    const given = { task: "classifier", name: "state", target: "state", folds: 3 } as const;
    const { model, report } = await trained(states(1), given);
    expect(report.labels).toEqual(["busy", "idle"]);
    expect(report.metrics.accuracy).toBeGreaterThan(0.97);
    expect(report.metrics.auc).toBeGreaterThan(0.99);
    expect(report.confusion?.flat().reduce((sum, count) => sum + count, 0)).toBe(600);
    expect(report.importances[0]?.input).toBe("current");
    const [[busy = 0, idle = 0] = []] = answers(model, [[8, 60, 0]]);
    expect(busy).toBeGreaterThan(0.9);
    expect(busy + idle).toBeCloseTo(1, 9);
  });

  it("looks back over as many rows as asked, also with networks", async () => {
    const given = { task: "classifier", name: "state", target: "state", past: 5, folds: 2, learner: "both" } as const;
    const { model, report } = await trained(states(2, 300), given);
    expect(model.preprocess?.kind).toBe("engineered");
    expect(report.metrics.accuracy).toBeGreaterThan(0.9);
  }, 60_000);

  it("needs two classes, and not as many as a measured value has", async () => {
    const given = { task: "classifier", name: "x", target: "state" } as const;
    await expect(trained("state,a\non,1\non,2\n", given)).rejects.toThrow(
      'expected at least two classes, got only "on"',
    );
    const many = Array.from({ length: 200 }, (_, i) => `${i},1`).join("\n");
    await expect(trained(`state,a\n${many}\n`, given)).rejects.toThrow("expected at most 100 classes, got 200");
  });
});

describe("training of what is normal", () => {
  /** Temperature follows the current. */
  const usual = (next: () => number): string => {
    const load = next();
    return `${(10 + 3 * load).toFixed(3)},${(50 + 8 * load + 0.5 * next()).toFixed(3)}`;
  };
  const pairs = (count: number, seed: number): string[] => {
    const next = gaussian(seed);
    return Array.from({ length: count }, () => `${usual(next)},0`);
  };
  const odd = ["40,130,1", "13,42,1", "7,58,1", "10,90,1"];
  const fileOf = (rows: readonly string[]): string => `current,temperature,fault\n${rows.join("\n")}\n`;
  const scoresBy = (model: NewModel, ...rows: number[][]): number[] => answers(model, rows).map(([score]) => score!);

  it.each(["both", "components"] as const)(
    "finds rows out of range, and rows whose sensors do not go together, without having seen any: %s",
    async (learner) => {
      const given = { task: "anomaly", name: "normal", target: "fault", folds: 4, learner } as const;
      const { model, report } = await trained(fileOf([...pairs(800, 5), ...odd]), given);
      const { threshold = 99, false_alarms: falseAlarms = 1, found = 0, auc = 0, f1 = 0 } = report.metrics;
      expect(threshold).toBe(2);
      expect(falseAlarms).toBeLessThan(0.02);
      expect(auc).toBeGreaterThan(0.98);
      expect(found).toBe(1);
      // 16 false alarms of 800 rows with four anomalies found.
      expect(f1).toBeGreaterThanOrEqual(8 / (8 + 16));
      expect(report.importances).toEqual([]);
      const [middle = 9, apart = 0, further = 0] = scoresBy(model, [10, 50], [13, 42], [13, 12]);
      expect(middle).toBeLessThan(1);
      expect(apart).toBeGreaterThan(threshold);
      // Does not saturate: what is further out scores higher.
      expect(further).toBeGreaterThan(apart + 1);
    },
  );

  it("tells rows between the places where rows usually are from those in them, by the forest alone", async () => {
    const next = gaussian(6);
    const rows = Array.from({ length: 800 }, (_, i) => {
      const side = i % 2 === 0 ? 8 : -8;
      return `${side + next()},${side + next()},normal`;
    });
    const given = { task: "anomaly", name: "normal", target: "fault", folds: 4, learner: "isolation" } as const;
    const { model, report } = await trained(fileOf(rows), given);
    expect(report.metrics.found).toBeUndefined();
    expect(report.metrics.f1).toBeUndefined();
    const [between = 0, own = 9] = scoresBy(model, [8, -8], [8, 8]);
    expect(own).toBeLessThan(0.7);
    expect(between).toBeGreaterThan(own + 0.7);
  });

  it("tells p of rows that models have not seen, also of few rows with many inputs", async () => {
    const columns = 20;
    const next = gaussian(7);
    const line = (): string => Array.from({ length: columns }, () => next().toFixed(4)).join(",");
    const header = Array.from({ length: columns }, (_, i) => `s${i}`).join(",");
    const csv = `${header}\n${Array.from({ length: 120 }, line).join("\n")}\n`;
    const { model, report } = await trained(csv, { task: "anomaly", name: "normal", learner: "components" });
    expect(report.metrics.false_alarms).toBeLessThan(0.05);
    const fresh = Array.from({ length: 2000 }, () => Array.from({ length: columns }, next));
    // One in ten, also of rows to come: in training the components fit so few rows too well.
    const share = scoresBy(model, ...fresh).filter((score) => score > 1).length / fresh.length;
    expect(share).toBeGreaterThan(0.03);
    expect(share).toBeLessThan(0.2);
  });

  it("gives the same model for a seed, and does without a test", async () => {
    const given = { task: "anomaly", name: "normal", target: "fault", folds: 0, past: 3 } as const;
    const [one, two] = await Promise.all([
      trained(fileOf(pairs(200, 8)), given),
      trained(fileOf(pairs(200, 8)), given),
    ]);
    expect(one.model.files).toEqual(two.model.files);
    expect(one.report.metrics).toEqual(two.report.metrics);
    expect(one.report.folds).toEqual([]);
    await expect(trained(fileOf(pairs(40, 8)), given)).rejects.toThrow("at least 50 normal rows, got 40");
  });
});

describe("labels of normal rows", () => {
  /** 60 rows of the one label, then 20 of the other, which lie apart. */
  const labelled = (normal: string, odd: string): string => {
    const next = gaussian(10);
    const rows = Array.from({ length: 80 }, (_, i) => `${i < 60 ? next() : 30 + next()},${i < 60 ? normal : odd}`);
    return `a,state\n${rows.join("\n")}\n`;
  };
  const given = { task: "anomaly", name: "x", target: "state", folds: 0, learner: "components" } as const;

  it.each([
    ["0", "1"],
    ["0.00", "1.00"],
    ["OK", "bearing"],
    ["none", "bearing"],
    ["False", "True"],
  ])("are known by themselves: %s, not %s", async (normal, odd) => {
    const { report } = await trained(labelled(normal, odd), given);
    expect(report.notes).toContain(`state: normal is ${normal} in 60 rows; known anomalies are ${odd} in 20 rows`);
    expect(report.metrics.found).toBe(1);
    expect(report.warnings).not.toContainEqual(expect.stringContaining("wrong way round"));
  });

  it("are told apart from others when nothing is normal by itself", async () => {
    const csv = labelled("1", "-1");
    await expect(trained(csv, given)).rejects.toThrow(
      /got 0: the labels of state are 1 in 60 rows, -1 in 20 rows, and normal are 0, false, .*--normal/,
    );
    const { report } = await trained(csv, { ...given, normal: [" 1 "] });
    expect(report.notes).toContain("state: normal is 1 in 60 rows; known anomalies are -1 in 20 rows");
    expect(report.metrics.found).toBe(1);
    await expect(trained(csv, { ...given, normal: ["+1"] })).rejects.toThrow(
      'normal: no row of state is "+1"; there are 1 in 60 rows, -1 in 20 rows',
    );
  });

  it("that look the wrong way round bring a warning, and can be said", async () => {
    const rows = labelled("bad", "good").split("\n").slice(1, -1);
    const few = `a,state\n${[...rows, ...rows, ...rows].join("\n")}\n`;
    const { report } = await trained(few, given);
    expect(report.warnings).toContainEqual(
      expect.stringMatching(/more known anomalies \(bad in 180 rows\) than normal rows \(good in 60 rows\)/),
    );
    const right = await trained(few, { ...given, normal: ["bad"] });
    expect(right.report.warnings).not.toContainEqual(expect.stringContaining("wrong way round"));
    expect(right.report.metrics.found).toBe(1);
  });

  it("that are missing make a row neither normal nor an anomaly, unless it is said", async () => {
    const { report } = await trained(labelled("ok", "N/A"), given);
    expect(report.notes).toContain("20 rows without a label are neither learned from nor tested");
    expect(report.points).toHaveLength(60);
    expect(report.metrics.found).toBeUndefined();
    const said = await trained(labelled("N/A", "bearing"), { ...given, normal: ["n/a"] });
    expect(said.report.notes).toContain("state: normal is N/A in 60 rows; known anomalies are bearing in 20 rows");
  });
});

describe("error bands", () => {
  it("hold nine truths in ten everywhere, narrow where predictions are good", () => {
    const next = gaussian(9);
    // Errors grow with the prediction: standard deviation of a tenth of it.
    const pairs = Array.from({ length: 4000 }, (_, i) => ({
      unit: `u${i % 400}`,
      predicted: i / 40,
      truth: (i / 40) * (1 + 0.1 * next()),
    }));
    const margins = errorMargins(pairs);
    for (const predicted of [20, 50, 80]) {
      const { low, high } = intervalAround(margins, predicted);
      // 1.645 standard deviations on each side.
      expect(Math.abs((high - low) / (2 * 1.645 * 0.1 * predicted) - 1)).toBeLessThan(0.25);
      expect(low).toBeLessThan(predicted);
    }
    expect(intervalAround(margins, -5).high).toBeLessThan(5);
    expect(intervalAround(margins, 500).high).toBeGreaterThan(500);
  });

  it("are one band for few predictions", () => {
    const margins = errorMargins([{ unit: "a", predicted: 1, truth: 3 }]);
    expect(intervalAround(margins, 10)).toEqual({ low: 12, high: 12 });
  });

  it("reach as far as the errors do when they are of few units, whatever the number of rows", () => {
    const errors = Array.from({ length: 50 }, (_, i) => ({ predicted: 10, truth: 10 + (i - 24.5) / 24.5 }));
    const of = (units: number) =>
      intervalAround(errorMargins(errors.map((one, i) => ({ ...one, unit: `u${i % units}` }))), 10);
    expect(of(5)).toEqual({ low: 9, high: 11 });
    expect(of(50).high).toBeLessThan(11);
  });
});

describe("jobs", () => {
  it.each([
    [{ task: "rul", name: "x" }, "unit: remaining life needs the column of the unit"],
    [{ task: "rul", name: "x", unit: "u" }, "age: remaining life needs the column of the age"],
    [{ task: "classifier", name: "x" }, "target: a classifier needs the column of the class"],
    [{ task: "anomaly", name: "x", folds: 1 }, "folds: expected a whole number from 2 to 100, got 1"],
    [
      { task: "anomaly", name: "x", learner: "magic" },
      "learner: expected isolation, components, both for anomaly, got magic",
    ],
    [
      { task: "anomaly", name: "x", learner: "trees" },
      "learner: expected isolation, components, both for anomaly, got trees",
    ],
    [
      { task: "classifier", name: "x", target: "y", learner: "isolation" },
      "learner: expected trees, network, both for classifier",
    ],
    [{ task: "anomaly", name: "x", normal: ["1"] }, "normal: goes with anomaly and the column of the labels"],
    [{ task: "anomaly", name: "con" }, "name: expected up to 64 letters"],
    [{ task: "luck", name: "x" }, "task: expected rul, classifier, anomaly, got luck"],
  ])("are checked: %j", (given, message) => {
    expect(() => checkedJob(given as Given)).toThrow(message);
  });

  it("end when they are aborted", async () => {
    const job = checkedJob({ task: "rul", name: "x", unit: "pump", age: "hour" });
    const table = await readTrainingTable(sourceOf(pumps(6, 6)), job);
    const controller = new AbortController();
    const run = runJob(table, job, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
  });
});

describe("tables", () => {
  it("take columns of numbers for sensors, and numbered lines and missing cells for what they are", async () => {
    const csv = 'name,a,b,text,empty\n"1",x,1,,hot,\n"2",y,,2.5,cold,\n';
    const table = await readTrainingTable(sourceOf(csv), { sensors: [], settings: [], unit: "name" });
    expect(table.sensors).toEqual(["a", "b"]);
    expect(table.units).toEqual(["x", "y"]);
    expect([...table.values.values]).toEqual([1, Number.NaN, Number.NaN, 2.5]);
  });

  it("refuse a line of another width, and a unit that is a sensor too", async () => {
    const given = { settings: [], unit: "u" };
    await expect(readTrainingTable(sourceOf("u,a\nx,1\ny\n"), { ...given, sensors: [] })).rejects.toThrow(
      "line 3: expected 2 cells, got 1",
    );
    await expect(readTrainingTable(sourceOf("u,a\nx,1\ny,2\n"), { ...given, sensors: ["u"] })).rejects.toThrow(
      'the column "u" cannot be a sensor as well',
    );
  });
});

describe("plots of reports", () => {
  const report: TrainingReport = {
    task: "classifier",
    name: '<script>"x"&y',
    rows: 10,
    units: 2,
    sensors: ["a"],
    options: {},
    metrics: { accuracy: 0.5 },
    folds: [{ fold: 1, rows: 5, units: 1, metrics: { macro_f1: 0.5 } }],
    importances: [{ input: "a & b", share: 1 }],
    points: [{ unit: "u", truth: 0, predicted: 1, low: 0, high: 2 }],
    labels: ["<on>", "off"],
    confusion: [
      [1, 2],
      [3, 4],
    ],
    unit: "1",
    notes: [],
    warnings: [],
    seconds: 1,
  };

  it.each(["rul", "classifier", "anomaly"] as const)("are well-formed, whatever names are in them: %s", (task) => {
    const svg = reportPlot({ ...report, task });
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("NaN");
    const opened = svg.match(/<(text|rect|style|svg|title)[\s>]/g)?.length;
    const closed = svg.match(/<\/(text|rect|style|svg|title)>/g)?.length;
    expect(opened).toBe(closed);
    expect(svg).toContain("prefers-color-scheme:dark");
    expect(svg).toContain("&lt;script&gt;");
  });

  it("say so when nothing was tested", () => {
    const svg = reportPlot({ ...report, folds: [], importances: [], points: [] });
    expect(svg).toContain("not tested");
    expect(svg).not.toContain("Infinity");
  });
});
