import { checkReading, checkSensor, type Reading, ReadingError } from "../reading";
import { CodecError, type CodecLimits, type DecodeContext } from "./contract";
import { fromReadingError, merged } from "./model";
import { type SenmlName, splitSenmlName } from "./senml-name";
import { hasOwnFields, numberOf, SenmlBase, type SenmlRecord, textOf, valueOfRecord } from "./senml-record";
import { sensorOfSenmlUnit, ucumOfSenml } from "./senml-units";
import { secondsToMs } from "./timestamp";

/** Times below 2^28 s are relative to now (RFC 8428 section 4.5.3). */
export const RELATIVE_BELOW = 2 ** 28;
/** Names remembered; a fleet repeats its own in every pack. */
const NAME_CACHE = 10_000;

/** A record with its base fields applied. */
interface Resolved {
  readonly device: string;
  readonly sensor: string;
  readonly unit: string;
  readonly timestamp: number;
  readonly value: unknown;
  readonly sum: number | undefined;
  readonly record: SenmlRecord;
  readonly index: number;
}

/**
 * Reads SenML packs: base fields resolved (RFC 8428 section 4.6), units in UCUM. A record's sum becomes a reading of its
 * own, "<sensor>.sum" in unit times seconds; data values (vd) stay base64url text and say so in metadata.
 */
export class SenmlReader {
  readonly #names = new Map<string, SenmlName>();

  constructor(
    private readonly codec: string,
    private readonly limits: CodecLimits,
  ) {}

  /** @throws CodecError naming the record */
  read(pack: readonly SenmlRecord[], context: DecodeContext): Reading[] {
    const { maxReadings } = this.limits;
    if (pack.length > maxReadings) {
      throw new CodecError(this.codec, `expected at most ${maxReadings} readings in a message, got ${pack.length}`);
    }
    const base = new SenmlBase();
    const resolved: Resolved[] = [];
    const readings: Reading[] = [];
    let index = 0;
    try {
      for (; index < pack.length; index++) {
        const one = this.#resolve(pack[index]!, index, base, context);
        if (one) resolved.push(one);
      }
      // A pack of several devices on one device's topic keeps them apart in the sensor's name.
      const several = context.deviceId !== "" && resolved.some(({ device }) => device !== resolved[0]?.device);
      for (const one of resolved) {
        index = one.index;
        pushReadings(one, several, context, readings);
      }
    } catch (error) {
      throw error instanceof ReadingError ? fromReadingError(this.codec, error, `[${index}]`) : error;
    }
    return readings;
  }

  #resolve(record: SenmlRecord, index: number, base: SenmlBase, context: DecodeContext): Resolved | undefined {
    base.take(record);
    if (!hasOwnFields(record)) return undefined;
    const { n, u, t, s } = record;
    const value = valueOfRecord(record, base);
    const sum = s === undefined ? base.sum : (base.sum ?? 0) + numberOf(s, "s");
    // Our own encoder says of a reading without value that its quality is bad; others must give one.
    if (value === undefined && sum === undefined && record.quality !== "bad") {
      throw new ReadingError("expected a value (v, vs, vb or vd) or a sum (s)");
    }
    const { device, sensor } = this.#split(base.name, n === undefined ? "" : textOf(n, "n"), context.deviceId !== "");
    const unit = u === undefined ? base.unit : textOf(u, "u");
    const seconds = t === undefined ? base.time : base.time + numberOf(t, "t");
    const timestamp = secondsToMs(seconds) + (seconds < RELATIVE_BELOW ? context.receivedAt : 0);
    return {
      device,
      sensor: sensor || sensorOfSenmlUnit(unit),
      unit: ucumOfSenml(unit),
      timestamp,
      value,
      sum,
      record,
      index,
    };
  }

  #split(baseName: string, ownName: string, topicNamesDevice: boolean): SenmlName {
    // No name holds a space, and where the base name ends matters.
    const key = `${topicNamesDevice ? 1 : 0}${baseName} ${ownName}`;
    const known = this.#names.get(key);
    if (known) return known;
    const name = splitSenmlName(baseName, ownName, topicNamesDevice);
    if (this.#names.size >= NAME_CACHE) this.#names.clear();
    this.#names.set(key, name);
    return name;
  }
}

function pushReadings(one: Resolved, several: boolean, context: DecodeContext, into: Reading[]): void {
  const { device, record, timestamp, unit, value, sum } = one;
  const deviceId = context.deviceId || device;
  if (deviceId === "") throw new ReadingError("expected a name with a device, because the topic names none", "n");
  const apart = several && device !== "" && device !== deviceId;
  const sensor = checkSensor(apart ? `${device}/${one.sensor}` : one.sensor, "n");
  const { quality, seq } = record;
  const metadata = record.vd === undefined ? context.metadata : merged(context.metadata, { encoding: "base64url" });
  const push = (name: string, measured: unknown, inUnit: string) => {
    const reading = { deviceId, sensor: name, value: measured, unit: inUnit, timestamp, quality, seq, metadata };
    into.push(checkReading(reading, timestamp));
  };
  if (value !== undefined || sum === undefined) push(sensor, value ?? null, unit);
  if (sum !== undefined) push(`${sensor}.sum`, sum, unit === "1" ? "s" : `${unit}.s`);
}
