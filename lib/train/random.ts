/** Reproducible random numbers: the same seed gives the same model on every machine. */
export interface Random {
  /** From 0 to below 1. */
  uniform(): number;
  /** Whole number from 0 to below `n`. */
  below(n: number): number;
  /** Standard normal. */
  normal(): number;
}

/** xoshiro128** (Blackman and Vigna 2021, ACM TOMS 47:36), its state filled from the seed by splitmix32. */
export function seededRandom(seed: number): Random {
  let mix = seed >>> 0;
  const next = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let t = mix ^ (mix >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return t ^ (t >>> 15);
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  const bits = (): number => {
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
  const uniform = (): number => bits() / 2 ** 32;
  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** The first `count` of a random order of `items`, which is changed (Fisher and Yates). */
export function drawn(items: Int32Array, count: number, random: Random): Int32Array {
  for (let i = 0; i < count; i++) {
    const j = i + random.below(items.length - i);
    const kept = items[i]!;
    items[i] = items[j]!;
    items[j] = kept;
  }
  return items.subarray(0, count);
}
