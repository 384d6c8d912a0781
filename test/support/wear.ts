/** A life: values of a figure of wear, one an hour, up to the hour before it truly reaches its failure value. */
export interface SimulatedLife {
  readonly values: readonly number[];
  /** Hour of the true failure. */
  readonly failure: number;
  /** Hour from which it wears. */
  readonly begun: number;
}

export interface WearOptions {
  readonly shape: "linear" | "exponential";
  /** Errors of measurement, or of the path itself. */
  readonly errors: "independent" | "brownian";
  readonly healthy: number;
  /** Mean hours from the beginning of wear to failure; lives differ by a lognormal factor of this standard deviation. */
  readonly life: number;
  readonly differ: number;
  /** Standard deviation of an error; of the logarithm for exponential wear. */
  readonly noise: number;
}

/** Wear from 1 to a failure value of 10; `next` gives standard normal numbers. */
export function simulatedLife(next: () => number, options: WearOptions): SimulatedLife {
  const { shape, errors, healthy, noise } = options;
  const life = options.life * Math.exp(options.differ * next());
  const [from, to] = shape === "exponential" ? [0, Math.log(10)] : [1, 10];
  const values: number[] = [];
  let wandered = 0;
  for (let hour = 0; ; hour++) {
    const worn = Math.max(0, hour - healthy);
    if (errors === "brownian" && worn > 0) wandered += noise * next();
    const level = from + ((to - from) * worn) / life + wandered;
    if (level >= to) return { values, failure: hour, begun: healthy };
    // A measurement is never free of errors; where the path makes them, a fifth of them is the sensor's.
    const measured = level + (errors === "independent" ? noise : noise / 5) * next();
    values.push(shape === "exponential" ? Math.exp(measured) : measured);
  }
}
