import type { Outputs, Refuse } from "../../../kit";
import type { PerSeries } from "../../../kit/per-series";
import type { Reading } from "../../../lib/reading";

/** What is known of one device, as far as the node itself cares. */
export interface DeviceUnderWatch {
  /** That maintenance is not recommended any more, where it was: for a device that will be forgotten. */
  withdrawal(deviceId: string): Reading | undefined;
}

/** One of the ways to estimate, as the node runs it. */
export interface LifeMethod {
  start(): void | Promise<void>;
  readings(batch: readonly Reading[], refuse: Refuse): Outputs | Promise<Outputs>;
  readonly devices: Pick<PerSeries<DeviceUnderWatch>, "size" | "states" | "forget" | "clear">;
  /** Those that have not reported since the start: a look at each of their states as it is in the store. */
  asleep(): Iterable<readonly [key: string, device: DeviceUnderWatch]>;
  /** Brings back what a store has of a device that has not reported since the start. */
  wake(deviceId: string): void;
  /** Why a device, or all of them, cannot be estimated, or only with a doubt. */
  readonly problem?: string | undefined;
  /** What was left out so far, in a few words; "" for nothing. */
  readonly leftOut?: string;
  reset?(): void;
  close?(): Promise<void>;
}

/** Looks into the store device by device: all of them at once may not fit the memory. */
export function* asleepOf<T extends DeviceUnderWatch>(devices: PerSeries<T>): Generator<readonly [string, T]> {
  for (const key of devices.asleep()) yield [key, devices.stored(key)];
}

/** Under which a device's state is kept. */
export const keyOf = (deviceId: string): string => `${deviceId}/rul`;
export const deviceOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));
