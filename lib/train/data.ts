/** Samples by features, row after row; NaN where a value is missing. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** What a model is fitted on: one target and one weight a row. */
export interface Samples {
  readonly features: Matrix;
  /** Values of a regression; 0 or 1 for the logistic loss; class numbers from 0 for softmax. */
  readonly target: Float64Array;
  /** 0 and more; all 1 when missing. */
  readonly weights?: Float64Array;
}

/** How a fit goes on, for progress bars. */
export interface TrainingProgress {
  /** From 0 to 1; early stopping may end it sooner. */
  readonly done: number;
  readonly round: number;
  /** Of the loss in training, and of the validation samples when there are any. */
  readonly trainingLoss: number;
  readonly validationLoss?: number;
}

/** What surrounds a fit. Fits yield to the event loop several times a second, so that a signal is seen. */
export interface TrainingControl {
  /** Samples that early stopping watches. */
  readonly validation?: Samples;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
}

/** Samples that cannot be trained on. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
}

/** A matrix of rows that are arrays. @throws TrainingError when they differ in length */
export function matrixOf(rows: readonly ArrayLike<number>[]): Matrix {
  const columns = rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * columns);
  rows.forEach((row, r) => {
    if (row.length !== columns) {
      throw new TrainingError(`row ${r + 1}: expected ${columns} features as in the first row, got ${row.length}`);
    }
    values.set(row, r * columns);
  });
  return { rows: rows.length, columns, values };
}

/** The rows at the given places, in that order. */
export function rowsAt(matrix: Matrix, places: ArrayLike<number>): Matrix {
  const { columns } = matrix;
  const values = new Float64Array(places.length * columns);
  for (let i = 0; i < places.length; i++) {
    const from = places[i]! * columns;
    values.set(matrix.values.subarray(from, from + columns), i * columns);
  }
  return { rows: places.length, columns, values };
}

/** The samples at the given places, in that order. */
export function samplesAt(samples: Samples, places: ArrayLike<number>): Samples {
  const pick = (all: Float64Array): Float64Array => Float64Array.from(places, (place) => all[place]!);
  const { features, target, weights } = samples;
  return {
    features: rowsAt(features, places),
    target: pick(target),
    ...(weights === undefined ? {} : { weights: pick(weights) }),
  };
}

const MAX_COLUMNS = 32_767;

/** @throws TrainingError naming what does not fit together, or the first value that is not a number */
export function checkSamples({ features, target, weights }: Samples): void {
  const { rows, columns, values } = features;
  if (rows < 2) throw new TrainingError(`expected at least two rows to train on, got ${rows}`);
  if (columns < 1 || columns > MAX_COLUMNS) {
    throw new TrainingError(`expected 1 to ${MAX_COLUMNS} features, got ${columns}`);
  }
  if (values.length !== rows * columns) {
    throw new TrainingError(`expected ${rows} x ${columns} values, got ${values.length}`);
  }
  if (target.length !== rows)
    throw new TrainingError(`expected one target a row, got ${target.length} for ${rows} rows`);
  requireEach(target, "target", (value) => Number.isFinite(value), "a finite number");
  const infinite = values.findIndex(
    (value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY,
  );
  if (infinite >= 0) {
    const place = `row ${Math.floor(infinite / columns) + 1}, feature ${(infinite % columns) + 1}`;
    throw new TrainingError(`${place}: expected a finite number, or NaN for a missing one, got ${values[infinite]}`);
  }
  if (weights === undefined) return;
  if (weights.length !== rows)
    throw new TrainingError(`expected one weight a row, got ${weights.length} for ${rows} rows`);
  requireEach(weights, "weight", (value) => value >= 0 && value < 1e100, "0 or more");
  if (!weights.some((weight) => weight > 0)) throw new TrainingError("expected a weight above 0 for at least one row");
}

function requireEach(values: Float64Array, what: string, fits: (value: number) => boolean, expected: string): void {
  const wrong = values.findIndex((value) => !fits(value));
  if (wrong >= 0)
    throw new TrainingError(`row ${wrong + 1}: expected a ${what} that is ${expected}, got ${values[wrong]}`);
}
