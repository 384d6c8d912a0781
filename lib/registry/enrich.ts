import type { Reading } from "../reading";
import type { DeviceInfo } from "./device";
import type { Registry } from "./registry";

/** What of a device can be written on its readings; the names are those of the metadata. */
export type EnrichField = "name" | "type" | "location" | "firmwareVersion";

type Metadata = Readonly<Record<string, string>>;

/**
 * Writes what the registry knows of a device into its readings' metadata. What a reading already says stays. The
 * metadata of a device is made once and shared by its readings until the device changes.
 */
export class Enricher {
  readonly #made = new WeakMap<DeviceInfo, Metadata>();

  constructor(
    private readonly registry: Registry,
    private readonly fields: readonly EnrichField[],
  ) {}

  /** The reading with the metadata, or itself when there is nothing to add. */
  enrich(reading: Reading): Reading {
    const info = this.registry.infoOf(reading.deviceId);
    if (info === undefined) return reading;
    const metadata = this.#metadataOf(info);
    if (metadata === NOTHING) return reading;
    return { ...reading, metadata: reading.metadata ? { ...metadata, ...reading.metadata } : metadata };
  }

  #metadataOf(info: DeviceInfo): Metadata {
    const known = this.#made.get(info);
    if (known) return known;
    const told = this.fields.filter((field) => info[field]).map((field) => [field, info[field] as string]);
    const metadata = told.length > 0 ? Object.freeze(Object.fromEntries(told) as Metadata) : NOTHING;
    this.#made.set(info, metadata);
    return metadata;
  }
}

const NOTHING: Metadata = Object.freeze({});
