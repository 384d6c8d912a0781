import type { ConfigOf, NodeContext, Refuse } from "../../../kit";
import { ports } from "../../../kit";
import type { ModelUse } from "../../../lib/inference";
import { DeviceInput, predictionsOf, type Sample } from "../../../lib/inference/readings";
import { ModelError, type ModelManifest } from "../../../lib/model/contract";
import { SavedState, type Snapshotable } from "../../../lib/numeric/state";
import type { Reading } from "../../../lib/reading";
import { checkedReport, LifeReport, type LifeVerdict, type ReportOptions } from "../../../lib/rul";
import type { ModelsNodeService } from "../models/service";
import { ModelLink } from "../predict/model-link";
import type { LifeMethod } from "./method";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

/**
 * Models tell lives apart up to a longest one, the cap: an answer near it means "at least that", and so does the upper end of
 * an interval.
 */
const HEALTHY_SHARE = 0.9;
const OPEN_SHARE = 0.99;
const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, min: 1 / 60, s: 1 / 3600, wk: 168 };
const QUEUE = { policy: "block", capacity: 1000 } as const;

/** What is known of one device: its rows on their way into the model, and what was reported. */
class ModelDevice implements Snapshotable {
  readonly report: LifeReport;

  constructor(
    readonly input: DeviceInput,
    options: ReportOptions,
  ) {
    this.report = new LifeReport(options);
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
export function lifeByModel(context: NodeContext<typeof schema>): LifeMethod {
  const { config } = context;
  const { dueBelow, dueBy, hysteresis, every, model } = config;
  const report = checkedReport({ model, dueBelow, dueBy, hysteresis, every: every * 1000 });
  let fingerprint: string | undefined;
  const link = new ModelLink(context, context.use<ModelsNodeService>("models"), model, QUEUE, () => {
    // What devices remember goes on with a new version that takes the same inputs.
    const spec = link.current?.model.manifest.preprocess ? link.spec.fingerprint : undefined;
    if (fingerprint !== undefined && spec !== fingerprint) devices.clear();
    fingerprint = spec;
  });
  const devices = context.perSeries<ModelDevice>(() => new ModelDevice(new DeviceInput(link.spec), report));

  const sampleOf = (reading: Reading): Sample | undefined => {
    const device = devices.ofKey(keyOf(reading.deviceId));
    const sample = device.input.push(reading);
    return sample && device.report.wants(sample.timestamp) ? sample : undefined;
  };

  return {
    start: () => link.start(),
    async readings(batch, refuse) {
      const { use } = link;
      const wanted = new Set(link.spec.preprocess.sensors);
      const samples = batch.filter(({ sensor }) => wanted.has(sensor)).flatMap((reading) => sampleOf(reading) ?? []);
      const answers = await use.runAll(samples.map(({ inputs, deviceId }) => ({ inputs, key: deviceId })));
      const told = samples.map((sample, i) => {
        const verdict = verdictOn(use, sample, answers[i], config, refuse);
        return verdict ? devices.ofKey(keyOf(sample.deviceId)).report.take(verdict, subjectOf(sample)) : undefined;
      });
      return ports(
        told.flatMap((one) => one?.lives ?? []),
        told.flatMap((one) => one?.phases ?? []),
      );
    },
    devices,
    close: () => link.close(),
  };
}

const keyOf = (deviceId: string): string => `${deviceId}/rul`;

function subjectOf({
  deviceId,
  timestamp,
  historical,
}: Sample): Pick<Reading, "deviceId" | "timestamp" | "historical"> {
  return historical ? { deviceId, timestamp, historical } : { deviceId, timestamp };
}

type Answer = Awaited<ReturnType<ModelUse["runAll"]>>[number] | undefined;

function verdictOn(
  use: ModelUse,
  sample: Sample,
  answer: Answer,
  config: Config,
  refuse: Refuse,
): LifeVerdict | undefined {
  try {
    if (answer?.status === "rejected") throw answer.reason;
    return (
      answer?.value && verdictOf(use.model.manifest, predictionsOf(use.model.manifest, answer.value, sample), config)
    );
  } catch (error) {
    const at = `${sample.deviceId} at ${new Date(sample.timestamp).toISOString()}`;
    refuse(subjectOf(sample), `${at}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

function verdictOf(manifest: ModelManifest, [prediction]: readonly Reading[], { modelHours }: Config): LifeVerdict {
  const { value, unit = "" } = prediction ?? {};
  if (typeof value !== "number") {
    throw new ModelError(`model ${manifest.name} answers with no number: remaining life needs a model that does`);
  }
  const cap = manifest.metrics?.cap ?? Number.POSITIVE_INFINITY;
  if (value >= HEALTHY_SHARE * cap) return { phase: "healthy" };
  const factor = HOURS[unit] ?? modelHours;
  const hours = Math.max(0, value * factor);
  const { low = value, high } = prediction?.prediction ?? {};
  // Ends and middle are foretold apart from each other, and may disagree by a little.
  const life = { hours, low: Math.max(0, Math.min(hours, low * factor)) };
  if (high === undefined || high >= OPEN_SHARE * cap) return { phase: "predicted", life };
  return { phase: "predicted", life: { ...life, high: Math.max(hours, high * factor) } };
}
