import { numbersOf, type Tensor } from "../inference/tensor";
import { ModelError } from "../model/contract";
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

/**
 * Objects from the output of a detector of the YOLO family, in the input's pixels:
 * - [1, 4 + classes, boxes] (v8, v9, 11) or its transpose: centre x and y, width, height, a score a class;
 * - [1, boxes, 5 + classes] (v5, v7) or its transpose: the same with a score of there being an object before those of the classes;
 * - [1, boxes, 6] (v10, 26, and exports with suppression built in): left, top, right, bottom, score, class.
 *
 * Which one it is follows from the number of labels; without labels the first is taken. Overlapping boxes of one
 * label are suppressed by the greedy rule (non-maximum suppression).
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

type Form = "classes" | "objectness" | "corners";

function candidatesOf({ shape, data }: Tensor, { labels }: DetectionOptions): Candidate[] {
  const [first, rows, columns] = shape.length === 3 ? shape : [0, 0, 0];
  const refused = (): ModelError =>
    new ModelError(
      `expected a detector's output [1, ${labels.length > 0 ? 4 + labels.length : "4 + classes"}, boxes], got [${shape.join(", ")}]`,
    );
  if (first !== 1 || !rows || !columns) throw refused();
  const wanted = [4 + labels.length, 5 + labels.length, 6];
  const isAttributes = (size: number): boolean => (labels.length > 0 ? wanted.includes(size) : size >= 5);
  // Boxes are many, attributes few: the smaller side is taken first where both would do.
  const sides = rows <= columns ? ([rows, columns] as const) : ([columns, rows] as const);
  const attributes = sides.find(isAttributes);
  if (attributes === undefined) throw refused();
  const boxes = (rows * columns) / attributes;
  const boxAfterBox = attributes === columns;
  const values = numbersOf(data);
  const at = (box: number, attribute: number): number =>
    values[boxAfterBox ? box * attributes + attribute : attribute * boxes + box] as number;
  const form = formOf(attributes, labels.length);
  return Array.from({ length: boxes }, (_, box) => candidate((attribute) => at(box, attribute), attributes, form));
}

function formOf(attributes: number, labels: number): Form {
  if (labels === 0 || attributes === 4 + labels) return "classes";
  return attributes === 5 + labels ? "objectness" : "corners";
}

function candidate(at: (attribute: number) => number, attributes: number, form: Form): Candidate {
  if (form === "corners") {
    return { left: at(0), top: at(1), right: at(2), bottom: at(3), score: scoreOf(at(4)), klass: Math.round(at(5)) };
  }
  const scores = form === "classes" ? 4 : 5;
  let klass = 0;
  for (let i = 1; i < attributes - scores; i++) if (at(scores + i) > at(scores + klass)) klass = i;
  const score = scoreOf(at(scores + klass)) * (form === "objectness" ? scoreOf(at(4)) : 1);
  const [x, y, halfWidth, halfHeight] = [at(0), at(1), at(2) / 2, at(3) / 2];
  return { klass, score, left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
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
