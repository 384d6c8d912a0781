import { SavedState, StateError } from "../numeric/state";
import { checkReading, type NumericReading, type Reading } from "../reading";
import { type Stage, withValue } from "./filter";

/**
 * Weights that give, as their product with `points` equally spaced values, the least-squares polynomial through these
 * values at the position `at` (Savitzky and Golay 1964, Anal. Chem. 36:1627; at the end points: Gorry 1990, Anal. Chem.
 * 62:570). Computed from orthonormal polynomials on the points, which stays exact for windows of a thousand.
 * @param points how many values, at least 1
 * @param degree of the polynomial; lowered to points - 1 where there are too few values
 * @param at position from 0 (oldest) to points - 1 (newest)
 */
export function savitzkyGolayWeights(points: number, degree: number, at: number): Float64Array {
  const weights = new Float64Array(points);
  const basis: Float64Array[] = [];
  for (let power = 0; power <= Math.min(degree, points - 1); power++) {
    const polynomial = nextPolynomial(basis, points);
    basis.push(polynomial);
    const there = polynomial[at] as number;
    for (let i = 0; i < points; i++) weights[i] = (weights[i] as number) + there * (polynomial[i] as number);
  }
  return weights;
}

/** The polynomial of the next degree, orthogonal to the others: x times the last one, minus its shadow on each of them. */
function nextPolynomial(basis: readonly Float64Array[], points: number): Float64Array {
  const last = basis.at(-1);
  const polynomial = Float64Array.from({ length: points }, (_, i) =>
    last ? (last[i] as number) * place(i, points) : 1,
  );
  // Twice, because one pass leaves rounding of the first behind.
  for (let pass = 0; pass < 2; pass++) for (const other of basis) subtractShadow(polynomial, other);
  const norm = Math.sqrt(polynomial.reduce((sum, value) => sum + value * value, 0));
  return polynomial.map((value) => value / norm);
}

function subtractShadow(polynomial: Float64Array, other: Float64Array): void {
  const shadow = polynomial.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
  for (let i = 0; i < polynomial.length; i++) polynomial[i] = (polynomial[i] as number) - shadow * (other[i] as number);
}

/** Position of a point on the interval from -1 to 1. */
function place(i: number, points: number): number {
  return points === 1 ? 0 : (2 * i) / (points - 1) - 1;
}

export interface SavitzkyGolayDesign {
  /** Values in the window; odd. */
  readonly window: number;
  readonly degree: number;
  /** The reading that is smoothed: the newest, without delay, or the one in the centre, which comes half a window late. */
  readonly position: "newest" | "centre";
  readonly weights: Float64Array;
}

/** @throws RangeError when the number of points is even or no larger than the degree */
export function designSavitzkyGolay(options: Omit<SavitzkyGolayDesign, "weights">): SavitzkyGolayDesign {
  const { window, degree, position } = options;
  if (!Number.isInteger(window) || window % 2 === 0)
    throw new RangeError(`points: expected an odd number, got ${window}`);
  if (!Number.isInteger(degree) || degree < 0 || degree >= window) {
    throw new RangeError(`degree: expected 0 to ${window - 1} for ${window} points, got ${degree}`);
  }
  const at = position === "newest" ? window - 1 : (window - 1) / 2;
  return { ...options, weights: savitzkyGolayWeights(window, degree, at) };
}

/**
 * Savitzky-Golay smoothing: the value of the polynomial fitted to the window. `newest` is causal: it smooths the newest
 * reading at once, and at the start it fits the few there are. `centre` is quieter and keeps peaks in their place, and
 * delays every reading by half a window; the first and the last half window are read off the polynomial through the
 * first or last full one, so that each reading comes out once, with its own timestamp. Readings count as equally spaced.
 */
export class SavitzkyGolay implements Stage {
  #values: number[] = [];
  #held: Reading[] = [];
  readonly #half: number;

  constructor(private readonly design: SavitzkyGolayDesign) {
    this.#half = (design.window - 1) / 2;
  }

  accept(reading: NumericReading, out: Reading[]): void {
    const { window, position } = this.design;
    this.#values.push(reading.value);
    if (this.#values.length > window) this.#values.shift();
    if (position === "newest") out.push(withValue(reading, this.#newest()));
    else this.#acceptCentred(reading, out);
  }

  #newest(): number {
    const count = this.#values.length;
    const full = count === this.design.window;
    return this.#fit(full ? this.design.weights : savitzkyGolayWeights(count, this.design.degree, count - 1));
  }

  #acceptCentred(reading: Reading, out: Reading[]): void {
    this.#held.push(reading);
    const { window, weights, degree } = this.design;
    if (this.#values.length < window) return;
    if (this.#held.length === window) {
      for (let at = 0; at < this.#half; at++) this.#release(savitzkyGolayWeights(window, degree, at), out);
    }
    this.#release(weights, out);
  }

  #release(weights: Float64Array, out: Reading[]): void {
    const oldest = this.#held.shift();
    if (oldest) out.push(withValue(oldest, this.#fit(weights)));
  }

  /** The weights add up to 1, so the newest value can be taken off first: large offsets then cost no digits. */
  #fit(weights: Float64Array): number {
    const values = this.#values;
    const offset = values[values.length - 1] as number;
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += (weights[i] as number) * ((values[i] as number) - offset);
    return offset + sum;
  }

  reset(out: Reading[]): void {
    const count = this.#values.length;
    for (let at = count - this.#held.length; this.#held.length > 0; at++) {
      this.#release(savitzkyGolayWeights(count, this.design.degree, at), out);
    }
    this.#values = [];
  }

  snapshot(): unknown {
    return { values: [...this.#values], held: [...this.#held] };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const values = saved.numbers("values", this.design.window);
    const held = saved.list("held", values.length).map((reading) => savedReading(reading));
    this.#values = [...values];
    this.#held = held;
  }
}

function savedReading(reading: unknown): Reading {
  try {
    return checkReading(reading, 0, "held");
  } catch (error) {
    throw new StateError(error instanceof Error ? error.message : String(error));
  }
}
