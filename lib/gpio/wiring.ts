import type { LineOptions } from "../bus";

/** How a contact or an output is usually connected, and what the line has to be told of it. */
export const WIRINGS = {
  /** Reed contacts, buttons, open collectors (NPN): active pulls the line down. */
  toGround: { activeLow: true, bias: "pull-up" },
  /** A contact to the supply: active pulls the line up. */
  toSupply: { activeLow: false, bias: "pull-down" },
  /** Motion detectors, and other parts with an output that drives both levels. */
  driven: { activeLow: false, bias: "none" },
  /** The same, active when low. */
  drivenLow: { activeLow: true, bias: "none" },
} as const satisfies Readonly<Record<string, LineOptions>>;

export type Wiring = keyof typeof WIRINGS;
