/** How the speed of wear grows: `duration` is the amount of wear, at the speed at the time of reference, from `age` on within `time`. */
export interface Growth {
  /** @param age since wear began to be followed @param time from then on; both in units of time, and not negative */
  duration(age: number, time: number): number;
}

/** Wear of a constant speed. */
export const STEADY: Growth = { duration: (_, time) => time };

/** Beyond this logarithm of the speed's growth, wear of a law would have ended long ago. */
const LARGEST_EXPONENT = 100;
const LARGEST = 1e100;

/**
 * Speed that grows by equal steps: wear is a parabola.
 * @param rate of growth, in speeds at age 0 per unit of time
 * @param reference age at which the speed is 1
 */
export function quadraticGrowth(rate: number, reference: number): Growth {
  const speed = 1 / (1 + rate * reference);
  return { duration: (age, time) => Math.min(LARGEST, speed * time * (1 + rate * (age + time / 2))) };
}

/** Speed that grows by a constant ratio: wear is exponential in time, and its errors of measurement stay as they are. */
export function exponentialGrowth(rate: number, reference: number): Growth {
  return {
    duration: (age, time) => {
      const exponent = rate * (age - reference);
      if (exponent + rate * time > LARGEST_EXPONENT) return LARGEST;
      return (Math.exp(exponent) * Math.expm1(rate * time)) / rate;
    },
  };
}

/** Growth within the time in which wear showed: by octaves, in steps that the readings can hardly tell apart. */
const QUADRATIC_RATES = octaves(-3, 3, 2);
const EXPONENTIAL_RATES = octaves(-4.5, 1.25, 4);

function octaves(from: number, to: number, steps: number): number[] {
  return Array.from({ length: (to - from) * steps + 1 }, (_, i) => 2 ** (from + i / steps));
}

/** Laws of accelerating wear that are weighed against each other. */
export interface Growths {
  readonly quadratic: readonly Growth[];
  readonly exponential: readonly Growth[];
}

/**
 * Where a parabola or an exponential began does not matter: a beginning before the readings is a slower growth from them on.
 * @param reference time in which wear showed, above 0
 */
export function acceleratingGrowths(reference: number): Growths {
  return {
    quadratic: QUADRATIC_RATES.map((rate) => quadraticGrowth(rate / reference, reference)),
    exponential: EXPONENTIAL_RATES.map((rate) => exponentialGrowth(rate / reference, reference)),
  };
}
