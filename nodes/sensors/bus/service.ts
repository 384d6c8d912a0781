import type { BusKind } from "../../../lib/bus";
import type { OpenBus } from "../../../lib/drivers";
import type { Found } from "../../../lib/sensing";

/** What sensors, actuators and GPIO inputs get by linking to a bus. */
export interface BusService extends OpenBus {
  readonly kind: BusKind;
  /** Settles when the parts of a simulated bus are on it. @throws ConfigError's reason when they cannot be */
  readonly ready: Promise<void>;
  /** Who is there. @throws RangeError where nobody can be asked, BusError */
  scan(): Promise<readonly Found[]>;
}
