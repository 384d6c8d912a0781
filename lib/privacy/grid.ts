/** Values between declared bounds as whole numbers of steps, which noise can be added to exactly. */
export class ValueGrid {
  /** Size of a step, in the values' unit. */
  readonly step: number;

  /**
   * @param steps over the whole range
   * @throws RangeError when the bounds are not two numbers, the low one below the high one
   */
  constructor(
    readonly low: number,
    readonly high: number,
    readonly steps: number,
  ) {
    checkBounds(low, high);
    this.step = (high - low) / steps;
  }

  /**
   * The sum of `count` values in steps above the low bound; values beyond a bound are moved to it.
   * @throws RangeError when there are not so many, or one is not a number
   */
  sumOf(values: ArrayLike<number>, count: number): number {
    if (values.length !== count) throw new RangeError(`expected ${count} values, got ${values.length}`);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.#stepsOf(values[i] as number);
    return sum;
  }

  /** The mean of `count` values with this sum. */
  meanOf(sum: number, count: number): number {
    return this.low + (this.step * sum) / count;
  }

  #stepsOf(value: number): number {
    if (Number.isNaN(value)) throw new RangeError("expected a number, got NaN");
    const clamped = Math.min(this.high, Math.max(this.low, value));
    return Math.min(this.steps, Math.round((clamped - this.low) / this.step));
  }
}

function checkBounds(low: number, high: number): void {
  if (!(Math.abs(low) <= 1e100 && Math.abs(high) <= 1e100)) {
    throw new RangeError(`bounds: expected numbers, got ${low} and ${high}`);
  }
  // So close together that the grid between them would be lost in the rounding of a double.
  if (!(high - low > Math.max(Math.abs(low), Math.abs(high)) * 1e-12)) {
    throw new RangeError(`bounds: expected a low bound below the high one, got ${low} and ${high}`);
  }
}
