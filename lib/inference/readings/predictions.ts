import { ModelError, type ModelManifest, type ModelOutput } from "../../model/contract";
import type { AnomalyVerdict, Prediction, Reading } from "../../reading/reading";
import { numbersOf, type Tensors } from "../tensor";
import { decisionOf } from "./classes";
import type { Sample } from "./device-input";

/** Most readings that one output becomes; longer vectors are for who asks by tensors. */
const MAX_VALUES = 64;
/** Most classes whose probability is told with a reading. */
const MAX_CLASSES = 20;

/** What of a sample goes into its predictions. */
export type Subject = Pick<Sample, "deviceId" | "timestamp" | "quality" | "historical">;

/**
 * The answers to one sample as readings of new sensors: one an output, its interval beside the value; of classifiers the class,
 * with probabilities; of vectors one reading a value.
 * @throws ModelError when the answers do not fit the manifest
 */
export function predictionsOf(manifest: ModelManifest, answers: Tensors, subject: Subject): Reading[] {
  const isClassifier =
    manifest.task === "classification" || manifest.outputs.some(({ role }) => role === "scores" || role === "label");
  return isClassifier ? [classReading(manifest, answers, subject)] : valueReadings(manifest, answers, subject);
}

function classReading(manifest: ModelManifest, answers: Tensors, subject: Subject): Reading {
  const decision = decisionOf(manifest, answers);
  const output = manifest.outputs.find(({ sensor }) => sensor !== undefined) ?? manifest.outputs[0];
  const reading = base(manifest, subject, sensorOf(output, "class"), "1");
  if ("answered" in decision) return unknown(reading, decision.answered);
  const { label, probabilities } = decision;
  const named = probabilities?.map((share, i) => [manifest.labels?.[i] ?? String(i), share] as const) ?? [];
  const likeliest = named.toSorted(([, a], [, b]) => b - a).slice(0, MAX_CLASSES);
  return {
    ...reading,
    value: label,
    prediction: {
      model: manifest.name,
      value: label,
      ...(likeliest.length > 0 ? { probabilities: Object.fromEntries(likeliest) } : {}),
    },
  };
}

function valueReadings(manifest: ModelManifest, answers: Tensors, subject: Subject): Reading[] {
  const { outputs } = manifest;
  const low = outputs.find(({ role }) => role === "low");
  const high = outputs.find(({ role }) => role === "high");
  const interval = { low: low && first(answers, low), high: high && first(answers, high) };
  return outputs
    .filter(({ role }) => role === undefined || role === "value")
    .flatMap((output) => {
      const values = valuesOf(answers, output);
      const sensor = sensorOf(output, output.name);
      if (values.length === 1) return [valueReading(manifest, subject, output, sensor, values[0] as number, interval)];
      return Array.from(values, (value, i) => valueReading(manifest, subject, output, `${sensor}.${i}`, value, {}));
    });
}

function valueReading(
  manifest: ModelManifest,
  subject: Subject,
  { unit = "1" }: ModelOutput,
  sensor: string,
  value: number,
  { low, high }: Pick<Prediction, "low" | "high">,
): Reading {
  const reading = base(manifest, subject, sensor, unit);
  if (!Number.isFinite(value)) return unknown(reading, value);
  const { task, metrics } = manifest;
  const threshold = task === "anomaly" ? metrics?.threshold : undefined;
  const verdict = threshold === undefined ? {} : { anomaly: verdictOf(manifest.name, value, threshold) };
  const ends = { ...(Number.isFinite(low) ? { low } : {}), ...(Number.isFinite(high) ? { high } : {}) };
  return { ...reading, ...verdict, value, prediction: { model: manifest.name, value, ...ends, unit } };
}

function unknown(reading: Omit<Reading, "value">, answered: number): Reading {
  const metadata = { ...reading.metadata, reason: `the model answered ${answered}` };
  return { ...reading, value: null, quality: "bad", metadata };
}

/** What training found to be rare among normal rows is an anomaly. */
function verdictOf(detector: string, score: number, threshold: number): AnomalyVerdict {
  return { detector, isAnomaly: score > threshold, score };
}

function base({ version }: ModelManifest, subject: Subject, sensor: string, unit: string): Omit<Reading, "value"> {
  const { deviceId, timestamp, quality, historical } = subject;
  const metadata = { modelVersion: version };
  return { deviceId, sensor, unit, timestamp, quality, metadata, ...(historical ? { historical } : {}) };
}

/** Names in models may hold what a sensor's may not. */
function sensorOf(output: ModelOutput | undefined, otherwise: string): string {
  return output?.sensor ?? otherwise.replace(/[^A-Za-z0-9._-]+/g, "_");
}

function first(answers: Tensors, output: ModelOutput): number | undefined {
  return valuesOf(answers, output)[0];
}

function valuesOf(answers: Tensors, { name }: ModelOutput): Float64Array {
  const tensor = answers.get(name);
  if (!tensor) throw new ModelError(`the model gave no output "${name}"`);
  if (tensor.data.length <= MAX_VALUES) return numbersOf(tensor.data);
  throw new ModelError(
    `output "${name}" has ${tensor.data.length} values for a sample, more than the ${MAX_VALUES} that become readings: ` +
      "send tensors instead, and get them back",
  );
}
