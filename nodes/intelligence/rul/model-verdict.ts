import type { ConfigOf } from "../../../kit";
import { ModelError, type ModelManifest, type ModelTask } from "../../../lib/model/contract";
import type { Prediction, Reading } from "../../../lib/reading";
import type { LifeClaim } from "../../../lib/rul";
import type { schema } from "./schema";

/**
 * Models tell lives apart up to a longest one, the cap: an answer near it means "at least that", and so does the upper end of
 * an interval.
 */
const HEALTHY_SHARE = 0.9;
const OPEN_SHARE = 0.99;
/** Hours in a unit of time, by its UCUM code: months and years are the mean ones of the Julian calendar. */
const HOURS: ReadonlyMap<string, number> = new Map([
  ["ms", 1 / 3_600_000],
  ["s", 1 / 3600],
  ["min", 1 / 60],
  ["h", 1],
  ["d", 24],
  ["wk", 168],
  ["mo", 730.5],
  ["mo_j", 730.5],
  ["a", 8766],
  ["a_j", 8766],
]);
const TASKS: readonly ModelTask[] = ["rul", "regression", "raw"];

type Config = Pick<ConfigOf<typeof schema>, "modelHours">;

/** @throws ModelError when the model is made for something else than remaining life */
export function checkTask({ name, task }: ModelManifest): void {
  if (TASKS.includes(task)) return;
  throw new ModelError(`model ${name} is of the task ${task}: remaining life needs one of the task rul or regression`);
}

/**
 * What a model's answer says of the remaining life.
 * @param predictions of one sample
 * @throws ModelError when they are no remaining life
 */
export function verdictOf(manifest: ModelManifest, predictions: readonly Reading[], config: Config): LifeClaim {
  const { value, unit, prediction } = lifeOf(manifest, predictions);
  const cap = manifest.metrics?.cap ?? Number.POSITIVE_INFINITY;
  if (value >= HEALTHY_SHARE * cap) return { phase: "healthy" };
  const factor = hoursOf(manifest, unit, config);
  const hours = Math.max(0, value * factor);
  const { low, high } = prediction ?? {};
  // Ends and middle are foretold apart from each other, and may disagree by a little.
  const life = {
    hours,
    ...(low !== undefined && { low: Math.max(0, Math.min(hours, low * factor)) }),
    ...(high !== undefined && high < OPEN_SHARE * cap && { high: Math.max(hours, high * factor) }),
  };
  return { phase: "predicted", life };
}

interface Answer {
  readonly value: number;
  readonly unit: string;
  readonly prediction?: Prediction | undefined;
}

/** The only answer, or the one that is called remaining life among several. */
function lifeOf({ name }: ModelManifest, predictions: readonly Reading[]): Answer {
  const only = predictions.length === 1 ? predictions[0] : predictions.find(({ sensor }) => sensor === "rul");
  if (!only) {
    throw new ModelError(`model ${name} answers with ${predictions.length} numbers, none of which is called rul`);
  }
  const { value, unit, prediction } = only;
  if (typeof value === "number") return { value, unit, prediction };
  const reason = only.metadata?.reason ?? `got ${JSON.stringify(value)}`;
  throw new ModelError(`model ${name} answers with no number: remaining life needs a model that does (${reason})`);
}

/** Units in braces only say what is counted, as "1" does: cycles and the like. */
function hoursOf({ name }: ModelManifest, unit: string, { modelHours }: Config): number {
  const hours = unit === "1" || unit === "" || /^\{[^}]*\}$/.test(unit) ? modelHours : HOURS.get(unit);
  if (hours !== undefined) return hours;
  const known = [...HOURS.keys()].filter((code) => !code.endsWith("_j")).join(", ");
  throw new ModelError(
    `model ${name} answers in ${unit}, which is no unit of time: expected ${known}, or 1 for counts`,
  );
}
