import { SavedState, StateError } from "../numeric/state";
import type { Smoother } from "./filter";

/** One second-order section, y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''. A first-order section has b2 = a2 = 0. */
export interface Section {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

/** Beyond this ratio of sampling rate to cutoff too few digits are left of 1 + a1 + a2, and with them of the gain. */
const LARGEST_RATIO = 100_000;

/**
 * Butterworth low-pass as second-order sections, by the bilinear transform with the cutoff prewarped, so that the
 * gain at the cutoff is exactly 1/sqrt(2) and at zero frequency exactly 1 (Butterworth 1930; Oppenheim and Schafer,
 * Discrete-Time Signal Processing, 7.1). Each pole pair of the normalised prototype is s^2 + 2 sin((2k - 1) pi / 2n) s + 1.
 * @param order 1 to 8
 * @param cutoff -3 dB frequency in Hz, between a 100 000th and half of the sampling rate
 * @param samplingRate in Hz
 * @throws RangeError when one of them is outside these limits
 */
export function butterworthLowPass(order: number, cutoff: number, samplingRate: number): readonly Section[] {
  if (!Number.isInteger(order) || order < 1 || order > 8) throw new RangeError(`order: expected 1 to 8, got ${order}`);
  if (!(samplingRate > 0)) throw new RangeError(`sampling rate: expected more than 0 Hz, got ${samplingRate}`);
  if (!(cutoff > 0 && cutoff < samplingRate / 2)) {
    throw new RangeError(
      `cutoff: expected between 0 and half the sampling rate (${samplingRate / 2} Hz), got ${cutoff} Hz`,
    );
  }
  if (cutoff < samplingRate / LARGEST_RATIO) {
    throw new RangeError(`cutoff: expected at least a ${LARGEST_RATIO}th of the sampling rate, got ${cutoff} Hz`);
  }
  const warped = Math.tan((Math.PI * cutoff) / samplingRate);
  const sections: Section[] = [];
  for (let pair = 1; pair <= order >> 1; pair++) {
    sections.push(secondOrder(warped, 2 * Math.sin(((2 * pair - 1) * Math.PI) / (2 * order))));
  }
  if (order % 2 === 1) sections.push(firstOrder(warped));
  return sections;
}

function secondOrder(warped: number, damping: number): Section {
  const square = warped * warped;
  const scale = 1 / (1 + damping * warped + square);
  const b0 = square * scale;
  return { b0, b1: 2 * b0, b2: b0, a1: 2 * (square - 1) * scale, a2: (1 - damping * warped + square) * scale };
}

function firstOrder(warped: number): Section {
  const b0 = warped / (1 + warped);
  return { b0, b1: b0, b2: 0, a1: (warped - 1) / (warped + 1), a2: 0 };
}

/**
 * Runs the sections one after the other in transposed direct form II. What is filtered is the distance from the first
 * value: as the gain at zero frequency is 1 that is the same as a filter which has seen the first value for ever, so there
 * is no ramp at the start, and the digits are spent on the signal instead of its offset.
 */
export class ButterworthLowPass implements Smoother {
  #first: number | undefined;
  readonly #delays: Float64Array;

  constructor(private readonly sections: readonly Section[]) {
    this.#delays = new Float64Array(2 * sections.length);
  }

  next(value: number): number {
    if (this.#first === undefined) this.#first = value;
    const delays = this.#delays;
    let signal = value - this.#first;
    let at = 0;
    for (const { b0, b1, b2, a1, a2 } of this.sections) {
      const filtered = b0 * signal + (delays[at] as number);
      delays[at] = b1 * signal - a1 * filtered + (delays[at + 1] as number);
      delays[at + 1] = b2 * signal - a2 * filtered;
      signal = filtered;
      at += 2;
    }
    return this.#first + signal;
  }

  reset(): void {
    this.#first = undefined;
    this.#delays.fill(0);
  }

  snapshot(): unknown {
    return { first: this.#first, delays: Array.from(this.#delays) };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const delays = saved.numbers("delays", this.#delays.length);
    if (delays.length !== this.#delays.length) throw new StateError("delays: of a filter of another order");
    this.#first = saved.optionalNumber("first");
    this.#delays.set(delays);
  }
}
