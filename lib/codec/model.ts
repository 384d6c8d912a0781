import {
  checkDeviceId,
  checkMetadata,
  checkReading,
  checkSensor,
  describe,
  isObject,
  type Quality,
  type Reading,
  ReadingError,
} from "../reading";
import { CodecError, type CodecLimits, type DecodeContext } from "./contract";
import { NameCache } from "./name-cache";
import { wireTimestamp } from "./timestamp";

type Fields = Readonly<Record<string, unknown>>;
type Metadata = Readonly<Record<string, string>> | undefined;

/** What a message says once for all its sensors. */
interface Shared {
  readonly deviceId: string;
  readonly sensor: string | undefined;
  readonly timestamp: number;
  readonly seq: number | undefined;
  readonly metadata: Metadata;
}

/**
 * Reads the native object model, which JSON and MessagePack share:
 * `{"sensors": [{"type", "value", "unit", "metadata"}], "timestamp"}`, an array of such, one reading or an array of them.
 * A sensor may carry its own timestamp, quality and seq; the message may carry seq, metadata and, where the topic names
 * no device, deviceId. Fields of other names are left alone.
 */
export class ModelReader {
  readonly #devices = new NameCache(checkDeviceId);
  readonly #sensors = new NameCache(checkSensor);

  constructor(
    private readonly codec: string,
    private readonly limits: CodecLimits,
  ) {}

  /** @throws CodecError naming the field */
  read(model: unknown, context: DecodeContext): Reading[] {
    const readings: Reading[] = [];
    if (Array.isArray(model)) {
      this.#checkCount(model.length);
      for (let i = 0; i < model.length; i++) this.#readItem(model[i], context, readings, i);
    } else {
      this.#readItem(model, context, readings, -1);
    }
    return readings;
  }

  #readItem(item: unknown, context: DecodeContext, into: Reading[], index: number): void {
    let sensorIndex = -1;
    try {
      if (!isObject(item)) throw new ReadingError(`expected an object with "sensors", got ${describe(item)}`);
      const { sensors } = item;
      if (sensors === undefined && item.value !== undefined) {
        into.push(this.#readReading(item, this.#sharedByTopic(context)));
        return;
      }
      if (!Array.isArray(sensors)) {
        throw new ReadingError(`expected an array of {type, value}, got ${describe(sensors)}`, "sensors");
      }
      this.#checkCount(into.length + sensors.length);
      const shared = this.#sharedByMessage(item, context);
      for (sensorIndex = 0; sensorIndex < sensors.length; sensorIndex++) {
        into.push(this.#readReading(sensors[sensorIndex], shared));
      }
    } catch (error) {
      if (!(error instanceof ReadingError)) throw error;
      const message = index < 0 ? "" : `[${index}]`;
      throw fromReadingError(
        this.codec,
        error,
        sensorIndex < 0 ? message : `${message}${message && "."}sensors[${sensorIndex}]`,
      );
    }
  }

  #sharedByTopic(context: DecodeContext): Shared {
    const { deviceId, sensor, receivedAt, metadata } = context;
    return { deviceId, sensor, timestamp: receivedAt, seq: undefined, metadata };
  }

  #sharedByMessage(message: Fields, context: DecodeContext): Shared {
    const { deviceId, timestamp, seq, metadata } = message;
    return {
      deviceId: deviceId === undefined ? context.deviceId : this.#ownDevice(deviceId, context.deviceId),
      sensor: context.sensor,
      timestamp: timestamp === undefined ? context.receivedAt : wireTimestamp(timestamp),
      seq: seq === undefined ? undefined : checkSeq(seq),
      metadata: metadata === undefined ? context.metadata : merged(context.metadata, checkMetadata(metadata)),
    };
  }

  #readReading(raw: unknown, shared: Shared): Reading {
    if (!isObject(raw)) throw new ReadingError(`expected {type, value}, got ${describe(raw)}`);
    const { value, unit, timestamp, quality } = raw;
    const name = raw.type ?? raw.sensor ?? shared.sensor;
    const deviceId = raw.deviceId === undefined ? shared.deviceId : this.#ownDevice(raw.deviceId, shared.deviceId);
    if (deviceId === "") throw new ReadingError("expected a device id, because the topic names no device", "deviceId");
    if (hasExtras(raw) || typeof value !== "number" || !Number.isFinite(value)) {
      return this.#readInFull(raw, deviceId, name, shared);
    }
    const reading: Mutable<Reading> = {
      deviceId: this.#devices.of(deviceId, "deviceId"),
      sensor: this.#sensors.of(name, "type"),
      value,
      unit: checkUnit(unit ?? "1"),
      timestamp: timestamp === undefined ? shared.timestamp : wireTimestamp(timestamp),
      quality: checkQuality(quality ?? "good"),
    };
    if (shared.seq !== undefined) reading.seq = shared.seq;
    if (shared.metadata !== undefined) reading.metadata = shared.metadata;
    return reading;
  }

  /** The rarer fields take the general check, which knows them all. */
  #readInFull(raw: Fields, deviceId: string, name: unknown, shared: Shared): Reading {
    const timestamp = raw.timestamp === undefined ? shared.timestamp : wireTimestamp(raw.timestamp);
    const sensor = this.#sensors.of(name, "type");
    const reading = checkReading({ seq: shared.seq, ...raw, deviceId, sensor, timestamp }, timestamp);
    const metadata = merged(shared.metadata, reading.metadata);
    return metadata === reading.metadata ? reading : { ...reading, metadata };
  }

  #ownDevice(claimed: unknown, known: string): string {
    const deviceId = this.#devices.of(claimed, "deviceId");
    if (known === "" || known === deviceId) return deviceId;
    throw new ReadingError(`expected "${known}", the device of the topic, got ${describe(deviceId)}`, "deviceId");
  }

  #checkCount(count: number): void {
    if (count <= this.limits.maxReadings) return;
    throw new CodecError(this.codec, `expected at most ${this.limits.maxReadings} readings in a message, got ${count}`);
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function hasExtras(raw: Fields): boolean {
  return (
    raw.metadata !== undefined ||
    raw.seq !== undefined ||
    raw.historical !== undefined ||
    raw.marks !== undefined ||
    raw.anomaly !== undefined ||
    raw.health !== undefined ||
    raw.prediction !== undefined
  );
}

function checkQuality(quality: unknown): Quality {
  if (quality === "good" || quality === "uncertain" || quality === "bad") return quality;
  throw new ReadingError(`expected good, uncertain or bad, got ${describe(quality)}`, "quality");
}

function checkUnit(unit: unknown): string {
  if (typeof unit === "string" && unit.length <= 64) return unit;
  throw new ReadingError(`expected a UCUM code, got ${describe(unit)}`, "unit");
}

function checkSeq(seq: unknown): number {
  if (typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw new ReadingError(`expected a non-negative integer, got ${describe(seq)}`, "seq");
}

/** Both, the second one's entries winning; the same object when there is nothing to merge. */
export function merged(base: Metadata, own: Metadata): Metadata {
  if (base === undefined) return own;
  return own === undefined ? base : Object.assign(Object.create(null), base, own);
}

/** The same complaint as a codec's error, at a path inside the message. */
export function fromReadingError(codec: string, error: ReadingError, parent: string): CodecError {
  const reason = error.path ? error.message.slice(error.path.length + 2) : error.message;
  return new CodecError(codec, reason, [parent, error.path].filter(Boolean).join("."));
}
