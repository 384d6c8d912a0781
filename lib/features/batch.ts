import { isUsable } from "../numeric";
import { describe, type Reading } from "../reading";
import { MIN_BLOCK, type SampledBlock } from "./block";
import { Continuity } from "./continuity";
import { MAX_BLOCK } from "./fourier";

export interface BatchOptions {
  /** Of the samples; without it their times tell. */
  readonly rateHz?: number;
  /** Longest run of missing samples that is filled by a straight line. */
  readonly bridge: number;
}

/**
 * The readings of one series in one message as a block. Bad ones are missing samples.
 * @param readings at least one, of one series, in their order
 * @throws RangeError when they are no block: too few, a gap, out of order, texts, several units, or no rate
 */
export function blockOfReadings(readings: readonly Reading[], { rateHz, bridge }: BatchOptions): SampledBlock {
  const first = readings[0] as Reading;
  const samples: number[] = [];
  const continuity = new Continuity(rateHz === undefined ? undefined : 1000 / rateHz);
  let [start, end] = [first.timestamp, first.timestamp];
  let [bridged, historical] = [false, true];
  for (const reading of readings) {
    if (reading.unit !== first.unit) throw new RangeError(`expected one unit, got ${first.unit} and ${reading.unit}`);
    if (!isUsable(reading)) {
      refuseText(reading);
      continuity.skip();
      continue;
    }
    if (samples.length === 0) start = reading.timestamp;
    const step = continuity.next(reading.timestamp);
    if (step === "back") throw new RangeError("expected samples in order of time");
    if (step.missing > bridge) throw new RangeError(`${step.missing} samples are missing after ${samples.length}`);
    fill(samples, step.missing, reading.value);
    samples.push(reading.value);
    if (samples.length > MAX_BLOCK) throw new RangeError(`expected at most ${MAX_BLOCK} samples`);
    end = reading.timestamp;
    bridged ||= step.missing > 0 || reading.quality !== "good";
    historical &&= reading.historical === true;
  }
  if (samples.length < MIN_BLOCK) {
    throw new RangeError(`expected a block of at least ${MIN_BLOCK} samples in a message, got ${samples.length}`);
  }
  if (rateHz === undefined && end === start) throw new RangeError("all samples have the same time: say their rate");
  return {
    deviceId: first.deviceId,
    sensor: first.sensor,
    unit: first.unit,
    rateHz: rateHz ?? (1000 * (samples.length - 1)) / (end - start),
    end,
    samples: Float64Array.from(samples),
    overrun: false,
    bridged,
    historical,
  };
}

function refuseText({ value, quality }: Reading): void {
  if (quality !== "bad" && typeof value !== "number") throw new RangeError(`expected numbers, got ${describe(value)}`);
}

/** A straight line of so many samples to the next value. */
function fill(samples: number[], missing: number, next: number): void {
  const last = samples.at(-1) ?? next;
  for (let i = 1; i <= missing; i++) samples.push(last + (i / (missing + 1)) * (next - last));
}
