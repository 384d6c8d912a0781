import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Quality, Reading, ReadingValue } from "../../reading";
import { StoreError } from "../errors";
import { ByteReader, ByteWriter } from "./bytes";

/*
 * A block holds consecutive readings of one series, column by column: neighbours are alike, so differences are small.
 *
 *   version  count  timestamps  values  qualities  units  extras
 *
 * Each column begins with a byte that says how it is written. Timestamps: differences of differences, 0 for a regular
 * series. Values: decimal numbers such as 21.5 as differences of scaled integers, any other number as it is.
 */
const VERSION = 1;
const AS_DIFFERENCES = 0;
const AS_DOUBLES = 16;
const AS_JSON = 32;
const AS_DEFLATED_JSON = 33;
const ALL_ALIKE = 0;
const ONE_EACH = 1;
const NONE = 0;

const QUALITIES: readonly Quality[] = ["good", "uncertain", "bad"];
const MAX_DECIMALS = 6;
/** Differences of integers below this bound, and differences of those, still fit a double exactly. */
const MAX_INTEGER = 2 ** 50;
const WORTH_DEFLATING = 256;

/** What a reading may carry besides the columns; stored as JSON. */
type Extra = Pick<Reading, "seq" | "marks" | "metadata" | "anomaly" | "health" | "prediction">;

const scratch = new ByteWriter();

/** Packs readings of one series; device and sensor are not part of the block. About 3 bytes a plain reading. */
export function encodeBlock(readings: readonly Reading[]): Uint8Array {
  scratch.reset();
  scratch.byte(VERSION);
  scratch.unsigned(readings.length);
  writeTimestamps(readings);
  writeValues(readings);
  writeQualities(readings);
  writeUnits(readings);
  writeExtras(readings);
  return scratch.copy();
}

/**
 * Unpacks what encodeBlock packed; every reading is marked historical.
 * @throws StoreError "corrupt", or "newer-version" for a layout this pack does not know
 */
export function decodeBlock(data: Uint8Array, deviceId: string, sensor: string): Reading[] {
  const version = data[0];
  if (version !== VERSION) {
    throw new StoreError("newer-version", `history block of version ${version}: this pack reads version ${VERSION}`);
  }
  try {
    return readBlock(new ByteReader(data, 1), deviceId, sensor);
  } catch (error) {
    throw new StoreError("corrupt", `history of ${deviceId}/${sensor}: a block cannot be read`, { cause: error });
  }
}

function readBlock(from: ByteReader, deviceId: string, sensor: string): Reading[] {
  const count = from.unsigned();
  const timestamps = readTimestamps(from, count);
  const values = readValues(from, count);
  const qualities = readQualities(from, count);
  const units = readUnits(from, count);
  const extras = readExtras(from);
  const readings: Reading[] = [];
  for (let i = 0; i < count; i += 1) {
    readings.push({
      deviceId,
      sensor,
      value: values[i] as ReadingValue,
      unit: units[i] as string,
      timestamp: timestamps[i] as number,
      quality: qualities[i] as Quality,
      historical: true,
      ...extras?.[i],
    });
  }
  return readings;
}

function writeTimestamps(readings: readonly Reading[]): void {
  if (!readings.every(({ timestamp }) => Number.isInteger(timestamp) && Math.abs(timestamp) < MAX_INTEGER)) {
    scratch.byte(AS_DOUBLES);
    for (const { timestamp } of readings) scratch.double(timestamp);
    return;
  }
  scratch.byte(AS_DIFFERENCES);
  let previous = 0;
  let step = 0;
  for (const { timestamp } of readings) {
    scratch.signed(timestamp - previous - step);
    step = timestamp - previous;
    previous = timestamp;
  }
}

function readTimestamps(from: ByteReader, count: number): number[] {
  const doubles = from.byte() === AS_DOUBLES;
  const timestamps: number[] = [];
  let previous = 0;
  let step = 0;
  for (let i = 0; i < count; i += 1) {
    if (!doubles) step += from.signed();
    previous = doubles ? from.double() : previous + step;
    timestamps.push(previous);
  }
  return timestamps;
}

function writeValues(readings: readonly Reading[]): void {
  if (!readings.every(({ value }) => typeof value === "number")) {
    scratch.byte(AS_JSON);
    scratch.text(JSON.stringify(readings.map(({ value }) => (Object.is(value, -0) ? { zero: -1 } : value))));
    return;
  }
  const decimals = decimalsOf(readings);
  if (decimals === undefined) {
    scratch.byte(AS_DOUBLES);
    for (const { value } of readings) scratch.double(value as number);
    return;
  }
  scratch.byte(decimals);
  const scale = 10 ** decimals;
  let previous = 0;
  for (const { value } of readings) {
    const scaled = Math.round((value as number) * scale);
    scratch.signed(scaled - previous);
    previous = scaled;
  }
}

function readValues(from: ByteReader, count: number): ReadingValue[] {
  const kind = from.byte();
  if (kind === AS_JSON) {
    const values = JSON.parse(from.text()) as (ReadingValue | object)[];
    return values.map((value) => (typeof value === "object" && value !== null ? -0 : value));
  }
  const values: number[] = [];
  const scale = 10 ** kind;
  let previous = 0;
  for (let i = 0; i < count; i += 1) {
    if (kind === AS_DOUBLES) values.push(from.double());
    else {
      previous += from.signed();
      values.push(previous / scale);
    }
  }
  return values;
}

/** The decimals with which every value is exactly a scaled integer, or undefined when there is no such number. */
function decimalsOf(readings: readonly Reading[]): number | undefined {
  let decimals = 0;
  for (const { value } of readings) {
    while (!isScaled(value as number, 10 ** decimals)) {
      decimals += 1;
      if (decimals > MAX_DECIMALS) return undefined;
    }
  }
  // More decimals may have come up late, and what was exact with few need not be with more.
  return readings.every(({ value }) => isScaled(value as number, 10 ** decimals)) ? decimals : undefined;
}

function isScaled(value: number, scale: number): boolean {
  const scaled = Math.round(value * scale);
  // An integer has no negative zero, so that one has to be written as a double.
  return Math.abs(scaled) < MAX_INTEGER && scaled / scale === value && !Object.is(value, -0);
}

function writeQualities(readings: readonly Reading[]): void {
  const alike = readings.every(({ quality }) => quality === "good");
  scratch.byte(alike ? ALL_ALIKE : ONE_EACH);
  if (alike) return;
  for (const { quality } of readings) scratch.byte(QUALITIES.indexOf(quality));
}

function readQualities(from: ByteReader, count: number): Quality[] {
  if (from.byte() === ALL_ALIKE) return new Array<Quality>(count).fill("good");
  return Array.from({ length: count }, () => QUALITIES[from.byte()] ?? "bad");
}

function writeUnits(readings: readonly Reading[]): void {
  const unit = readings[0]?.unit ?? "";
  const alike = readings.every((reading) => reading.unit === unit);
  scratch.byte(alike ? ALL_ALIKE : ONE_EACH);
  scratch.text(alike ? unit : JSON.stringify(readings.map((reading) => reading.unit)));
}

function readUnits(from: ByteReader, count: number): string[] {
  if (from.byte() === ALL_ALIKE) return new Array<string>(count).fill(from.text());
  return JSON.parse(from.text()) as string[];
}

function writeExtras(readings: readonly Reading[]): void {
  const extras = readings.map(extraOf);
  if (extras.every((extra) => extra === undefined)) {
    scratch.byte(NONE);
    return;
  }
  const json = JSON.stringify(extras);
  const deflate = json.length > WORTH_DEFLATING;
  scratch.byte(deflate ? AS_DEFLATED_JSON : AS_JSON);
  if (deflate) scratch.bytes(deflateRawSync(json, { level: 1 }));
  else scratch.text(json);
}

function readExtras(from: ByteReader): (Extra | null)[] | undefined {
  const kind = from.byte();
  if (kind === NONE) return undefined;
  return JSON.parse(kind === AS_DEFLATED_JSON ? inflateRawSync(from.bytes()).toString() : from.text());
}

/** What the reading carries beyond the columns, or undefined when that is nothing. */
export function extraOf(reading: Reading): Extra | undefined {
  const { seq, marks, metadata, anomaly, health, prediction } = reading;
  const verdict = anomaly ?? health ?? prediction;
  if (seq === undefined && marks === undefined && metadata === undefined && verdict === undefined) return undefined;
  return { seq, marks, metadata, anomaly, health, prediction };
}
