/** Platinum resistors, IEC 60751:2008, 5.1: R(t) = R0 (1 + A t + B t² + C (t - 100) t³), the last term only below 0 °C. */
const A = 3.9083e-3;
const B = -5.775e-7;
const C = -4.183e-12;

/** R(t) / R0 at a temperature in °C, -200 to 850. */
export function platinumRatio(celsius: number): number {
  const positive = 1 + A * celsius + B * celsius ** 2;
  return celsius >= 0 ? positive : positive + C * (celsius - 100) * celsius ** 3;
}

/** The temperature in °C at which the resistance is `ratio` times that at 0 °C. NaN for what no temperature gives. */
export function platinumTemperature(ratio: number): number {
  const quadratic = (-A + Math.sqrt(A * A - 4 * B * (1 - ratio))) / (2 * B);
  if (ratio >= 1) return quadratic;
  // Below 0 °C the quadratic is 2.5 °C off at most: Newton's method from there is exact to 1e-9 °C after three steps.
  let celsius = quadratic;
  for (let step = 0; step < 4; step++) {
    const slope = A + 2 * B * celsius + C * (4 * celsius ** 3 - 300 * celsius ** 2);
    celsius -= (platinumRatio(celsius) - ratio) / slope;
  }
  return celsius;
}
