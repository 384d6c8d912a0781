// Dialogs have these types too: this module imports nothing that needs Node.
import type { BusKind } from "../bus/contract";
import type { OptionSpecs } from "../drivers/core/options";

/** A driver as dialogs list it. */
export interface CatalogEntry {
  readonly id: string;
  readonly role: "sensor" | "actuator";
  readonly bus: BusKind;
  readonly name: string;
  readonly maker: string;
  /** What it measures or drives. */
  readonly what: string;
  readonly addresses: readonly number[];
  readonly options: OptionSpecs;
  /** Channels of a sensor and outputs of an actuator, with the default options. */
  readonly channels: readonly { readonly name: string; readonly unit: string }[];
  /** It sends by itself. */
  readonly speaks: boolean;
  /** It delivers blocks of samples. */
  readonly blocks: boolean;
  /** What a simulated one measures. */
  readonly quantities: readonly string[];
}

/** What answers on a bus, and which parts it may be. */
export interface Found {
  /** As people write it: "0x76", "28-0123456789ab". */
  readonly place: string;
  readonly drivers: readonly { readonly id: string; readonly name: string }[];
}
