import { numbersOf, type Tensor } from "../inference/tensor";
import { ModelError } from "../model/contract";

/** What the numbers of a box are. */
export type BoxForm =
  /** Centre x and y, width, height, a score a class: YOLO v8, v9, 11; RT-DETR. */
  | "classes"
  /** The same with a score of there being an object before those of the classes: YOLO v5, v7. */
  | "objectness"
  /** Left, top, right, bottom, score, class: YOLO v10, 26, and exports with suppression built in. */
  | "corners";

/** A detector's output, box by box. */
export interface BoxTable {
  readonly form: BoxForm;
  readonly boxes: number;
  readonly attributes: number;
  at(box: number, attribute: number): number;
}

const CORNERS = 6;

/** Most boxes of an output with suppression built in; others have thousands. */
const MOST_CORNERS = 1000;

/**
 * Reads a detector's output [1, attributes, boxes] or [1, boxes, attributes].
 * @param labels how many there are; 0 when they are not known
 * @param form "auto" goes by the number of labels, and where that leaves a choice by the values: a table of six columns
 * holds corners when every class is a whole number and every right and bottom is beyond its left and top
 * @throws ModelError when the output has another form
 */
export function boxTable({ shape, data }: Tensor, labels: number, form: BoxForm | "auto"): BoxTable {
  const [rows, columns] = shape.length === 3 && shape[0] === 1 ? [shape[1] ?? 0, shape[2] ?? 0] : [0, 0];
  const values = numbersOf(data);
  if (columns === CORNERS && (form === "corners" || (form === "auto" && (rows === 0 || holdsCorners(values, rows))))) {
    return { form: "corners", boxes: rows, attributes: CORNERS, at: (box, i) => values[box * CORNERS + i] as number };
  }
  // Boxes are many, attributes few: the smaller side is taken first where both would do.
  const sides = rows <= columns ? [rows, columns] : [columns, rows];
  const attributes = sides.find((size) => isWidth(size, labels, form));
  if (!rows || !columns || attributes === undefined) throw refused(shape, labels, form);
  const boxes = (rows * columns) / attributes;
  const at =
    attributes === columns
      ? (box: number, i: number) => values[box * attributes + i] as number
      : (box: number, i: number) => values[i * boxes + box] as number;
  return { form: form === "auto" ? formOf(attributes, labels) : form, boxes, attributes, at };
}

function holdsCorners(values: ArrayLike<number>, rows: number): boolean {
  if (rows > MOST_CORNERS) return false;
  for (let i = 0; i < rows * CORNERS; i += CORNERS) {
    const at = (attribute: number): number => values[i + attribute] as number;
    if (!(at(2) >= at(0) && at(3) >= at(1) && at(5) >= 0 && Number.isInteger(at(5)))) return false;
  }
  return true;
}

function isWidth(size: number, labels: number, form: BoxForm | "auto"): boolean {
  if (form === "corners") return size === CORNERS;
  const least = form === "objectness" ? 6 : 5;
  if (labels === 0) return size >= least;
  if (form !== "auto") return size === least - 1 + labels;
  return size === 4 + labels || size === 5 + labels || size === CORNERS;
}

function formOf(attributes: number, labels: number): BoxForm {
  if (labels === 0 || attributes === 4 + labels) return "classes";
  return attributes === 5 + labels ? "objectness" : "corners";
}

function refused(shape: readonly number[], labels: number, form: BoxForm | "auto"): ModelError {
  const before = form === "objectness" ? 5 : 4;
  const wanted = labels > 0 ? before + labels : `${before} + classes`;
  const expected = form === "corners" ? "[1, boxes, 6]" : `[1, ${wanted}, boxes]`;
  return new ModelError(`expected a detector's output ${expected}, got [${shape.join(", ")}]`);
}
