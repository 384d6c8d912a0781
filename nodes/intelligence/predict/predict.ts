import { defineNode, type NodeContext, type Refuse } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { ModelUse, Tensors } from "../../../lib/inference";
import { DeviceInput, isTensorLike, predictionsOf, type Sample, tensorInputs } from "../../../lib/inference/readings";
import { ModelError, type ModelManifest } from "../../../lib/model/contract";
import { describe, isNumeric, type Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { RowWatch } from "../../../lib/rows";
import { countOf } from "../../../lib/text/plural";
import type { ModelsNodeService } from "../models/service";
import { importedModel } from "./import-message";
import { ModelLink } from "./model-link";
import { schema } from "./schema";

/** Messages in work at once: with a queue that blocks, enough to fill batches; otherwise the queue itself is the bound. */
const IN_FLIGHT = { block: 64, dropOldest: 10_000, latest: 10_000 } as const;
const STATUS_MS = 1000;

export default defineNode(schema, (context) => {
  const { config, metrics } = context;
  const service = context.use<ModelsNodeService>("models");
  const { policy, capacity } = config;
  let fingerprint: string | undefined;
  const link = new ModelLink(context, service, config.model, { policy, capacity }, () => {
    // What devices remember goes on with a new version that takes the same inputs.
    const spec = link.current?.model.manifest.preprocess ? link.spec.fingerprint : undefined;
    if (fingerprint !== undefined && spec !== fingerprint) forgetAll();
    fingerprint = spec;
  });
  const watch = new RowWatch(context);
  const devices = context.perSeries<DeviceInput>(() => new DeviceInput(link.spec, watch));
  const forgetAll = (): void => {
    devices.clear();
    watch.forget();
  };
  for (const share of ["p50", "p95", "p99"] as const)
    metrics.gauge(`${share} ms`, () => link.current?.latency()?.[share]);
  metrics.gauge("waiting", () => link.current?.waiting);

  /** Takes a reading into its device's state; gives the input that it completes. */
  const sampleOf = (reading: Reading, refuse: Refuse): Sample | undefined => {
    if (reading.quality === "bad") {
      metrics.count("bad readings");
      return undefined;
    }
    if (!isNumeric(reading) && typeof reading.value !== "boolean") {
      refuse(
        reading,
        `${reading.deviceId}/${reading.sensor}: expected a number or boolean, got ${describe(reading.value)}`,
      );
      return undefined;
    }
    const device = devices.ofKey(reading.deviceId);
    const { late } = device;
    const sample = pushed(device, reading, refuse);
    if (device.late > late) refuse(reading, `late: ${reading.deviceId} has sent readings of a later time already`);
    return sample;
  };

  return {
    inFlight: IN_FLIGHT[policy],
    async start() {
      context.every(STATUS_MS, () => showStatus(context, link.current, watch.problem));
      await link.start();
    },
    async readings(batch, _msg, refuse) {
      // Not awaited where it is there, so that messages keep their order.
      const use = link.current ?? (await link.opened());
      const { manifest } = use.model;
      const wanted = new Set(link.spec.preprocess.sensors);
      const taken = batch.filter(({ sensor }) => wanted.has(sensor));
      if (taken.length < batch.length) metrics.count("readings of other sensors", batch.length - taken.length);
      const samples = taken.flatMap((reading) => sampleOf(reading, refuse) ?? []);
      const answers = await use.runAll(samples.map(({ inputs, deviceId }) => ({ inputs, key: deviceId })));
      return samples.flatMap((sample, i) => predicted(manifest, sample, answers[i]!, refuse, context));
    },
    isInput: ({ payload }) => isTensorLike(payload) || isNamedTensors(payload, link.current),
    input: async (msg) => answeredTensors(link.current ?? (await link.opened()), msg),
    commands: {
      reset: ({ payload }) => {
        const selected = seriesSelection(payload);
        if (!selected) forgetAll();
        else
          for (const id of [...devices.states()].map(([key]) => key).filter((key) => selected(`${key}/`))) {
            devices.forget(id);
            watch.forget(id);
          }
        return undefined;
      },
      import: async (msg) => {
        const imported = await importedModel(service, msg.payload);
        if (imported.name === config.model) await link.opened();
        return { ...msg, payload: imported };
      },
      info: async (msg) => ({ ...msg, payload: infoOf(await link.opened()) }),
    },
    close: () => link.close(),
  };
});

type Context = NodeContext<typeof schema>;

/** A row that the model cannot take must not cost the other rows of the batch. */
function pushed(device: DeviceInput, reading: Reading, refuse: Refuse): Sample | undefined {
  try {
    return device.push(reading);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    refuse(reading, `${reading.deviceId}: ${error.message}`);
    return undefined;
  }
}

function predicted(
  manifest: ModelManifest,
  sample: Sample,
  answer: PromiseSettledResult<Tensors | undefined>,
  refuse: Refuse,
  { metrics }: Context,
): Reading[] {
  const { deviceId, timestamp } = sample;
  const at = `${deviceId} at ${new Date(timestamp).toISOString()}`;
  try {
    if (answer.status === "rejected") throw answer.reason;
    if (answer.value) return predictionsOf(manifest, answer.value, sample);
    metrics.count("given up for newer ones");
  } catch (error) {
    refuse({ deviceId, timestamp }, `${at}: ${error instanceof Error ? error.message : error}`);
  }
  return [];
}

/** An object that has a field for an input of the model is that, and no reading. */
function isNamedTensors(payload: unknown, use: ModelUse | undefined): boolean {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload) || !use) return false;
  return use.model.manifest.inputs.some(({ name }) => Object.hasOwn(payload, name) && !("deviceId" in payload));
}

async function answeredTensors(use: ModelUse, msg: NodeMessage): Promise<NodeMessage | undefined> {
  const { manifest } = use.model;
  const key = typeof msg.topic === "string" ? msg.topic : "";
  const answers = await use.run({ inputs: tensorInputs(msg.payload, manifest.inputs), key });
  if (!answers) return undefined;
  return { ...msg, payload: Object.fromEntries(answers), model: { name: manifest.name, version: manifest.version } };
}

function infoOf(use: ModelUse) {
  const { name, version, seq, format, task, inputs, outputs, preprocess, labels, metrics } = use.model.manifest;
  return {
    ...{ name, version, seq, format, task, inputs, outputs, labels, metrics },
    sensors: preprocess?.sensors,
    runtime: use.runtime,
    latency: use.latency(),
    waiting: use.waiting,
    givenUp: use.givenUp,
    restarts: use.restarts,
    standin: use.standin,
  };
}

function showStatus({ status, metrics }: Context, use: ModelUse | undefined, problem: string | undefined): void {
  const latency = use?.latency();
  if (!use || !latency) return;
  const { p50, p95, p99 } = latency;
  const { name, version } = use.model.manifest;
  const notes = [
    problem ?? "",
    use.standin ? "in place of the current version, which does not load" : "",
    use.waiting > 0 ? `${use.waiting} waiting` : "",
    use.givenUp > 0 ? `${use.givenUp} given up` : "",
    use.restarts > 0 ? `started anew ${countOf(use.restarts, "time")}` : "",
    metrics.counted("incomplete rows") > 0 ? countOf(metrics.counted("incomplete rows"), "incomplete row") : "",
  ].filter((note) => note !== "");
  const text = `${name} ${version}: p50 ${short(p50)}, p95 ${short(p95)}, p99 ${short(p99)} ms`;
  if (notes.length > 0) status.warn(`${text}; ${notes.join(", ")}`);
  else status.ok(text);
}

function short(ms: number): string {
  return ms < 10 ? ms.toPrecision(2) : ms.toFixed(0);
}
