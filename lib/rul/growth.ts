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
 * Speed that grows as a power of time: with 1 wear is a parabola, with 2 cubic.
 * @param rate of growth at age 0, per unit of time and power
 * @param reference age at which the speed is 1
 */
export function powerGrowth(power: number, rate: number, reference: number): Growth {
  const whole = (power + 1) * rate * (1 + rate * reference) ** power;
  return {
    duration: (age, time) => {
      const before = 1 + rate * age;
      // The difference of two powers, without the loss of digits that taking it would cost.
      const growth = Math.expm1((power + 1) * Math.log1p((rate * time) / before));
      return Math.min(LARGEST, (before ** (power + 1) * growth) / whole);
    },
  };
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
const POWER_RATES = octaves(-3, 3, 1);
const EXPONENTIAL_RATES = octaves(-4.5, 1.5, 2);
/** From a parabola on; higher ones are exponential for all that readings can tell. */
const POWERS = [1, 2, 4];

function octaves(from: number, to: number, steps: number): number[] {
  return Array.from({ length: (to - from) * steps + 1 }, (_, i) => 2 ** (from + i / steps));
}

/** Laws of accelerating wear that are weighed against each other. */
export interface Growths {
  /** Those of each power. */
  readonly powers: readonly (readonly Growth[])[];
  readonly exponential: readonly Growth[];
}

/**
 * Where a power or an exponential began does not matter: a beginning before the readings is a slower growth from them on.
 * @param reference time in which wear showed, above 0
 */
export function acceleratingGrowths(reference: number): Growths {
  return {
    powers: POWERS.map((power) => POWER_RATES.map((rate) => powerGrowth(power, rate / reference, reference))),
    exponential: EXPONENTIAL_RATES.map((rate) => exponentialGrowth(rate / reference, reference)),
  };
}
