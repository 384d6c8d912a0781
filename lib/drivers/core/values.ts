import type { Quality } from "../../reading";

/** What a driver says of one channel: a reading that does not know its device and time yet. */
export interface ChannelReading {
  readonly sensor: string;
  /** Null only with quality "bad"; never NaN or Infinity. */
  readonly value: number | boolean | string | null;
  /** UCUM code. */
  readonly unit: string;
  readonly quality: Quality;
  /** Why the quality is not good. */
  readonly reason?: string;
}

/** A value with a doubt about it. */
export interface Doubted {
  readonly value: number | boolean | string | null;
  readonly quality: "uncertain" | "bad";
  readonly reason: string;
}

/** What a conversion returns. NaN and Infinity become "bad" by themselves. */
export type ChannelValue = number | boolean | string | Doubted;

/** There is no value, and why: an open thermocouple, a short circuit. */
export const bad = (reason: string): Doubted => ({ value: null, quality: "bad", reason });

/** There is a value, but: warming up, saturated. */
export const uncertain = (value: number | boolean | string, reason: string): Doubted => ({
  value,
  quality: "uncertain",
  reason,
});

/** Thrown by fields and conversions when what the device sent is damaged; the channel becomes "bad" with this reason. */
export class BadData extends Error {
  override readonly name = "BadData";
}

/** A channel as lists and dialogs show it. */
export interface ChannelInfo {
  /** Name of the channel: "temperature", "acceleration.x". */
  readonly sensor: string;
  /** UCUM code. */
  readonly unit: string;
  /** What the part can measure, in the unit, limits included. Outside it the quality is "bad". */
  readonly range?: readonly [low: number, high: number];
}

/** The reading of a channel: what was converted, judged by the channel's range. */
export function judged({ sensor, unit, range }: ChannelInfo, convert: () => ChannelValue): ChannelReading {
  const value = converted(convert);
  if (typeof value === "object") return { sensor, unit, ...value };
  if (typeof value !== "number") return { sensor, unit, value, quality: "good" };
  if (!Number.isFinite(value)) return { sensor, unit, ...bad("the conversion gave no number") };
  if (range && (value < range[0] || value > range[1])) {
    const reason = `out of range: expected ${range[0]} to ${range[1]} ${unit}, got ${Number(value.toPrecision(6))}`;
    return { sensor, unit, ...bad(reason) };
  }
  // Adding 0 turns minus zero into zero.
  return { sensor, unit, value: value + 0, quality: "good" };
}

/** Every channel as bad, for the same reason. */
export function allBad(channels: readonly ChannelInfo[], reason: string): ChannelReading[] {
  return channels.map(({ sensor, unit }) => ({ sensor, unit, ...bad(reason) }));
}

function converted(convert: () => ChannelValue): ChannelValue {
  try {
    const value = convert();
    if (typeof value !== "object" || typeof value.value !== "number" || Number.isFinite(value.value)) return value;
    return bad(value.reason);
  } catch (error) {
    if (error instanceof BadData) return bad(error.message);
    throw error;
  }
}
