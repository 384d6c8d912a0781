import { MAX_BLOCK } from "./fourier";
import type { SpeedProfile } from "./speed";

/** A signal sampled at equal angles of the shaft instead of equal times. */
export interface AngleSignal {
  readonly samples: Float64Array;
  /** Takes the place of the sample rate: frequencies of its spectrum are orders, multiples of the shaft's speed. */
  readonly perRevolution: number;
}

/** Neighbours on each side that a value between two samples is computed of. */
const TAPS = 12;

/**
 * Computed order tracking (Fyfe and Munck 1997, Mechanical Systems and Signal Processing 11:187): the shaft's angle is the
 * integral of its speed, and the signal is interpolated at equal steps of it, so that what follows the shaft stands on one
 * line though the speed changes. Interpolation by a sinc under a Hann window; steps are so fine that nothing is aliased.
 * @param startMs when the first sample was taken
 * @throws RangeError when the shaft stands still or turns backwards within the block, or turns less than once
 */
export function resampleByAngle(
  samples: Float64Array,
  rateHz: number,
  speed: SpeedProfile,
  startMs: number,
): AngleSignal {
  const rpm = speed.sampled(startMs, 1000 / rateHz, samples.length);
  const slowest = rpm.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  if (!(slowest > 0)) throw new RangeError(`expected a shaft that turns all the time, got ${slowest} r/min`);
  const angle = revolutions(rpm, rateHz);
  const turned = angle.at(-1) as number;
  if (turned < 1) throw new RangeError(`the shaft turned only ${turned.toPrecision(2)} times in the block`);
  const perRevolution = Math.min(Math.ceil((60 * rateHz) / slowest), Math.floor(MAX_BLOCK / turned));
  const out = new Float64Array(Math.floor(turned * perRevolution));
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    const wanted = i / perRevolution;
    while (at + 2 < angle.length && (angle[at + 1] as number) <= wanted) at += 1;
    const [from, to] = [angle[at] as number, angle[at + 1] as number];
    out[i] = interpolated(samples, at + (wanted - from) / (to - from));
  }
  return { samples: out, perRevolution };
}

/** Turns of the shaft since the first sample, by the trapezoidal rule. */
function revolutions(rpm: Float64Array, rateHz: number): Float64Array {
  const angle = new Float64Array(rpm.length);
  for (let i = 1; i < rpm.length; i++) {
    angle[i] = (angle[i - 1] as number) + ((rpm[i - 1] as number) + (rpm[i] as number)) / (120 * rateHz);
  }
  return angle;
}

/** The signal between its samples; beyond the block it is taken as its first or last sample. */
function interpolated(samples: Float64Array, position: number): number {
  const base = Math.floor(position);
  const share = position - base;
  if (share < 1e-12) return samples[base] as number;
  const wave = Math.sin(Math.PI * share) / Math.PI;
  let [sum, weights] = [0, 0];
  for (let tap = 1 - TAPS; tap <= TAPS; tap++) {
    const distance = share - tap;
    const sinc = ((tap & 1 ? -1 : 1) * wave) / distance;
    const weight = sinc * Math.cos((Math.PI * distance) / (2 * TAPS + 2)) ** 2;
    const index = Math.min(samples.length - 1, Math.max(0, base + tap));
    sum += weight * (samples[index] as number);
    weights += weight;
  }
  return sum / weights;
}
