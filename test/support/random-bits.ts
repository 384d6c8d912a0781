import type { RandomBits } from "../../lib/privacy";

/** Reproducible bits in place of the secure ones: splitmix32 of Steele, Lea and Flood 2014. */
export function seededBits(seed: number): RandomBits {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** Kolmogorov's statistic sqrt(n) D of samples against a continuous distribution; 1.63 is exceeded once in a hundred. */
export function kolmogorovSmirnov(samples: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  let distance = 0;
  sorted.forEach((x, i) => {
    const expected = cdf(x);
    distance = Math.max(distance, (i + 1) / n - expected, expected - i / n);
  });
  return Math.sqrt(n) * distance;
}
