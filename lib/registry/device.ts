/** What is known of a device, and what is going on with it. */
export interface Device extends DeviceInfo {
  readonly id: string;
  readonly status: DeviceStatus;
  /** When it last sent anything, by the gateway's clock in ms since the epoch; missing until it has. */
  readonly lastSeen?: number;
}

/**
 * online and offline follow from what the device sends, or fails to send; error is what the device says of itself;
 * maintenance is set by people and lasts until they end it, however silent or talkative the device is.
 */
export type DeviceStatus = "online" | "offline" | "maintenance" | "error";

export const DEVICE_STATUSES: readonly DeviceStatus[] = ["online", "offline", "maintenance", "error"];

/** What people and the device itself tell about it. Immutable: a change makes a new object. */
export interface DeviceInfo {
  readonly name?: string;
  readonly type?: string;
  readonly location?: string;
  readonly tags: readonly string[];
  readonly firmwareVersion?: string;
  /** Percent, 0 to 100. */
  readonly battery?: number;
  /** Seconds of silence after which it is offline, where the registry's own threshold does not suit it. */
  readonly offlineAfter?: number;
  readonly configuration: Configuration;
  /** When it was registered, ms since the epoch. */
  readonly registered: number;
}

/** Settings of the device as JSON; what they mean is between the device and its users. */
export type Configuration = Readonly<Record<string, unknown>>;

/** What may be given to register or change a device. In a change, null removes what was known. */
export interface DeviceFields {
  readonly name?: string | null;
  readonly type?: string | null;
  readonly location?: string | null;
  readonly tags?: readonly string[] | null;
  readonly firmwareVersion?: string | null;
  readonly battery?: number | null;
  readonly offlineAfter?: number | null;
  readonly configuration?: Configuration | null;
  readonly status?: DeviceStatus;
}

export type DeviceEventName = "registered" | "online" | "offline" | "changed" | "deleted";

export interface DeviceEvent {
  readonly event: DeviceEventName;
  /** As it is after the event; as it last was when it was deleted. */
  readonly device: Device;
  /** ms since the epoch */
  readonly timestamp: number;
  /** For "changed": the names of the fields that differ. */
  readonly changes?: readonly string[];
}

export type RegistryErrorCode = "invalid" | "unknown-device" | "already-registered" | "full" | "in-use";

/** Why the registry refused something: what was wrong, where, and what was expected. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  constructor(
    readonly code: RegistryErrorCode,
    message: string,
  ) {
    super(message);
  }
}
