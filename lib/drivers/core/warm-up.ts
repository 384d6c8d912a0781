import { type ChannelValue, uncertain } from "./values";

/** The memory of a driver whose part is not to be trusted right after power-up. */
export interface WarmUp {
  /** When the part was set up, ms since the epoch: it may just have got its power. Missing when nobody set it up. */
  since?: number;
}

/** A number that is uncertain while the part has run for less than `ms`. */
export function afterWarmUp(
  value: ChannelValue,
  { state, clock }: { readonly state: WarmUp; readonly clock: { now(): number } },
  ms: number,
): ChannelValue {
  const age = clock.now() - (state.since ?? Number.NEGATIVE_INFINITY);
  const isWarm = age >= ms || age < 0;
  if (isWarm || typeof value !== "number") return value;
  return uncertain(value, `warming up: it has been in use for less than ${ms / 1000} s`);
}
