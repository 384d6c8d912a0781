import type { ChannelInfo, ChannelReading } from "../drivers/core/values";
import type { Snapshotable } from "../numeric/state";

export interface TimedReading extends ChannelReading {
  /** When it became so, ms since the epoch. */
  readonly timestamp: number;
}

/**
 * What a line means: a door, a flow meter, a motion detector. It knows neither the line nor a timer; levels are logical (true
 * is active, whatever the voltage), and times come from whoever watches the line. Times may step back, as clocks do.
 */
export interface LineSignal extends Snapshotable {
  readonly channels: readonly ChannelInfo[];
  /** When `at` has to be called next, ms since the epoch; undefined while nothing will happen by itself. */
  readonly dueAt: number | undefined;
  /** The level when the line was opened. Called once, first. */
  start(active: boolean, now: number): TimedReading[];
  /** The level has changed. */
  edge(active: boolean, now: number): TimedReading[];
  /** Time has passed. */
  at(now: number): TimedReading[];
}
