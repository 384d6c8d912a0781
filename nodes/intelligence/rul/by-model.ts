import { type NodeContext, ports, type Refuse } from "../../../kit";
import type { ModelUse } from "../../../lib/inference";
import { DeviceInput, predictionsOf, type Sample } from "../../../lib/inference/readings";
import { SavedState, type Snapshotable } from "../../../lib/numeric/state";
import { describe, isNumeric, type Reading } from "../../../lib/reading";
import { type RowLoss, RowWatch } from "../../../lib/rows";
import { checkedReport, type LifeClaim, LifeReport, type LifeSource, type ReportOptions } from "../../../lib/rul";
import type { ModelsNodeService } from "../models/service";
import { ModelLink } from "../predict/model-link";
import { asleepOf, type DeviceUnderWatch, deviceOf, keyOf, type LifeMethod } from "./method";
import { checkTask, verdictOf } from "./model-verdict";
import type { schema } from "./schema";

type Context = NodeContext<typeof schema>;

const QUEUE = { policy: "block", capacity: 1000 } as const;
/** Counted of readings that become no answer. */
const BAD = "bad readings";
const INCOMPLETE: RowLoss = "incomplete rows";

/** What is known of one device: its rows on their way into the model, and what was reported. */
class ModelDevice implements Snapshotable, DeviceUnderWatch {
  readonly report: LifeReport;

  constructor(
    readonly input: DeviceInput,
    options: ReportOptions,
  ) {
    this.report = new LifeReport(options);
  }

  withdrawal(deviceId: string): Reading | undefined {
    return this.report.withdrawal(deviceId);
  }

  snapshot(): unknown {
    return { input: this.input.snapshot(), report: this.report.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.input.restore(saved.any("input"));
    this.report.restore(saved.any("report"));
  }
}

/** Remaining life by a model of the store, which runs in its worker. */
export function lifeByModel(context: Context): LifeMethod {
  const { config, metrics } = context;
  const { dueBelow, dueBy, hysteresis, every, model } = config;
  const report = checkedReport({ model, dueBelow, dueBy, hysteresis, every: every * 1000 });
  let fingerprint: string | undefined;
  const link = new ModelLink(context, context.use<ModelsNodeService>("models"), model, QUEUE, () => {
    // What devices remember goes on with a new version that takes the same inputs.
    const spec = link.current?.model.manifest.preprocess ? link.spec.fingerprint : undefined;
    if (fingerprint !== undefined && spec !== fingerprint) {
      devices.clear();
      watch.forget();
    }
    fingerprint = spec;
  });
  const watch = new RowWatch(context);
  const devices = context.perSeries<ModelDevice>(() => new ModelDevice(new DeviceInput(link.spec, watch), report), {
    kept: "devices",
    onEvict: (key) => watch.forget(deviceOf(key)),
  });

  /** Takes a reading into its device's state; gives the input that it completes. */
  const sampleOf = (reading: Reading, refuse: Refuse): Sample | undefined => {
    if (reading.quality === "bad") {
      metrics.count(BAD);
      return undefined;
    }
    if (!isNumeric(reading) && typeof reading.value !== "boolean") {
      const { deviceId, sensor, value } = reading;
      refuse(reading, `${deviceId}/${sensor}: expected a number or boolean, got ${describe(value)}`);
      return undefined;
    }
    const device = devices.admit(keyOf(reading.deviceId));
    if (!device) return undefined;
    const { late } = device.input;
    const sample = device.input.push(reading);
    if (device.input.late > late)
      refuse(reading, `late: ${reading.deviceId} has sent readings of a later time already`);
    return sample && device.report.wants(sample.timestamp) ? sample : undefined;
  };

  return {
    start: () => link.start(),
    async readings(batch, refuse) {
      const use = await link.opened();
      checkTask(use.model.manifest);
      const wanted = new Set(link.spec.preprocess.sensors);
      const taken = batch.filter(({ sensor }) => wanted.has(sensor));
      const samples = taken.flatMap((reading) => sampleOf(reading, refuse) ?? []);
      const answers = await use.runAll(samples.map(({ inputs, deviceId }) => ({ inputs, key: deviceId })));
      const told = samples.map((sample, i) => {
        const claim = claimOf(use, sample, answers[i], context, refuse);
        return claim ? devices.admit(keyOf(sample.deviceId))?.report.take(claim, sourceOf(sample)) : undefined;
      });
      return ports(
        told.flatMap((one) => one?.lives ?? []),
        told.flatMap((one) => one?.phases ?? []),
      );
    },
    devices,
    // Without a model there is nothing to bring a state back with.
    asleep: () => (link.current ? asleepOf(devices) : []),
    wake(deviceId) {
      if (link.current) devices.ofKey(keyOf(deviceId));
    },
    get leftOut() {
      const counts = [BAD, INCOMPLETE].filter((name) => metrics.counted(name) > 0);
      return counts.map((name) => `${metrics.counted(name)} ${name}`).join(", ");
    },
    get problem() {
      return watch.problem ?? devices.problem;
    },
    reset: () => watch.forget(),
    close: () => link.close(),
  };
}

function sourceOf({ deviceId, timestamp, quality, historical }: Sample): LifeSource {
  return { deviceId, timestamp, quality, ...(historical && { historical }) };
}

type Answer = Awaited<ReturnType<ModelUse["runAll"]>>[number] | undefined;

function claimOf(
  { model: { manifest } }: ModelUse,
  sample: Sample,
  answer: Answer,
  { config }: Context,
  refuse: Refuse,
): LifeClaim | undefined {
  try {
    if (answer?.status === "rejected") throw answer.reason;
    return answer?.value && verdictOf(manifest, predictionsOf(manifest, answer.value, sample), config);
  } catch (error) {
    const at = `${sample.deviceId} at ${new Date(sample.timestamp).toISOString()}`;
    refuse(sourceOf(sample), `${at}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
