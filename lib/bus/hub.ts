import type { BusKind } from "./contract";
import { SharedBus, type SharedBusOptions } from "./shared";

interface Entry {
  readonly bus: SharedBus;
  readonly settings: string;
  users: number;
}

/** The physical buses of this process: two nodes that name the same one must not talk at once. */
const buses = new Map<string, Entry>();

export interface BusLease<K extends BusKind> {
  readonly bus: SharedBus<K>;
  /** Closes the bus when nobody else uses it. May be called twice. */
  release(): Promise<void>;
}

/**
 * The bus of this kind and key, opened at its first use.
 * @param settings what it is opened with, as text: one bus cannot be open in two ways
 * @throws RangeError when it is in use with other settings
 */
export function leaseBus<K extends BusKind>(options: SharedBusOptions<K>, settings = ""): BusLease<K> {
  const name = `${options.kind} ${options.key}`;
  const entry = buses.get(name) ?? { bus: new SharedBus(options) as unknown as SharedBus, settings, users: 0 };
  if (entry.settings !== settings) {
    throw new RangeError(`${options.key} is in use with other settings (${entry.settings}), expected ${settings}`);
  }
  entry.users += 1;
  buses.set(name, entry);
  let isReleased = false;
  return {
    bus: entry.bus as unknown as SharedBus<K>,
    async release() {
      if (isReleased) return;
      isReleased = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      buses.delete(name);
      await entry.bus.close();
    },
  };
}
