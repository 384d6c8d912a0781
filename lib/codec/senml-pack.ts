import type { Reading } from "../reading";
import { CodecError } from "./contract";
import { RELATIVE_BELOW } from "./senml";
import { senmlOfUcum } from "./senml-units";
import { checkFinite } from "./to-model";

const ALLOWED = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const ENDS_IN_SEPARATOR = /[:/._-]$/;

/** A record to be written; the labels are those of JSON. */
export interface SenmlFields {
  bn?: string;
  n?: string;
  u?: string;
  t?: number;
  v?: number;
  vs?: string;
  vb?: boolean;
  vd?: string;
  quality?: string;
  seq?: number;
}

/**
 * Readings as a SenML pack: the device is the base name, "<deviceId>/", the sensor each record's own name, times absolute.
 * Carries value, unit, time, quality and seq; what SenML has no place for (metadata, verdicts, marks) stays behind.
 * Quality and seq travel as extension fields, which other receivers ignore (RFC 8428 section 4.4).
 * @throws CodecError for a name or time that SenML cannot write
 */
export function senmlPack(codec: string, readings: readonly Reading[]): SenmlFields[] {
  let device: string | undefined;
  return readings.map((reading, index) => {
    const fields: SenmlFields = {};
    if (reading.deviceId !== device) {
      device = reading.deviceId;
      fields.bn = `${device}/`;
    }
    checkNames(codec, reading, `[${index}]`);
    fields.n = reading.sensor;
    const unit = senmlOfUcum(reading.unit);
    if (unit !== undefined) fields.u = unit;
    fields.t = secondsOf(codec, reading, `[${index}]`);
    putValue(codec, fields, reading);
    if (reading.quality !== "good") fields.quality = reading.quality;
    if (reading.seq !== undefined) fields.seq = reading.seq;
    return fields;
  });
}

function checkNames(codec: string, { deviceId, sensor }: Reading, path: string): void {
  if (ALLOWED.test(deviceId) && ALLOWED.test(sensor) && !ENDS_IN_SEPARATOR.test(deviceId)) return;
  const name = `${deviceId}/${sensor}`;
  throw new CodecError(
    codec,
    `a SenML name holds only letters, digits and - : . / _, got ${JSON.stringify(name)}`,
    path,
  );
}

function secondsOf(codec: string, { timestamp }: Reading, path: string): number {
  const seconds = timestamp / 1000;
  if (seconds >= RELATIVE_BELOW) return seconds;
  throw new CodecError(codec, `SenML carries times from 1978-07-04 on, got ${timestamp} ms`, path);
}

function putValue(codec: string, fields: SenmlFields, reading: Reading): void {
  const { value } = reading;
  checkFinite(codec, reading);
  if (typeof value === "number") fields.v = value;
  else if (typeof value === "boolean") fields.vb = value;
  else if (value !== null) fields[reading.metadata?.encoding === "base64url" ? "vd" : "vs"] = value;
}
