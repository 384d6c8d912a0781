import type { ChannelInfo, ChannelReading } from "../drivers/core";
import type { Reading } from "../reading";

/** How a channel of one particular part is off: what it shows, times gain, plus offset, is the truth. */
export interface Calibration {
  readonly gain: number;
  /** In the channel's unit. */
  readonly offset: number;
}

export type Calibrations = ReadonlyMap<string, Calibration>;

/** What a driver said, as readings of a device. Why a value is not good stands in `metadata.reason`. */
export function readingsOf(
  deviceId: string,
  channels: readonly ChannelReading[],
  timestamp: number,
  calibrations: Calibrations = new Map(),
): Reading[] {
  return channels.map((channel) => {
    const { sensor, unit, quality, reason, value } = calibrated(channel, calibrations.get(channel.sensor));
    const metadata = reason === undefined ? {} : { metadata: { reason } };
    return { deviceId, sensor, value, unit, timestamp, quality, ...metadata };
  });
}

/** Every channel as bad for one reason: the part could not be read. */
export function unreadable(
  deviceId: string,
  channels: readonly ChannelInfo[],
  timestamp: number,
  reason: string,
): Reading[] {
  const failed = channels.map(({ sensor, unit }) => ({ sensor, unit, value: null, quality: "bad", reason }) as const);
  return readingsOf(deviceId, failed, timestamp);
}

function calibrated(channel: ChannelReading, calibration: Calibration | undefined): ChannelReading {
  if (!calibration || typeof channel.value !== "number") return channel;
  const value = channel.value * calibration.gain + calibration.offset;
  if (Number.isFinite(value)) return { ...channel, value };
  return { ...channel, value: null, quality: "bad", reason: "the calibration gave no number" };
}
