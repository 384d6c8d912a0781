import type { TrainingReport } from "../contract";
import { type Box, bar, dots, line, shortly, text, ticks } from "./svg";

/** Long names are cut: their beginnings tell the sensors apart. */
const LONGEST_NAME = 28;
const LABEL_HEIGHT = 22;

function titled(box: Box, title: string): string {
  return text(box.x, box.y - 14, title, { style: "h" });
}

/** Predicted against true values; points on the line are right. */
export function predictedAgainstTrue(box: Box, { points, unit }: TrainingReport): string {
  const values = points.flatMap(({ truth, predicted }) => [truth, predicted]);
  const low = Math.min(...values, 0);
  const high = Math.max(...values, low + 1e-9);
  const at = (value: number): number => (value - low) / (high - low);
  const x = (value: number): number => box.x + at(value) * box.width;
  const y = (value: number): number => box.y + (1 - at(value)) * box.height;
  const marks = ticks(low, high);
  const grid = marks.flatMap((tick) => [
    line(x(tick), box.y, x(tick), box.y + box.height, "g"),
    line(box.x, y(tick), box.x + box.width, y(tick), "g"),
    text(x(tick), box.y + box.height + 16, shortly(tick), { anchor: "middle", style: "s" }),
    text(box.x - 6, y(tick) + 4, shortly(tick), { anchor: "end", style: "s" }),
  ]);
  const intervals = points
    .filter(({ low: from, high: to }) => from !== undefined && to !== undefined)
    .map(({ truth, low: from = 0, high: to = 0 }) => line(x(truth), y(from), x(truth), y(to), "i"));
  return [
    titled(box, `Predicted against true remaining life, ${unit}`),
    ...grid,
    ...intervals.filter((_, i) => i % Math.ceil(intervals.length / 300) === 0),
    line(x(low), y(low), x(high), y(high), "d"),
    dots(
      points.map(({ truth, predicted }) => [x(truth), y(predicted)]),
      "p",
    ),
    text(box.x + box.width / 2, box.y + box.height + 34, "true", { anchor: "middle", style: "s" }),
    text(box.x + 6, box.y + 14, "predicted, with 90 % interval", { style: "s" }),
  ].join("");
}

/** How often each class was taken for each. */
export function confusionMatrix(box: Box, { labels = [], confusion = [] }: TrainingReport): string {
  const count = labels.length;
  const left = 90;
  const cell = Math.min((box.width - left) / count, (box.height - LABEL_HEIGHT) / count);
  const parts = confusion.flatMap((row, i) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    return row.flatMap((value, j) => {
      const x = box.x + left + j * cell;
      const y = box.y + LABEL_HEIGHT + i * cell;
      const share = total > 0 ? value / total : 0;
      const title = `${labels[i]} taken for ${labels[j]}: ${value}`;
      const cellBox = { x: x + 1, y: y + 1, width: cell - 2, height: cell - 2 };
      const shape = bar(cellBox, i === j ? "ok" : "bad", title, 0.08 + 0.72 * share);
      if (cell < 26) return [shape];
      return [shape, text(x + cell / 2, y + cell / 2 + 4, String(value), { anchor: "middle" })];
    });
  });
  const every = Math.ceil(14 / cell);
  const names = labels.flatMap((label, i) => {
    if (i % every !== 0) return [];
    const at = i * cell + cell / 2;
    const short = cut(label, 12);
    return [
      text(box.x + left - 6, box.y + LABEL_HEIGHT + at + 4, short, { anchor: "end", style: "s" }),
      cell >= 40
        ? text(box.x + left + at, box.y + LABEL_HEIGHT - 6, cut(label, Math.floor(cell / 7)), {
            anchor: "middle",
            style: "s",
          })
        : "",
    ];
  });
  return [titled(box, "True class (rows), predicted class (columns)"), ...parts, ...names].join("");
}

const BINS = 40;
/** Scores beyond are drawn as if they were that: hardly a normal row is. */
const HIGHEST_SCORE = 8;

/** How many normal rows, and anomalies, have which score. */
export function scoreHistogram(box: Box, { points, metrics: { threshold = 2 } }: TrainingReport): string {
  const highest = Math.min(
    HIGHEST_SCORE,
    points.reduce((top, { predicted }) => Math.max(top, predicted), 2 * threshold),
  );
  const at = (score: number): number => Math.max(0, Math.min(1, score / highest));
  const count = (truth: number): number[] => {
    const bins = new Array<number>(BINS).fill(0);
    const own = points.filter((point) => point.truth === truth);
    for (const { predicted } of own) bins[Math.min(BINS - 1, Math.floor(at(predicted) * BINS))]! += 1;
    return bins.map((value) => value / Math.max(1, own.length));
  };
  const [normal, anomalies] = [count(0), count(1)];
  const top = Math.max(...normal, ...anomalies, 1e-9);
  const width = box.width / BINS;
  const bars = (bins: readonly number[], style: string): string[] =>
    bins.map((share, i) => {
      const height = (share / top) * box.height;
      return bar(
        { x: box.x + i * width, y: box.y + box.height - height, width: width - 1, height },
        style,
        shortly(share),
        0.7,
      );
    });
  const limit = box.x + at(threshold) * box.width;
  return [
    titled(box, "Score (-log10 p) of rows that were not trained on"),
    ...bars(normal, "ok"),
    ...bars(anomalies, "bad"),
    line(box.x, box.y + box.height, box.x + box.width, box.y + box.height, "a"),
    line(limit, box.y, limit, box.y + box.height, "d"),
    text(limit + 4, box.y + 12, `threshold ${shortly(threshold)}`, { style: "s" }),
    ...ticks(0, highest).map((tick) =>
      text(box.x + at(tick) * box.width, box.y + box.height + 16, shortly(tick), { anchor: "middle", style: "s" }),
    ),
    text(
      box.x + box.width / 2,
      box.y + box.height + 34,
      "normal: blue, anomalies: orange; at the right end with all beyond",
      {
        anchor: "middle",
        style: "s",
      },
    ),
  ].join("");
}

/** One figure of each fold. */
export function figureByFold(box: Box, { folds, unit }: TrainingReport, figure: string, title: string): string {
  if (folds.length === 0) return [titled(box, title), text(box.x, box.y + 20, "not tested", { style: "s" })].join("");
  const values = folds.map(({ metrics }) => metrics[figure] ?? 0);
  const top = Math.max(...values, 1e-9);
  const width = Math.min(44, box.width / folds.length);
  const parts = values.flatMap((value, i) => {
    const height = (value / top) * (box.height - 18);
    const x = box.x + i * width;
    const y = box.y + box.height - height;
    return [
      bar(
        { x: x + 3, y, width: width - 6, height },
        "b",
        `fold ${i + 1}: ${shortly(value)} ${unit === "1" ? "" : unit}`,
      ),
      folds.length <= 10 ? text(x + width / 2, y - 5, shortly(value), { anchor: "middle", style: "s" }) : "",
      folds.length <= 20
        ? text(x + width / 2, box.y + box.height + 16, String(i + 1), { anchor: "middle", style: "s" })
        : "",
    ];
  });
  return [
    titled(box, title),
    ...parts,
    line(box.x, box.y + box.height, box.x + box.width, box.y + box.height, "a"),
  ].join("");
}

/** The inputs that matter most. */
export function importanceBars(box: Box, { importances }: TrainingReport): string {
  if (importances.length === 0) {
    return [
      titled(box, "Importance of inputs"),
      text(box.x, box.y + 20, "networks alone do not tell", { style: "s" }),
    ].join("");
  }
  const shown = importances.slice(0, Math.floor(box.height / 18));
  const top = shown[0]?.share ?? 1;
  const left = 190;
  const bars = shown.flatMap(({ input, share }, i) => {
    const y = box.y + i * 18;
    const width = (share / top) * (box.width - left - 44);
    return [
      text(box.x + left - 8, y + 12, cut(input, LONGEST_NAME), { anchor: "end", style: "s" }),
      bar({ x: box.x + left, y: y + 2, width, height: 12 }, "b", `${input}: ${shortly(100 * share)} %`),
      text(box.x + left + width + 5, y + 12, `${shortly(100 * share)} %`, { style: "s" }),
    ];
  });
  return [titled(box, "Importance of inputs (share of the trees' gain)"), ...bars].join("");
}

function cut(name: string, length: number): string {
  return name.length > length ? `${name.slice(0, Math.max(1, length - 1))}…` : name;
}
