import { isMissing } from "../../csv";
import { countOf } from "../../text/plural";
import { TrainingError } from "../data";
import type { TrainingJob } from "./contract";
import { named } from "./warnings";

const ZERO = /^[+-]?0+(?:[.,]0+)?$/;
const WORDS = ["false", "no", "normal", "nominal", "good", "ok", "healthy", "pass", "none"];
/** What is normal where nobody says so; the zero also as 0.0. */
export const USUALLY_NORMAL = ["0", ...WORDS].join(", ");

/** What a row's label says of it; nothing where the cell says that there is none. */
export type Known = "normal" | "anomaly" | undefined;

export interface NormalRows {
  of(label: string): Known;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** "1 in 800 rows, -1 in 12 rows" */
  readonly labels: string;
}

/**
 * Tells normal rows from known anomalies by their labels.
 * @throws TrainingError when a label that is said to be normal is not there
 */
export function normalRows(
  labels: readonly string[],
  { target, normal }: Pick<TrainingJob, "target" | "normal">,
): NormalRows {
  const said = new Set(normal.map(comparable));
  const of = (label: string): Known => {
    const text = comparable(label);
    const isNormal = said.size > 0 ? said.has(text) : ZERO.test(text) || WORDS.includes(text);
    if (isNormal) return "normal";
    return isMissing(label) ? undefined : "anomaly";
  };
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const all = [...counts].sort(([, a], [, b]) => b - a);
  const absent = normal.find((label) => !all.some(([own]) => comparable(own) === comparable(label)));
  if (absent !== undefined) {
    throw new TrainingError(`normal: no row of ${target} is "${absent}"; there are ${named(all.map(labelText))}`);
  }
  const namedOf = (kind: Known): string => named(all.filter(([label]) => of(label) === kind).map(labelText));
  const countOfKind = (kind: Known): number =>
    all.reduce((sum, [label, count]) => sum + (of(label) === kind ? count : 0), 0);
  const [normals, anomalies, unknown] = [countOfKind("normal"), countOfKind("anomaly"), countOfKind(undefined)];
  return {
    of,
    labels: named(all.map(labelText)),
    notes: [
      `${target}: normal is ${namedOf("normal") || "no row"}; known anomalies are ${namedOf("anomaly") || "none"}`,
      ...(unknown > 0 ? [`${countOf(unknown, "row")} without a label are neither learned from nor tested`] : []),
    ],
    warnings:
      anomalies > normals
        ? [
            `there are more known anomalies (${namedOf("anomaly")}) than normal rows (${namedOf("normal")}): if that is the wrong way round, say which label is normal`,
          ]
        : [],
  };
}

function labelText([label, count]: readonly [string, number]): string {
  return `${label} in ${countOf(count, "row")}`;
}

function comparable(label: string): string {
  return label.trim().toLowerCase();
}
