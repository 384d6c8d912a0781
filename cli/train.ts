import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeFolder } from "../lib/files";
import { packBundle } from "../lib/inference/bundle";
import { checkName } from "../lib/model/manifest";
import { ModelStore } from "../lib/model/store";
import type { JobProgress, TrainingJob, TrainingReport, TrainingTask } from "../lib/train/jobs";
import { checkedJob, reportPlot, TASKS, trainInWorker } from "../lib/train/jobs";

const USAGE = `Usage: gatewise train rul|anomaly|classifier --data FILE.csv --out MODEL [options]

Fits a model on a CSV file with a header and tests it on units that it has not seen.
Writes MODEL.gwm (signed, for the model store of any gateway), MODEL.report.json and MODEL.report.svg.

  --data FILE          the CSV file
  --out MODEL          where the model goes; the file's name is the model's
  --unit COLUMN        machine or life that a row belongs to (rul: needed)
  --age COLUMN         rises with age: cycles, hours (rul: needed unless there is a target)
  --target COLUMN      rul: the remaining life; classifier: the class; anomaly: a label that tells
                       normal rows, which are learned, from known anomalies, which test
  --normal A,B         anomaly: labels of normal rows; 0, false, no, normal, nominal, good, ok,
                       healthy, pass and none by default
  --sensors A,B        columns that the model looks at, at most 256; by default every column of
                       numbers that is no clock
  --settings A,B       rul: those that say how a unit is operated
  --hours-per-age N    rul: what one of the age is worth, h; 1 by default
  --cap H              rul: longest remaining life that is told apart, h
  --past N             classifier, anomaly: rows of the past that are looked at too; 1 by default
  --learner KIND       trees, network or both; anomaly: isolation, components or both; both by default
  --folds N            parts that take turns in testing; 5 by default, 0 for no test
  --models N           models of each kind that are averaged; 1 by default
  --seed N             the same seed and file give the same model; 1 by default
  --store DIR          also puts it into this model store, whose key signs; without it a
                       store beside MODEL is used, whose key other gateways have to trust
  --memory MB          largest heap of the training; 4096 by default`;

/** The report has them all. */
const MOST_SENSORS = 30;

const OPTIONS = {
  data: { type: "string" },
  out: { type: "string" },
  unit: { type: "string" },
  age: { type: "string" },
  target: { type: "string" },
  sensors: { type: "string" },
  settings: { type: "string" },
  normal: { type: "string" },
  "hours-per-age": { type: "string" },
  cap: { type: "string" },
  past: { type: "string" },
  learner: { type: "string" },
  folds: { type: "string" },
  models: { type: "string" },
  seed: { type: "string" },
  store: { type: "string" },
  memory: { type: "string" },
  help: { type: "boolean" },
} as const;

type Given = { readonly [K in keyof typeof OPTIONS]?: string | boolean };

/** What was asked for cannot be understood; the usage helps. */
class UsageError extends Error {}

/** `gatewise train`. @returns the exit code */
export async function train(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help || positionals.length === 0) {
      console.log(USAGE);
      return values.help ? 0 : 2;
    }
    await trainAs(positionals, values);
    return 0;
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    console.error(`gatewise train: ${message}`);
    const isUsage = error instanceof UsageError || code?.startsWith("ERR_PARSE_ARGS");
    if (isUsage) console.error("gatewise train --help tells the options");
    return isUsage ? 2 : 1;
  }
}

async function trainAs(positionals: readonly string[], given: Given): Promise<void> {
  const [task, ...rest] = positionals;
  if (!TASKS.includes(task as TrainingTask)) throw new UsageError(`expected ${TASKS.join(", ")}, got "${task}"`);
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is one word too many`);
  const data = resolve(needed(given, "data"));
  const out = resolve(needed(given, "out").replace(/\.(gwm|json)$/, ""));
  if (!existsSync(data)) throw new UsageError(`--data: ${data} does not exist`);
  const job = jobOf(task as TrainingTask, nameOf(out), given);
  // What cannot be written later is better known before the hours of training.
  await makeFolder(dirname(out));
  const store = new ModelStore({ folder: resolve(textOf(given, "store") ?? join(dirname(out), "gatewise-models")) });
  await store.mustBeWritable();
  await store.ownKey();
  const { model, report } = await trainInWorker(
    job,
    data,
    { onProgress: showProgress, signal: interrupted() },
    { memoryMb: numberOf(given, "memory") ?? 4096 },
  );
  process.stderr.write("\n");
  const stored = await store.add(model);
  const bundle = packBundle({ manifest: await store.signed(stored), files: await store.read(stored) });
  await writeFile(`${out}.gwm`, bundle);
  await writeFile(`${out}.report.json`, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(`${out}.report.svg`, reportPlot(report));
  tell(report, out, store.folder);
}

function jobOf(task: TrainingTask, name: string, given: Given): TrainingJob {
  const text = (option: keyof Given): Record<string, string> | undefined => {
    const value = textOf(given, option);
    return value === undefined ? undefined : { [option]: value };
  };
  const numbers = {
    hoursPerAge: numberOf(given, "hours-per-age"),
    cap: numberOf(given, "cap"),
    past: numberOf(given, "past"),
    folds: numberOf(given, "folds"),
    models: numberOf(given, "models"),
    seed: numberOf(given, "seed"),
  };
  return checkedJob({
    task,
    name,
    ...text("unit"),
    ...text("age"),
    ...text("target"),
    ...text("learner"),
    sensors: listOf(given, "sensors"),
    settings: listOf(given, "settings"),
    normal: listOf(given, "normal"),
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
  });
}

function textOf(given: Given, option: keyof Given): string | undefined {
  const value = given[option];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function needed(given: Given, option: keyof Given): string {
  const value = textOf(given, option);
  if (value === undefined) throw new UsageError(`--${option} is missing`);
  return value;
}

function numberOf(given: Given, option: keyof Given): number | undefined {
  const value = textOf(given, option);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return number;
  throw new UsageError(`--${option}: expected a number, got "${value}"`);
}

function listOf(given: Given, option: keyof Given): string[] {
  return (textOf(given, option) ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function nameOf(out: string): string {
  try {
    return checkName("--out, the name of the model", out.slice(dirname(out).length).replace(/^[/\\]/, ""));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Ends the training with Ctrl-C, and the process with a second one. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort(new Error("interrupted")));
  return controller.signal;
}

/** One line that changes on a terminal, a line a tenth otherwise. */
let told = -10;
function showProgress({ done, step }: JobProgress): void {
  const percent = Math.floor(100 * done);
  if (process.stderr.isTTY) {
    process.stderr.write(`\r${String(percent).padStart(3)} %  ${step.padEnd(20)}`);
  } else if (percent >= told + 10) {
    told = percent - (percent % 10);
    process.stderr.write(`${percent} % ${step}\n`);
  }
}

function tell(
  { rows, units, sensors, metrics, folds, notes, warnings, seconds }: TrainingReport,
  out: string,
  folder: string,
): void {
  const how =
    folds.length > 0 ? `tested on units left out, ${folds.length} folds` : "not tested: figures of the training rows";
  console.log(`${rows} rows of ${units} units in ${seconds.toFixed(1)} s; ${how}`);
  console.log(`sensors ${sensors.slice(0, MOST_SENSORS).join(", ")}${sensors.length > MOST_SENSORS ? ", …" : ""}`);
  for (const [name, value] of Object.entries(metrics))
    console.log(`  ${name.padEnd(14)} ${Number(value.toPrecision(4))}`);
  for (const warning of warnings) console.log(`  WARNING: ${warning}`);
  for (const note of notes) console.log(`  note: ${note}`);
  console.log(`model  ${out}.gwm, in the store ${folder}`);
  console.log(`report ${out}.report.json, ${out}.report.svg`);
}
