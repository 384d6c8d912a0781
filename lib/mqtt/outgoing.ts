import type { Reading } from "../reading";
import { topicFrom } from "./topic-pattern";

export interface Parcel {
  readonly topic: string;
  readonly readings: readonly Reading[];
}

/**
 * Sorts a batch into one parcel a topic, in the order in which the topics first occur; the order within a topic is kept.
 * `{device}` and `{id}` are the reading's device, `{sensor}` its sensor, any other part its metadata of that name.
 * What has no topic is given to `onHomeless` with the reason.
 */
export function sortIntoParcels(
  pattern: string,
  batch: readonly Reading[],
  onHomeless: (reading: Reading, reason: string) => void,
): Parcel[] {
  const parcels = new Map<string, Reading[]>();
  for (const reading of batch) {
    const topic = topicOf(pattern, reading, onHomeless);
    if (topic === undefined) continue;
    const parcel = parcels.get(topic);
    if (parcel) parcel.push(reading);
    else parcels.set(topic, [reading]);
  }
  return [...parcels].map(([topic, readings]) => ({ topic, readings }));
}

function topicOf(
  pattern: string,
  reading: Reading,
  onHomeless: (reading: Reading, reason: string) => void,
): string | undefined {
  const { deviceId, sensor, metadata } = reading;
  try {
    return topicFrom(pattern, { ...metadata, device: deviceId, deviceId, id: deviceId, sensor });
  } catch (error) {
    onHomeless(reading, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** The media types of the formats, for MQTT 5's content type. */
export const CONTENT_TYPES: Readonly<Record<string, string>> = {
  json: "application/json",
  "senml-json": "application/senml+json",
  "senml-cbor": "application/senml+cbor",
  msgpack: "application/msgpack",
  plain: "text/plain",
};
