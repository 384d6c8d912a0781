import type { StoreService } from "../store";
import type { AutoRegistration } from "./admission";

export interface RegistryOptions {
  /** Where devices are kept; without one they last as long as the process. */
  readonly store?: StoreService;
  /** Tells this registry's devices from those of others in the same store; "devices" by default. */
  readonly set?: string;
  /** What becomes of a device nobody registered that sends readings; "on" by default. */
  readonly autoRegistration?: AutoRegistration;
  /** For "listed": the ids that may register themselves; `*` stands for any characters. */
  readonly listed?: readonly string[];
  /** Seconds of silence after which a device is offline; 300 by default. */
  readonly offlineAfter?: number;
  /** Most devices kept; 200 000 by default. */
  readonly maxDevices?: number;
  /** Told of a stored device that cannot be read. */
  readonly onProblem?: (problem: string) => void;
  /** The wall clock, ms since the epoch. */
  readonly now?: () => number;
  /** A clock that never jumps, ms. */
  readonly monotonic?: () => number;
}
