import type { Tensor } from "../inference/tensor";
import { type BoxForm, type BoxTable, boxTable } from "./box-table";
import type { ImageSize } from "./decode";
import type { Box } from "./motion";

export interface Detection {
  readonly label: string;
  /** 0 to 1. */
  readonly score: number;
  /** In percent of the image. */
  readonly box: Box;
}

export interface DetectionOptions {
  readonly labels: readonly string[];
  /** How the model gives its boxes; found out when it is not said. */
  readonly form?: BoxForm | "auto";
  /** Detections below this score are left out, 0 to 1. */
  readonly minScore: number;
  /** Of two boxes of one label that overlap by more, intersection over union, the one with the lower score is left out. */
  readonly overlap: number;
  /** The model's input. */
  readonly input: ImageSize;
  /** The image, which was fitted into the input with grey around it. */
  readonly image: ImageSize;
}

interface Candidate {
  readonly klass: number;
  readonly score: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Candidates that are compared with each other; a hostile or untrained model may give thousands. */
const MOST_CANDIDATES = 1000;
const MOST_DETECTIONS = 300;

/** Coordinates up to this, for boxes that stick out a little, are shares of the input; in pixels it would be no box at all. */
const MOST_SHARE = 1.5;

/**
 * Objects from the output of a detector of the YOLO family, in pixels of the input or in shares of it; the forms are those of
 * `BoxForm`. Overlapping boxes of one label are suppressed by the greedy rule (non-maximum suppression).
 * @throws ModelError when the output has another form
 */
export function detectionsOf(output: Tensor, options: DetectionOptions): Detection[] {
  const candidates = candidatesOf(output, options)
    .filter(({ score }) => score >= options.minScore)
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_CANDIDATES);
  const kept: Candidate[] = [];
  for (const candidate of candidates) {
    const hidden = kept.some((one) => one.klass === candidate.klass && overlapOf(one, candidate) > options.overlap);
    if (!hidden) kept.push(candidate);
    if (kept.length === MOST_DETECTIONS) break;
  }
  return kept.map((candidate) => ({
    label: options.labels[candidate.klass] ?? `class ${candidate.klass}`,
    score: candidate.score,
    box: boxOf(candidate, options),
  }));
}

function candidatesOf(output: Tensor, { labels, form = "auto", input }: DetectionOptions): Candidate[] {
  const table = boxTable(output, labels.length, form);
  const scale = isNormalised(table) ? input : { width: 1, height: 1 };
  return Array.from({ length: table.boxes }, (_, box) => {
    const at = (attribute: number): number => table.at(box, attribute);
    return scaled(table.form === "corners" ? ofCorners(at) : ofScores(at, table), scale);
  });
}

/** Shares of the input rather than its pixels. */
function isNormalised({ boxes, at }: BoxTable): boolean {
  for (let box = 0; box < boxes; box++) {
    for (let i = 0; i < 4; i++) if (at(box, i) > MOST_SHARE) return false;
  }
  return true;
}

function ofCorners(at: (attribute: number) => number): Candidate {
  return { left: at(0), top: at(1), right: at(2), bottom: at(3), score: scoreOf(at(4)), klass: Math.round(at(5)) };
}

function ofScores(at: (attribute: number) => number, { form, attributes }: BoxTable): Candidate {
  const scores = form === "classes" ? 4 : 5;
  let klass = 0;
  for (let i = 1; i < attributes - scores; i++) if (at(scores + i) > at(scores + klass)) klass = i;
  const score = scoreOf(at(scores + klass)) * (form === "objectness" ? scoreOf(at(4)) : 1);
  const [x, y, halfWidth, halfHeight] = [at(0), at(1), at(2) / 2, at(3) / 2];
  return { klass, score, left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
}

function scaled(one: Candidate, { width, height }: ImageSize): Candidate {
  return {
    ...one,
    left: one.left * width,
    right: one.right * width,
    top: one.top * height,
    bottom: one.bottom * height,
  };
}

/** NaN, from a broken model, is no score. */
function scoreOf(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0;
}

function overlapOf(a: Candidate, b: Candidate): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (!(width > 0 && height > 0)) return 0;
  const area = (one: Candidate): number => (one.right - one.left) * (one.bottom - one.top);
  return (width * height) / (area(a) + area(b) - width * height);
}

/** From the input's pixels to percent of the image, without the grey around it. */
function boxOf({ left, top, right, bottom }: Candidate, { input, image }: DetectionOptions): Box {
  const scale = Math.min(input.width / image.width, input.height / image.height);
  const [shownWidth, shownHeight] = [image.width * scale, image.height * scale];
  const across = (x: number): number => percent((x - (input.width - shownWidth) / 2) / shownWidth);
  const down = (y: number): number => percent((y - (input.height - shownHeight) / 2) / shownHeight);
  const [x, y] = [across(left), down(top)];
  return { left: x, top: y, width: tenth(across(right) - x), height: tenth(down(bottom) - y) };
}

function percent(share: number): number {
  return Number.isFinite(share) ? tenth(100 * Math.min(1, Math.max(0, share))) : 0;
}

function tenth(value: number): number {
  return Math.round(10 * value) / 10;
}
