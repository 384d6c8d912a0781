/** The value when it is a whole number from `min` to `max`. @throws RangeError naming the option and what was expected */
export function integerWithin(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name}: expected a whole number from ${min} to ${max}, got ${value}`);
}

/** The value when it lies from `min` to `max`. @throws RangeError naming the option and what was expected */
export function numberWithin(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new RangeError(`${name}: expected a number from ${min} to ${max}, got ${value}`);
}

/** The value when it is above 0, and not so large that products with it overflow. @throws RangeError otherwise */
export function positiveNumber(name: string, value: number): number {
  if (value > 0 && value <= 1e100) return value;
  throw new RangeError(`${name}: expected a number above 0, got ${value}`);
}
