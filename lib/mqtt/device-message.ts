import { CodecError, DEFAULT_LIMITS } from "../codec";
import { parseJson } from "../codec/json-text";
import { utf8Text } from "../codec/text";
import { checkDeviceId } from "../reading";
import type { IncomingMessage } from "./contract";

/** What a device says about itself beside its telemetry. */
export interface DeviceMessage {
  readonly kind: DeviceMessageKind;
  readonly deviceId: string;
  /** Milliseconds since the Unix epoch, when it arrived. */
  readonly timestamp: number;
  /** Kept by the broker from earlier: it may be old. */
  readonly retained: boolean;
  /** The message's object; of a status it has at least `status`. */
  readonly content: Readonly<Record<string, unknown>>;
}

export type DeviceMessageKind = "status" | "alerts";

const STATUSES: readonly unknown[] = ["online", "offline", "maintenance", "error"];
const LIMITS = { ...DEFAULT_LIMITS, maxBytes: 65_536 };

/**
 * Reads a `devices/{id}/status` or `devices/{id}/alerts` message: a JSON object, or for a status the bare word.
 * @throws CodecError or ReadingError saying what was expected
 */
export function readDeviceMessage(kind: DeviceMessageKind, deviceId: string, message: IncomingMessage): DeviceMessage {
  const content = kind === "status" ? statusOf(message.payload) : objectOf(kind, message.payload);
  return {
    kind,
    deviceId: checkDeviceId(deviceId, "the topic's device"),
    timestamp: message.receivedAt,
    retained: message.retain,
    content,
  };
}

function statusOf(payload: Buffer): Readonly<Record<string, unknown>> {
  const word = payload.length <= 16 ? utf8Text("status", payload).trim() : "";
  const content = STATUSES.includes(word) ? { status: word } : objectOf("status", payload);
  if (STATUSES.includes(content.status)) return content;
  throw new CodecError("status", `expected one of ${STATUSES.join(", ")}`, "status");
}

function objectOf(kind: DeviceMessageKind, payload: Buffer): Readonly<Record<string, unknown>> {
  const value = parseJson(kind, payload, LIMITS);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CodecError(kind, "expected an object");
}
