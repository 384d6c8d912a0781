import type { Outputs, Refuse } from "../../../kit";
import type { PerSeries } from "../../../kit/per-series";
import type { Reading } from "../../../lib/reading";

/** One of the ways to estimate, as the node runs it. */
export interface LifeMethod {
  start(): void | Promise<void>;
  readings(batch: readonly Reading[], refuse: Refuse): Outputs | Promise<Outputs>;
  readonly devices: Pick<PerSeries<object>, "size" | "states" | "forget" | "clear">;
  /** Why a device, or all of them, cannot be estimated. */
  readonly problem?: string | undefined;
  reset?(): void;
  close?(): Promise<void>;
}
