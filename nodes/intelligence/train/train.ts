import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError, type ConfigOf, defineNode } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { ModelStoreService } from "../../../lib/model/contract";
import type { StoreService } from "../../../lib/store/contract";
import type { TrainingJob, TrainingTable } from "../../../lib/train/jobs";
import { schema } from "./schema";

const MS_PER_DAY = 86_400_000;

export default defineNode(schema, (context) => {
  const { config, status } = context;
  const models = context.use<ModelStoreService>("models");
  const store = config.source === "history" ? context.use<StoreService>("store") : undefined;
  let underWay: AbortController | undefined;
  let progress = "";

  /** Once a training: what of the history it is not from. What is wrong with it comes with the report's warnings. */
  const tellLeftOut = ({ notes, leftOut = {} }: TrainingTable): void => {
    for (const [what, count] of Object.entries(leftOut)) context.metrics.count(what, count);
    if (notes.length > 0) context.warn(`${config.model}: ${notes.join("; ")}`);
  };

  /** Runs on while messages come and go, so that one of them can cancel it. */
  const train = async (msg: NodeMessage, signal: AbortSignal): Promise<void> => {
    const { checkedJob, historyTable, reportPlot, trainInWorker } = await import("../../../lib/train/jobs/index.js");
    const job = checkedJob(jobOf(config));
    const from = config.days === undefined ? undefined : Date.now() - config.days * MS_PER_DAY;
    const data = store
      ? await historyTable(
          store.history,
          { devices: config.devices, hold: config.hold * 1000, ...(from !== undefined && { from }) },
          job,
        )
      : fileOf(msg, config.file, context.userDir);
    signal.throwIfAborted();
    if (typeof data !== "string") tellLeftOut(data);
    const onProgress = ({ done, step }: { done: number; step: string }): void => {
      progress = `${Math.floor(100 * done)} %`;
      status.busy(`${progress}, ${step}`);
    };
    const { model, report } = await trainInWorker(job, data, { onProgress, signal }, { memoryMb: config.memory });
    const { manifest, id } = await models.add(model);
    const { name, version, seq } = manifest;
    context.metrics.count("trainings");
    context.emit({ ...msg, payload: report, model: { name, version, seq, id }, plot: reportPlot(report) });
    const [warning] = report.warnings;
    if (warning === undefined) status.ok(`${name} ${seq}: ${headline(report.metrics)}`);
    else status.warn(`${name} ${seq}: ${warning}`);
    for (const text of report.warnings) context.warn(`${name} ${seq}: ${text}`);
  };

  const start = (msg: NodeMessage): void => {
    if (underWay) throw new Error(`the training of ${config.model} is under way: wait, or send the command cancel`);
    const controller = new AbortController();
    underWay = controller;
    progress = "0 %";
    status.busy("reads the data");
    train(msg, controller.signal)
      .catch((error) => {
        if (controller.signal.aborted) status.warn("cancelled");
        else context.fail(error, msg);
      })
      .finally(() => {
        underWay = undefined;
      });
  };

  return {
    start: () => status.idle("waits for a message"),
    input(msg) {
      start(msg);
      return null;
    },
    commands: {
      cancel() {
        underWay?.abort(new Error("cancelled"));
        return null;
      },
    },
    close() {
      if (!underWay) return;
      context.warn(
        `the training of ${config.model} is given up at ${progress}, because the node is closed; it begins anew when asked`,
      );
      underWay.abort(new Error("the node is closed"));
    },
  };
});

function fileOf(msg: NodeMessage, file: string, userDir: string): string {
  const path = resolve(userDir, typeof msg.filename === "string" && msg.filename !== "" ? msg.filename : file);
  if (existsSync(path)) return path;
  throw new ConfigError(`File: ${path} does not exist`);
}

function jobOf(config: ConfigOf<typeof schema>): Partial<TrainingJob> & Pick<TrainingJob, "task" | "name"> {
  const { task, sensors, settings, past, folds, seed, cap, hoursPerAge } = config;
  const target = { rul: config.remaining, classifier: config.target, anomaly: config.known }[task];
  const learner = task === "anomaly" ? config.normalBy : config.learner;
  const isHistory = config.source === "history";
  const named = (field: "unit" | "age", column: string): Partial<TrainingJob> =>
    column === "" ? {} : { [field]: column };
  return {
    ...{
      task,
      name: config.model,
      sensors,
      settings,
      learner,
      past,
      folds,
      seed,
      hoursPerAge,
      models: config.averaged,
    },
    ...named("unit", isHistory ? "device" : config.unit),
    ...named("age", isHistory ? "hours" : config.age),
    ...(cap !== undefined && { cap }),
    ...(task === "anomaly" && { normal: config.normal }),
    ...(target !== "" && { target }),
  };
}

/** The one figure that says most. */
function headline(metrics: Readonly<Record<string, number>>): string {
  const { rmse, accuracy, false_alarms: falseAlarms } = metrics;
  if (rmse !== undefined) return `error ${rmse.toPrecision(3)} h`;
  if (accuracy !== undefined) return `${(100 * accuracy).toFixed(1)} % right`;
  return `${(100 * (falseAlarms ?? 0)).toFixed(1)} % false alarms`;
}
