import type { ArrivalMark, Quality, Reading, ReadingValue } from "./reading";

/** Why something is not a reading: where it was wrong and what was expected. Carries the offending input's summary. */
export class ReadingError extends Error {
  override readonly name = "ReadingError";
  constructor(
    message: string,
    /** Path inside the input, such as "sensors[2].value"; "" for the input itself. */
    readonly path = "",
  ) {
    super(path ? `${path}: ${message}` : message);
  }
}

/** Longest accepted device id or sensor name, in UTF-16 units: both become MQTT topic levels and index keys. */
export const MAX_NAME_LENGTH = 256;
const MAX_TEXT_VALUE = 65_536;
const MAX_METADATA_ENTRIES = 64;
const MAX_METADATA_LENGTH = 1024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must find
const FORBIDDEN_IN_DEVICE_ID = /[/+#\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must find
const FORBIDDEN_IN_SENSOR = /[+#\u0000-\u001f\u007f]/;
const PROTOTYPE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** True for the keys that could reach an object's prototype; refused at every JSON and path entry. */
export function isPrototypeKey(key: string): boolean {
  return PROTOTYPE_KEYS.has(key);
}

/** Returns the id, or throws ReadingError saying what is wrong with it. */
export function checkDeviceId(id: unknown, path = "deviceId"): string {
  return checkName(id, path, FORBIDDEN_IN_DEVICE_ID, "/, +, # or control characters");
}

/** Returns the sensor name, or throws ReadingError saying what is wrong with it. */
export function checkSensor(sensor: unknown, path = "sensor"): string {
  return checkName(sensor, path, FORBIDDEN_IN_SENSOR, "+, # or control characters");
}

function checkName(name: unknown, path: string, forbidden: RegExp, what: string): string {
  if (typeof name !== "string" || name === "") {
    throw new ReadingError(`expected a non-empty string, got ${describe(name)}`, path);
  }
  if (name.length > MAX_NAME_LENGTH) {
    throw new ReadingError(`expected at most ${MAX_NAME_LENGTH} characters, got ${name.length}`, path);
  }
  if (forbidden.test(name)) throw new ReadingError(`must not contain ${what}, got ${describe(name)}`, path);
  if (isPrototypeKey(name)) throw new ReadingError(`the name "${name}" is reserved`, path);
  return name;
}

/** Returns the value, or throws: numbers must be finite, text short enough, null only with quality "bad". */
export function checkValue(value: unknown, quality: Quality, path = "value"): ReadingValue {
  switch (typeof value) {
    case "number":
      if (Number.isFinite(value)) return value;
      throw new ReadingError(`expected a finite number, got ${value}`, path);
    case "boolean":
      return value;
    case "string":
      if (value.length <= MAX_TEXT_VALUE) return value;
      throw new ReadingError(`expected at most ${MAX_TEXT_VALUE} characters, got ${value.length}`, path);
    default:
      if (value === null && quality === "bad") return null;
      throw new ReadingError(
        value === null
          ? 'null is allowed only with quality "bad"'
          : `expected a number, boolean or string, got ${describe(value)}`,
        path,
      );
  }
}

/** Returns milliseconds since the epoch, or throws. Accepts what a Date can hold: |t| <= 8.64e15. */
export function checkTimestamp(timestamp: unknown, path = "timestamp"): number {
  if (typeof timestamp === "number" && Number.isFinite(timestamp) && Math.abs(timestamp) <= 8.64e15) return timestamp;
  throw new ReadingError(`expected milliseconds since 1970, got ${describe(timestamp)}`, path);
}

/** Copies string, number and boolean entries as strings; throws on reserved keys, nesting and excess. */
export function checkMetadata(metadata: unknown, path = "metadata"): Readonly<Record<string, string>> | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (typeof metadata !== "object" || Array.isArray(metadata)) {
    throw new ReadingError(`expected an object of strings, got ${describe(metadata)}`, path);
  }
  const entries = Object.entries(metadata);
  if (entries.length === 0) return undefined;
  if (entries.length > MAX_METADATA_ENTRIES) {
    throw new ReadingError(`expected at most ${MAX_METADATA_ENTRIES} entries, got ${entries.length}`, path);
  }
  const copy: Record<string, string> = Object.create(null);
  for (const [key, value] of entries) {
    if (isPrototypeKey(key)) throw new ReadingError(`the key "${key}" is reserved`, path);
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw new ReadingError(`expected a string, got ${describe(value)}`, `${path}.${key}`);
    }
    const text = String(value);
    if (text.length > MAX_METADATA_LENGTH) {
      throw new ReadingError(`expected at most ${MAX_METADATA_LENGTH} characters`, `${path}.${key}`);
    }
    copy[key] = text;
  }
  return copy;
}

const QUALITIES: readonly unknown[] = ["good", "uncertain", "bad"];
const MARKS: readonly unknown[] = ["late", "future", "duplicate"];

/**
 * Checks anything that claims to be a reading and returns it typed. Fields that a sender may leave out get their
 * defaults: unit "1", timestamp `now`, quality "good".
 * @throws ReadingError naming the field
 */
export function checkReading(input: unknown, now: number, path = ""): Reading {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new ReadingError(`expected a reading, got ${describe(input)}`, path);
  }
  const at = (field: string): string => (path ? `${path}.${field}` : field);
  const raw = input as Record<string, unknown>;
  const quality = raw.quality ?? "good";
  if (!QUALITIES.includes(quality)) {
    throw new ReadingError(`expected good, uncertain or bad, got ${describe(quality)}`, at("quality"));
  }
  const unit = raw.unit ?? "1";
  if (typeof unit !== "string" || unit.length > 64) {
    throw new ReadingError(`expected a UCUM code, got ${describe(unit)}`, at("unit"));
  }
  const reading: Mutable<Reading> = {
    deviceId: checkDeviceId(raw.deviceId, at("deviceId")),
    sensor: checkSensor(raw.sensor, at("sensor")),
    value: checkValue(raw.value, quality as Quality, at("value")),
    unit,
    timestamp: raw.timestamp === undefined ? now : checkTimestamp(raw.timestamp, at("timestamp")),
    quality: quality as Quality,
  };
  if (raw.seq !== undefined) reading.seq = checkSeq(raw.seq, at("seq"));
  if (raw.historical === true) reading.historical = true;
  if (raw.marks !== undefined) reading.marks = checkMarks(raw.marks, at("marks"));
  const metadata = checkMetadata(raw.metadata, at("metadata"));
  if (metadata) reading.metadata = metadata;
  // Verdicts are written by our own nodes and travel as they are: a detector's object is its own business.
  if (isObject(raw.anomaly)) reading.anomaly = raw.anomaly as unknown as Reading["anomaly"];
  if (isObject(raw.health)) reading.health = raw.health as unknown as Reading["health"];
  if (isObject(raw.prediction)) reading.prediction = raw.prediction as unknown as Reading["prediction"];
  return reading;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function checkSeq(seq: unknown, path: string): number {
  if (typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw new ReadingError(`expected a non-negative integer, got ${describe(seq)}`, path);
}

function checkMarks(marks: unknown, path: string): readonly ArrivalMark[] {
  if (Array.isArray(marks) && marks.every((mark) => MARKS.includes(mark))) return marks as ArrivalMark[];
  throw new ReadingError(`expected some of late, future, duplicate, got ${describe(marks)}`, path);
}

/** An object with fields, as opposed to null and arrays. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A short, safe rendering of any input for an error message: type and at most 40 characters. */
export function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "number")
    return `${value}`;
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
