import { ConfigError, type NodeContext } from "../../../kit";
import type { Tensor } from "../../../lib/inference";
import type { Reading } from "../../../lib/reading";
import {
  classesOf,
  type Detection,
  detectionsOf,
  type ImageDecoder,
  imageInput,
  imageTensor,
} from "../../../lib/vision";
import type { ModelsNodeService } from "../models/service";
import { ModelLink } from "../predict/model-link";
import type { schema } from "./schema";

/** What a model saw: readings without device and time, and objects for a detector. */
export interface Recognised {
  readonly readings: readonly Pick<Reading, "sensor" | "value" | "unit" | "prediction">[];
  readonly detections?: readonly Detection[];
}

const MOST_CLASSES = 5;

/** Labels of a camera whose counts go back to 0 when nothing of the kind is seen any more. */
const MOST_LABELS = 100;

/** The model's part of the node. */
export class Recognition {
  readonly #link: ModelLink;
  readonly #seen = new Map<string, Set<string>>();

  /** @throws ConfigError when the models cannot be used */
  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly decoder: ImageDecoder,
  ) {
    const service = context.use<ModelsNodeService>("models");
    // A camera sends on: of what the model cannot keep up with, only the newest image is worth looking at.
    this.#link = new ModelLink(context, service, context.config.model, { policy: "latest", capacity: 100 }, () => {});
  }

  start(): Promise<void> {
    return this.#link.start();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /**
   * @returns undefined when a newer image of the device took its place
   * @throws Error when there is no model, or it does not fit; what running it throws
   */
  async of(bytes: Uint8Array, deviceId: string): Promise<Recognised | undefined> {
    const { config } = this.context;
    const { use } = this.#link;
    const { manifest } = use.model;
    const input = imageInput(manifest.inputs);
    const fit = config.task === "detector" ? "contain" : "cover";
    const pixels = await this.decoder.resized(bytes, input, input.channels, fit);
    const inputs = new Map([[input.name, imageTensor(pixels, input, config.scale)]]);
    const outputs = await use.run({ inputs, key: deviceId });
    if (!outputs) return undefined;
    const [wanted] = manifest.outputs;
    const output = wanted && outputs.get(wanted.name);
    if (!output) throw new ConfigError(`model ${manifest.name} gave no output`);
    const labels = manifest.labels ?? [];
    if (config.task === "classifier") return this.#classified(output, labels, manifest.name);
    const image = await this.decoder.size(bytes);
    const { minScore, overlap, report, boxes: form } = config;
    const all = detectionsOf(output, { labels, form, minScore, overlap, input, image });
    const detections = report.length === 0 ? all : all.filter(({ label }) => report.includes(label));
    return { detections, readings: this.#counts(detections, deviceId) };
  }

  #classified(output: Tensor, labels: readonly string[], model: string): Recognised {
    const classes = classesOf(output, labels, MOST_CLASSES);
    const [best] = classes;
    if (!best || best.score < this.context.config.minScore) return { readings: [] };
    const probabilities = Object.fromEntries(classes.map(({ label, score }) => [label, score]));
    const prediction = { model, value: best.label, probabilities };
    return { readings: [{ sensor: "class", value: best.label, unit: "1", prediction }] };
  }

  #counts(detections: readonly Detection[], deviceId: string): Recognised["readings"] {
    const labels = this.#labelsOf(deviceId);
    for (const { label } of detections) if (labels.size < MOST_LABELS) labels.add(label);
    const counts = [...labels].map((label) => ({
      sensor: `objects.${sensorPart(label)}`,
      value: detections.filter((one) => one.label === label).length,
      unit: "1",
    }));
    return [{ sensor: "objects", value: detections.length, unit: "1" }, ...counts];
  }

  #labelsOf(deviceId: string): Set<string> {
    const known = this.#seen.get(deviceId) ?? new Set(this.context.config.report);
    if (!this.#seen.has(deviceId) && this.#seen.size < MOST_LABELS) this.#seen.set(deviceId, known);
    return known;
  }
}

/** Labels come with a model: what a sensor's name cannot hold becomes _. */
function sensorPart(label: string): string {
  return label.replace(/[^\w.-]+/g, "_").slice(0, 64);
}
