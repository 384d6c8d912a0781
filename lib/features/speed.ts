import { SavedState, type Snapshotable, StateError } from "../numeric";

/** A shaft's speed at a time. */
export interface SpeedPoint {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Revolutions a minute. */
  readonly rpm: number;
}

/** The speed over a block: linear between the points, held before the first and after the last. */
export class SpeedProfile {
  /** @param points in order of time, at least one */
  constructor(readonly points: readonly SpeedPoint[]) {
    if (points.length === 0) throw new RangeError("expected at least one speed");
  }

  static constant(rpm: number): SpeedProfile {
    return new SpeedProfile([{ time: 0, rpm }]);
  }

  get min(): number {
    return this.points.reduce((least, { rpm }) => Math.min(least, rpm), Number.POSITIVE_INFINITY);
  }

  /** Mean of the points. */
  get mean(): number {
    return this.points.reduce((sum, { rpm }) => sum + rpm, 0) / this.points.length;
  }

  /** True when it changes by so little that no line of an ordinary spectrum is smeared: 0.2 %. */
  get isSteady(): boolean {
    const { min, mean } = this;
    const max = this.points.reduce((most, { rpm }) => Math.max(most, rpm), Number.NEGATIVE_INFINITY);
    return max - min <= 0.002 * mean;
  }

  /** Speeds at `count` times, `stepMs` apart from `startMs` on. */
  sampled(startMs: number, stepMs: number, count: number): Float64Array {
    const { points } = this;
    const out = new Float64Array(count);
    let next = 0;
    for (let i = 0; i < count; i++) {
      const time = startMs + i * stepMs;
      while (next < points.length && (points[next] as SpeedPoint).time <= time) next += 1;
      out[i] = between(points[next - 1], points[next], time);
    }
    return out;
  }
}

function between(before: SpeedPoint | undefined, after: SpeedPoint | undefined, time: number): number {
  if (!before) return (after as SpeedPoint).rpm;
  if (!after) return before.rpm;
  const share = (time - before.time) / (after.time - before.time);
  return before.rpm + share * (after.rpm - before.rpm);
}

/** Speeds of one machine that are remembered: at one a second, those of eight minutes. */
const REMEMBERED = 512;

/** The latest speeds of one machine, O(1) memory. */
export class SpeedTrack implements Snapshotable {
  #points: SpeedPoint[] = [];

  /** Adds a speed; one of an earlier time than the latest is put in its place. */
  push(point: SpeedPoint): void {
    let at = this.#points.length;
    while (at > 0 && (this.#points[at - 1] as SpeedPoint).time > point.time) at -= 1;
    const isReplaced = at > 0 && this.#points[at - 1]?.time === point.time;
    this.#points.splice(isReplaced ? at - 1 : at, isReplaced ? 1 : 0, point);
    if (this.#points.length > REMEMBERED) this.#points.shift();
  }

  /**
   * The speed over a block.
   * @param holdMs how old the latest speed before the block may be, and how far the first one after it
   * @returns undefined when there is none in time
   */
  over(startMs: number, endMs: number, holdMs: number): SpeedProfile | undefined {
    const points = this.#points;
    const inside = points.filter(({ time }) => time >= startMs && time <= endMs);
    const before = points.findLast(({ time }) => time < startMs && startMs - time <= holdMs);
    const after = points.find(({ time }) => time > endMs && time - endMs <= holdMs);
    const used = [before, ...inside, after].filter((point) => point !== undefined);
    return used.length > 0 ? new SpeedProfile(used) : undefined;
  }

  snapshot(): unknown {
    return { times: this.#points.map(({ time }) => time), speeds: this.#points.map(({ rpm }) => rpm) };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const times = saved.numbers("times", REMEMBERED);
    const speeds = saved.numbers("speeds", REMEMBERED);
    if (times.length !== speeds.length) throw new StateError("speeds: expected as many as times");
    this.#points = times.map((time, i) => ({ time, rpm: speeds[i] as number }));
  }
}

/**
 * The speed by the pulses of a tacho that was sampled like a vibration: rising edges through the middle between low and
 * high, with a tenth of the height as hysteresis, placed between the samples.
 * @param startMs when the first sample was taken
 * @throws RangeError when there are no two pulses
 */
export function speedOfPulses(
  samples: Float64Array,
  rateHz: number,
  startMs: number,
  pulsesPerRevolution: number,
): SpeedProfile {
  const edges = risingEdges(samples);
  if (edges.length < 2) throw new RangeError(`expected at least two tacho pulses in the block, got ${edges.length}`);
  const points: SpeedPoint[] = [];
  for (let i = 1; i < edges.length; i++) {
    const [from, to] = [edges[i - 1] as number, edges[i] as number];
    const rpm = (60 * rateHz) / ((to - from) * pulsesPerRevolution);
    points.push({ time: startMs + (500 * (from + to)) / rateHz, rpm });
  }
  return new SpeedProfile(points);
}

function risingEdges(samples: Float64Array): number[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const sample of samples) {
    low = Math.min(low, sample);
    high = Math.max(high, sample);
  }
  const middle = low + (high - low) / 2;
  const arm = middle - (high - low) / 10;
  const edges: number[] = [];
  let isArmed = false;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    if (sample < arm) isArmed = true;
    else if (isArmed && sample >= middle) {
      const before = samples[i - 1] as number;
      edges.push(i - 1 + (middle - before) / (sample - before));
      isArmed = false;
    }
  }
  return edges;
}
