/** Signals that more than one test looks at. */

/** Two tones and a saw that repeats every 101 samples: sin(0.7 n) + 0.5 cos(0.13 n) + 0.1 ((7919 n) mod 101) / 101. */
export function mixture(length: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, n) => Math.sin(0.7 * n) + 0.5 * Math.cos(0.13 * n) + (0.1 * ((n * 7919) % 101)) / 101,
  );
}

/** A sine of an amplitude and a frequency, sampled at a rate. */
export function sine(length: number, rateHz: number, frequency: number, amplitude = 1, phase = 0.3): Float64Array {
  return Float64Array.from({ length }, (_, n) => amplitude * Math.sin((2 * Math.PI * frequency * n) / rateHz + phase));
}
