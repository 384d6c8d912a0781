import { checkReading, checkSensor, describe, type Reading, ReadingError } from "../reading";
import { CodecError, type CodecLimits, type DecodeContext } from "./contract";
import { fromReadingError, merged } from "./model";
import { splitSenmlName } from "./senml-name";
import { sensorOfSenmlUnit, ucumOfSenml } from "./senml-units";
import { secondsToMs } from "./timestamp";

/** A SenML record with the labels of RFC 8428 table 1; both JSON and CBOR are brought to it. */
export type SenmlRecord = ReadonlyMap<string, unknown>;

/** The version of RFC 8428 (section 4.4). */
const SENML_VERSION = 10;
/** Times below 2^28 s are relative to now (RFC 8428 section 4.5.3). */
export const RELATIVE_BELOW = 2 ** 28;

/** What base fields hold from one record to the next (RFC 8428 section 4.1). */
interface Base {
  name: string;
  time: number;
  unit: string | undefined;
  value: number | undefined;
  sum: number | undefined;
  version: number | undefined;
}

/** A record with its base fields applied. */
interface Resolved {
  readonly device: string;
  readonly sensor: string;
  readonly unit: string | undefined;
  readonly timestamp: number;
  readonly record: SenmlRecord;
  readonly index: number;
  readonly value: unknown;
  readonly sum: number | undefined;
}

/**
 * The readings of a SenML pack, its base fields resolved (RFC 8428 section 4.6) and units in UCUM. A record's sum becomes
 * a reading of its own, "<sensor>.sum" in unit times seconds; data values (vd) stay base64url text and say so in metadata.
 * @throws CodecError naming the record
 */
export function readingsOfSenml(
  codec: string,
  pack: readonly SenmlRecord[],
  context: DecodeContext,
  limits: CodecLimits,
): Reading[] {
  if (pack.length > limits.maxReadings) {
    throw new CodecError(codec, `expected at most ${limits.maxReadings} readings in a message, got ${pack.length}`);
  }
  const base: Base = { name: "", time: 0, unit: undefined, value: undefined, sum: undefined, version: undefined };
  const resolved: Resolved[] = [];
  const readings: Reading[] = [];
  let index = 0;
  try {
    for (; index < pack.length; index++) {
      const record = resolve(pack[index]!, index, base, context);
      if (record) resolved.push(record);
    }
    // A pack of several devices on one device's topic keeps them apart in the sensor's name.
    const several = context.deviceId !== "" && new Set(resolved.map((one) => one.device)).size > 1;
    for (const one of resolved) {
      index = one.index;
      pushReadings(one, several, context, readings);
    }
  } catch (error) {
    throw error instanceof ReadingError ? fromReadingError(codec, error, `[${index}]`) : error;
  }
  return readings;
}

function resolve(record: SenmlRecord, index: number, base: Base, context: DecodeContext): Resolved | undefined {
  takeBase(record, base);
  refuseUnknownMusts(record);
  // A record of base fields only sets them for what follows.
  if (!OWN_LABELS.some((label) => record.has(label))) return undefined;
  const value = recordValue(record, base);
  const sum = record.has("s") ? (base.sum ?? 0) + numberOf(record, "s") : base.sum;
  // Our own encoder says of a reading without value that its quality is bad; others must give one.
  if (value === undefined && sum === undefined && record.get("quality") !== "bad") {
    throw new ReadingError("expected a value (v, vs, vb or vd) or a sum (s)");
  }
  const { device, sensor } = splitSenmlName(base.name, textOf(record, "n") ?? "", context.deviceId !== "");
  const unit = textOf(record, "u") ?? base.unit;
  const seconds = base.time + (record.has("t") ? numberOf(record, "t") : 0);
  const timestamp = seconds < RELATIVE_BELOW ? context.receivedAt + secondsToMs(seconds) : secondsToMs(seconds);
  return { device, sensor: sensor || sensorOfSenmlUnit(unit), unit, timestamp, record, index, value, sum };
}

function takeBase(record: SenmlRecord, base: Base): void {
  base.name = textOf(record, "bn") ?? base.name;
  base.unit = textOf(record, "bu") ?? base.unit;
  if (record.has("bt")) base.time = numberOf(record, "bt");
  if (record.has("bv")) base.value = numberOf(record, "bv");
  if (record.has("bs")) base.sum = numberOf(record, "bs");
  if (!record.has("bver")) return;
  const version = numberOf(record, "bver");
  if (version > SENML_VERSION)
    throw new ReadingError(`expected a version up to ${SENML_VERSION}, got ${version}`, "bver");
  if (base.version !== undefined && base.version !== version) {
    throw new ReadingError(`expected one version in a pack, got ${base.version} and ${version}`, "bver");
  }
  base.version = version;
}

/** RFC 8428 section 4.4: a label that ends in "_" may not be ignored. None is defined, so each is refused. */
function refuseUnknownMusts(record: SenmlRecord): void {
  for (const label of record.keys()) {
    if (label.endsWith("_")) throw new ReadingError("a field that must be understood, and is not", label);
  }
}

const VALUE_LABELS = ["v", "vs", "vb", "vd"] as const;
const OWN_LABELS = ["n", "u", "t", "ut", "s", "quality", ...VALUE_LABELS] as const;

function recordValue(record: SenmlRecord, base: Base): unknown {
  const given = VALUE_LABELS.filter((label) => record.has(label));
  if (given.length > 1) throw new ReadingError(`expected one value, got ${given.join(" and ")}`);
  const [label] = given;
  // Of base value and value, the missing one counts as 0 (section 4.1); with neither the record has no value.
  if (label === undefined) return base.value;
  if (label === "v") return (base.value ?? 0) + numberOf(record, "v");
  const value = record.get(label);
  if (typeof value !== (label === "vb" ? "boolean" : "string")) {
    throw new ReadingError(`expected ${label === "vb" ? "true or false" : "text"}, got ${describe(value)}`, label);
  }
  return value;
}

function pushReadings(one: Resolved, several: boolean, context: DecodeContext, into: Reading[]): void {
  const { device, record, timestamp, value, sum } = one;
  const deviceId = context.deviceId || device;
  if (deviceId === "") throw new ReadingError("expected a name with a device, because the topic names none", "n");
  const sensor = checkSensor(
    several && device !== "" && device !== deviceId ? `${device}/${one.sensor}` : one.sensor,
    "n",
  );
  const data = record.has("vd") ? { encoding: "base64url" } : undefined;
  const shared = { deviceId, timestamp, quality: record.get("quality"), seq: record.get("seq") };
  const metadata = merged(context.metadata, data);
  const unit = ucumOfSenml(one.unit);
  if (value !== undefined || sum === undefined) {
    into.push(checkReading({ ...shared, sensor, value: value ?? null, unit, metadata }, context.receivedAt));
  }
  if (sum !== undefined) {
    const sumUnit = unit === "1" ? "s" : `${unit}.s`;
    into.push(
      checkReading({ ...shared, sensor: `${sensor}.sum`, value: sum, unit: sumUnit, metadata }, context.receivedAt),
    );
  }
}

function numberOf(record: SenmlRecord, label: string): number {
  const value = record.get(label);
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ReadingError(`expected a finite number, got ${describe(value)}`, label);
}

function textOf(record: SenmlRecord, label: string): string | undefined {
  const value = record.get(label);
  if (value === undefined || typeof value === "string") return value;
  throw new ReadingError(`expected text, got ${describe(value)}`, label);
}
