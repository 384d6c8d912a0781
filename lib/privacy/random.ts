import { randomFillSync } from "node:crypto";

/** Where noise comes from: 32 independent, unbiased bits at each call, as a whole number from 0 to 2^32 - 1. */
export type RandomBits = () => number;

/** Bytes fetched at a time: a call of the generator costs as much for one number as for a thousand. */
const POOL_WORDS = 1024;

/**
 * Bits of the system's cryptographic generator. Math.random is no source of noise for privacy: its state can be worked
 * out from a few outputs, and then the noise be taken off again (Garfinkel and Leclerc 2020, "Randomness Concerns When
 * Deploying Differential Privacy").
 */
export function secureBits(): RandomBits {
  const pool = new Uint32Array(POOL_WORDS);
  let next = POOL_WORDS;
  return () => {
    if (next === POOL_WORDS) {
      randomFillSync(pool);
      next = 0;
    }
    const word = pool[next] as number;
    // What was used must not be found in a memory dump.
    pool[next] = 0;
    next += 1;
    return word;
  };
}

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/** A whole number from 0 to `below` - 1, all equally likely. Precondition: `below` is a whole number from 1 to 2^53. */
export function uniformBelow(below: number, bits: RandomBits): number {
  if (below <= TWO_32) {
    // What does not fill a whole multiple is drawn again, so that no remainder is more likely than another.
    const limit = TWO_32 - (TWO_32 % below);
    for (;;) {
      const drawn = bits();
      if (drawn < limit) return drawn % below;
    }
  }
  const limit = TWO_53 - (TWO_53 % below);
  for (;;) {
    const drawn = (bits() >>> 11) * TWO_32 + bits();
    if (drawn < limit) return drawn % below;
  }
}

/** True with probability exp(-n/d), exactly: only whole numbers are compared. Canonne, Kamath and Steinke 2020, Algorithm 1. */
export function bernoulliExp(n: number, d: number, bits: RandomBits): boolean {
  for (let whole = Math.floor(n / d); whole > 0; whole--) if (!bernoulliExpFraction(1, 1, bits)) return false;
  return bernoulliExpFraction(n % d, d, bits);
}

/** The same for n/d from 0 to 1: von Neumann's count of falling uniform numbers, odd with probability exp(-n/d). */
function bernoulliExpFraction(n: number, d: number, bits: RandomBits): boolean {
  if (n === 0) return true;
  let k = 1;
  while (uniformBelow(d * k, bits) < n) k += 1;
  return k % 2 === 1;
}
