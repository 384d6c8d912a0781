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

/** What a conversion returns. NaN, Infinity and what is out of the channel's range become "bad" by themselves. */
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

/** The reading of a channel: what was converted, judged by the channel's range, doubtful or not. */
export function judged({ sensor, unit, range }: ChannelInfo, convert: () => ChannelValue): ChannelReading {
  const given = caught(convert);
  const judgement = typeof given === "object" ? given : { value: given, quality: "good" as const };
  const { value, quality } = judgement;
  if (typeof value !== "number") return { sensor, unit, ...judgement };
  if (!Number.isFinite(value)) {
    return { sensor, unit, ...bad(typeof given === "object" ? given.reason : "the conversion gave no number") };
  }
  if (quality !== "bad" && range && (value < range[0] || value > range[1])) {
    const reason = `out of range: expected ${range[0]} to ${range[1]} ${unit}, got ${Number(value.toPrecision(6))}`;
    return { sensor, unit, ...bad(reason) };
  }
  // Adding 0 turns minus zero into zero.
  return { sensor, unit, ...judgement, value: value + 0 };
}

/** Every channel as bad, for the same reason. */
export function allBad(channels: readonly ChannelInfo[], reason: string): ChannelReading[] {
  return channels.map(({ sensor, unit }) => ({ sensor, unit, ...bad(reason) }));
}

function caught(convert: () => ChannelValue): ChannelValue {
  try {
    return convert();
  } catch (error) {
    if (error instanceof BadData) return bad(error.message);
    throw error;
  }
}
