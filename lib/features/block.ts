import { checkDeviceId, checkSensor, checkTimestamp, describe, isObject } from "../reading";
import { MAX_BLOCK } from "./fourier";

/** Samples of one sensor as they arrive in one piece. */
export interface SampledBlock {
  readonly deviceId: string;
  readonly sensor: string;
  readonly unit: string;
  readonly rateHz: number;
  /** When the last sample was taken, ms since the epoch. */
  readonly end: number;
  readonly samples: Float64Array;
  /** Samples right before these are lost. */
  readonly overrun: boolean;
  /** Some samples were missing and are put in between the others. */
  readonly bridged: boolean;
  readonly historical: boolean;
}

export interface BlockIntake {
  readonly blocks: readonly SampledBlock[];
  readonly refused: readonly { readonly input: unknown; readonly reason: string }[];
}

/** Fewest samples of which figures are told. */
export const MIN_BLOCK = 8;

/** True for a payload of one or more blocks, as opposed to readings. */
export function looksLikeBlock(payload: unknown): boolean {
  const first: unknown = Array.isArray(payload) ? payload[0] : payload;
  return isRecord(first) && ("samples" in first || "channels" in first) && !("value" in first);
}

/**
 * Blocks of a message: `{deviceId, sensor, unit, rateHz, timestamp, samples}`, or what the sensor node gives,
 * `{deviceId, rateHz, timestamp, channels: [{sensor, unit, samples}], overrun}`, or an array of these. `samples` are numbers
 * in an array or a typed array, or a Buffer with an `encoding`; `scale` multiplies them. Never throws.
 * @param bridge longest run of missing samples (null, NaN) that is filled by a straight line
 */
export function blocksFrom(payload: unknown, bridge: number): BlockIntake {
  const blocks: SampledBlock[] = [];
  const refused: { input: unknown; reason: string }[] = [];
  const list = Array.isArray(payload) ? payload : [payload];
  for (const [index, item] of list.entries()) {
    const path = Array.isArray(payload) ? `msg.payload[${index}]` : "msg.payload";
    const channels = channelsOf(item);
    if (channels.length === 0)
      refused.push({ input: summaryOf(item), reason: `${path}: expected at least one channel` });
    for (const channel of channels) {
      try {
        blocks.push(blockFrom(channel, bridge));
      } catch (error) {
        refused.push({ input: summaryOf(item), reason: `${path}: ${error instanceof Error ? error.message : error}` });
      }
    }
  }
  return { blocks, refused };
}

type Raw = Readonly<Record<string, unknown>>;

/** One record a channel, with what the block says of all of them. */
function channelsOf(item: unknown): readonly unknown[] {
  if (!isRecord(item) || !Array.isArray(item.channels)) return [item];
  const { channels, ...common } = item;
  return channels.map((channel) => (isRecord(channel) ? { ...common, ...channel } : channel));
}

function blockFrom(raw: unknown, bridge: number): SampledBlock {
  if (!isRecord(raw)) throw new RangeError(`expected a block of samples, got ${describe(raw)}`);
  const { unit = "1", rateHz } = raw;
  const deviceId = checkDeviceId(raw.deviceId);
  const sensor = checkSensor(raw.sensor);
  if (typeof unit !== "string" || unit.length > 64)
    throw new RangeError(`unit: expected a UCUM code, got ${describe(unit)}`);
  if (typeof rateHz !== "number" || !(rateHz > 0 && rateHz <= 1e9)) {
    throw new RangeError(`rateHz: expected samples a second, got ${describe(rateHz)}`);
  }
  const end = checkTimestamp(raw.timestamp);
  const { samples, bridged } = withoutHoles(samplesOf(raw), bridge);
  const overrun = raw.overrun === true;
  return { deviceId, sensor, unit, rateHz, end, samples, overrun, bridged, historical: raw.historical === true };
}

function samplesOf(raw: Raw): Float64Array {
  const { samples, scale = 1 } = raw;
  if (typeof scale !== "number" || !Number.isFinite(scale) || scale === 0) {
    throw new RangeError(`scale: expected a number, got ${describe(scale)}`);
  }
  const numbers = numbersOf(samples, raw.encoding);
  if (numbers.length < MIN_BLOCK || numbers.length > MAX_BLOCK) {
    throw new RangeError(`samples: expected ${MIN_BLOCK} to ${MAX_BLOCK} samples, got ${numbers.length}`);
  }
  return scale === 1 ? numbers : numbers.map((sample) => sample * scale);
}

function numbersOf(samples: unknown, encoding: unknown): Float64Array {
  if (Array.isArray(samples)) {
    if (samples.length > MAX_BLOCK) return new Float64Array(samples.length);
    return Float64Array.from(samples, numberOrHole);
  }
  const bytes = bytesOf(samples);
  if (bytes) return decoded(bytes, encoding);
  if (ArrayBuffer.isView(samples) && "length" in samples && !(samples instanceof DataView)) {
    return Float64Array.from(samples as unknown as ArrayLike<number>, Number);
  }
  throw new RangeError(`samples: expected an array of numbers or a Buffer, got ${describe(samples)}`);
}

function numberOrHole(sample: unknown, index: number): number {
  if (typeof sample === "number") return sample;
  if (sample === null || sample === undefined) return Number.NaN;
  throw new RangeError(`samples[${index}]: expected a number, got ${describe(sample)}`);
}

/** A Buffer, also one that has gone through JSON. */
function bytesOf(samples: unknown): Buffer | undefined {
  if (Buffer.isBuffer(samples)) return samples;
  if (isRecord(samples) && samples.type === "Buffer" && Array.isArray(samples.data)) return Buffer.from(samples.data);
  return undefined;
}

const DECODERS: Readonly<Record<string, readonly [size: number, read: (bytes: Buffer, at: number) => number]>> = {
  int8: [1, (bytes, at) => bytes.readInt8(at)],
  int16le: [2, (bytes, at) => bytes.readInt16LE(at)],
  int16be: [2, (bytes, at) => bytes.readInt16BE(at)],
  int24le: [3, (bytes, at) => bytes.readIntLE(at, 3)],
  int24be: [3, (bytes, at) => bytes.readIntBE(at, 3)],
  int32le: [4, (bytes, at) => bytes.readInt32LE(at)],
  int32be: [4, (bytes, at) => bytes.readInt32BE(at)],
  float32le: [4, (bytes, at) => bytes.readFloatLE(at)],
  float32be: [4, (bytes, at) => bytes.readFloatBE(at)],
  float64le: [8, (bytes, at) => bytes.readDoubleLE(at)],
  float64be: [8, (bytes, at) => bytes.readDoubleBE(at)],
};

function decoded(bytes: Buffer, encoding: unknown): Float64Array {
  const decoder = typeof encoding === "string" && Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (!decoder) {
    throw new RangeError(`encoding: expected one of ${Object.keys(DECODERS).join(", ")}, got ${describe(encoding)}`);
  }
  const [size, read] = decoder;
  if (bytes.length % size !== 0) {
    throw new RangeError(`samples: expected a multiple of ${size} bytes for ${encoding}, got ${bytes.length}`);
  }
  return Float64Array.from({ length: Math.min(bytes.length / size, MAX_BLOCK + 1) }, (_, i) => read(bytes, i * size));
}

/** Fills runs of up to `bridge` samples that are no numbers. @throws RangeError for a longer run, or one at an end */
function withoutHoles(samples: Float64Array, bridge: number): { samples: Float64Array; bridged: boolean } {
  if (samples.every(isSample)) return { samples, bridged: false };
  const out = samples.slice();
  for (let i = 0; i < out.length; i++) {
    if (isSample(out[i] as number)) continue;
    const before = i - 1;
    let after = i;
    while (after < out.length && !isSample(out[after] as number)) after += 1;
    if (before < 0 || after === out.length || after - i > bridge) {
      throw new RangeError(`samples[${i}]: expected a number, got ${out[i]}; ${after - i} in a row are missing`);
    }
    for (let at = i; at < after; at++) {
      const share = (at - before) / (after - before);
      out[at] = (out[before] as number) + share * ((out[after] as number) - (out[before] as number));
    }
    i = after;
  }
  return { samples: out, bridged: true };
}

/** Finite, and not so large that its fourth power is not: no sensor measures 1e60 of anything. */
function isSample(value: number): boolean {
  return value >= -1e60 && value <= 1e60;
}

/** What a refusal shows of a block: not its thousands of samples. */
function summaryOf(item: unknown): unknown {
  if (!isRecord(item)) return item;
  const { samples, channels, ...rest } = item;
  return { ...rest, samples: describe(samples ?? channels) };
}

function isRecord(value: unknown): value is Raw {
  return isObject(value) && !ArrayBuffer.isView(value);
}
