import type { Reading } from "../reading";
import { CodecError } from "./contract";
import { toWireTimestamp } from "./timestamp";

/** A native message: what `ModelReader` reads back as the same readings. */
export interface DeviceMessage {
  deviceId: string;
  timestamp: number | string;
  seq?: number;
  sensors: Record<string, unknown>[];
}

/** One device's readings as one message; readings of several devices as an array of them, in order. */
export function toModel(codec: string, readings: readonly Reading[]): DeviceMessage | DeviceMessage[] {
  const messages = runsOfDevices(readings).map((run) => deviceMessage(codec, run));
  return messages.length === 1 ? messages[0]! : messages;
}

function runsOfDevices(readings: readonly Reading[]): Reading[][] {
  const runs: Reading[][] = [];
  let run: Reading[] = [];
  for (const reading of readings) {
    if (run[0]?.deviceId !== reading.deviceId) {
      run = [];
      runs.push(run);
    }
    run.push(reading);
  }
  return runs;
}

function deviceMessage(codec: string, run: readonly Reading[]): DeviceMessage {
  const { deviceId, timestamp, seq } = run[0]!;
  const sharesSeq = seq !== undefined && run.every((reading) => reading.seq === seq);
  const sensors = run.map((reading) => sensorEntry(codec, reading, timestamp, sharesSeq));
  const message: DeviceMessage = { deviceId, timestamp: toWireTimestamp(timestamp), sensors };
  if (sharesSeq) message.seq = seq;
  return message;
}

function sensorEntry(codec: string, reading: Reading, common: number, sharesSeq: boolean): Record<string, unknown> {
  const { sensor, value, unit, timestamp, quality } = reading;
  checkFinite(codec, reading);
  const entry: Record<string, unknown> = { type: sensor, value };
  if (unit !== "1") entry.unit = unit;
  if (timestamp !== common) entry.timestamp = toWireTimestamp(timestamp);
  if (quality !== "good") entry.quality = quality;
  if (reading.seq !== undefined && !sharesSeq) entry.seq = reading.seq;
  if (reading.historical) entry.historical = true;
  if (reading.marks) entry.marks = reading.marks;
  if (reading.metadata) entry.metadata = reading.metadata;
  if (reading.anomaly) entry.anomaly = reading.anomaly;
  if (reading.health) entry.health = reading.health;
  if (reading.prediction) entry.prediction = reading.prediction;
  return entry;
}

/** JSON would write null for them, and null means something else. @throws CodecError */
export function checkFinite(codec: string, reading: Reading): void {
  if (typeof reading.value === "number" && !Number.isFinite(reading.value)) {
    throw new CodecError(
      codec,
      `expected a finite number, got ${reading.value}`,
      `${reading.deviceId}/${reading.sensor}`,
    );
  }
}
