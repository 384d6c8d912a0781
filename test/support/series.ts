import fc from "fast-check";
import type { Reading } from "../../lib/reading";

/** A good reading of device "d1", sensor "temperature", in Cel; `over` says what is different. */
export function reading(value: Reading["value"], timestamp = 0, over: Partial<Reading> = {}): Reading {
  return { deviceId: "d1", sensor: "temperature", value, unit: "Cel", timestamp, quality: "good", ...over };
}

/** One reading a value, `step` ms apart. */
export function series(values: readonly Reading["value"][], step = 1000, start = 0): Reading[] {
  return values.map((value, i) => reading(value, start + i * step));
}

/** Finite numbers in a range, without -0, which JSON turns into 0. */
export function finite(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true }).map((value) => value + 0);
}

/** What a restart does to a state: through JSON and back. */
export function throughJson(state: unknown): unknown {
  return JSON.parse(JSON.stringify(state));
}

/** Reproducible noise: mulberry32 and the Box-Muller transform, standard normal. */
export function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Mean and sample standard deviation in two passes over exact differences: the reference for streaming ones. */
export function twoPass(values: readonly number[]): { mean: number; std: number } {
  const origin = values[0] ?? 0;
  const mean = values.reduce((sum, value) => sum + (value - origin), 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - origin - mean) ** 2, 0);
  return { mean: origin + mean, std: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}
