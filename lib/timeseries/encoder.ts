import { type Reading, type Refusal, SeriesMap } from "../reading";
import {
  escapeMeasurement,
  formatNanoseconds,
  identifyingTag,
  LineProtocolError,
  quoteField,
  splitLine,
  splitTime,
} from "./line-protocol";
import { MetadataTags } from "./metadata";
import { PointKeys } from "./point-keys";

export const MEASUREMENT = "sensor_data";

export interface EncoderOptions {
  /** Default "sensor_data". */
  readonly measurement?: string;
  /**
   * Which metadata become tags `meta_<key>`: all, or these keys only. Each new value of a tag is a new series in
   * InfluxDB, so metadata that change with every reading must not be among them.
   */
  readonly metadataTags?: "all" | readonly string[];
  /** Told once of each metadata key that has had very many different values, each of them a series. */
  readonly onManyValues?: (key: string, values: number) => void;
  /** Series whose recent timestamps are remembered. Default 100 000. */
  readonly seriesCap?: number;
}

export interface EncodedLines {
  /** One line a reading, each ended by a line feed. */
  readonly lines: string;
  readonly count: number;
  readonly refused: readonly Refusal[];
}

interface Series {
  /** Measurement and tags, escaped. */
  readonly head: string;
  readonly keys: PointKeys;
}

const NONE_REFUSED: readonly Refusal[] = [];

/**
 * Encodes readings as line protocol: measurement `sensor_data`; tags `device_id`, `sensor_type`, `unit` and `meta_*`;
 * fields by type, so that they never conflict: `value` (float), `value_bool`, `value_text`, then `quality`, `seq` and
 * what intelligence nodes have found. Each reading gets a timestamp of its own within its series; see PointKeys.
 */
export class LineEncoder {
  readonly #measurement: string;
  readonly #metadata: MetadataTags;
  readonly #series: SeriesMap<Series>;
  /** By head, because readings with different metadata may share the tags that are written. */
  readonly #keys: SeriesMap<PointKeys>;

  constructor(options: EncoderOptions = {}) {
    const { measurement = MEASUREMENT, metadataTags = "all", onManyValues, seriesCap } = options;
    this.#measurement = escapeMeasurement(measurement);
    this.#metadata = new MetadataTags(metadataTags, onManyValues);
    this.#series = new SeriesMap(seriesCap);
    this.#keys = new SeriesMap(seriesCap);
  }

  encode(readings: readonly Reading[]): EncodedLines {
    let lines = "";
    let count = 0;
    let refused: Refusal[] | undefined;
    for (const reading of readings) {
      try {
        lines += this.#line(reading);
        count += 1;
      } catch (error) {
        if (!(error instanceof LineProtocolError)) throw error;
        refused ??= [];
        refused.push({ input: reading, reason: error.message });
      }
    }
    return { lines, count, refused: refused ?? NONE_REFUSED };
  }

  /** Learns which timestamps are taken from lines that an earlier run of this encoder has made. */
  recall(lines: string): void {
    for (const line of lines.split("\n")) {
      const parts = splitLine(line);
      if (parts) this.#keysOf(parts.series).place(parts.ms, parts.ns, parts.fields);
    }
  }

  #line(reading: Reading): string {
    const { head, keys } = this.#seriesOf(reading);
    const { ms, ns } = splitTime(reading.timestamp);
    const { metadata } = reading;
    const fields = metadata ? fieldsOf(reading) + this.#metadata.fieldsOf(metadata) : fieldsOf(reading);
    const place = keys.place(ms, ns, fields);
    if (place === undefined) {
      throw new LineProtocolError("timestamp: a million readings of this series have the same millisecond already");
    }
    return `${head} ${fields} ${formatNanoseconds(ms, place)}\n`;
  }

  #seriesOf(reading: Reading): Series {
    const { metadata } = reading;
    const key = metadata ? cacheKey(reading) + this.#metadata.keyOf(metadata) : cacheKey(reading);
    const known = this.#series.get(key);
    if (known) return known;
    const fresh = this.#createSeries(reading);
    this.#series.set(key, fresh);
    return fresh;
  }

  #createSeries(reading: Reading): Series {
    let head = `${this.#measurement},device_id=${identifyingTag("deviceId", reading.deviceId)}`;
    if (reading.metadata) head += this.#metadata.tagsOf(reading.metadata);
    head += `,sensor_type=${identifyingTag("sensor", reading.sensor)}`;
    if (reading.unit !== "") head += `,unit=${identifyingTag("unit", reading.unit)}`;
    return { head, keys: this.#keysOf(head) };
  }

  #keysOf(head: string): PointKeys {
    return this.#keys.of(head, () => new PointKeys());
  }
}

/** Unique because what is cached has passed identifyingTag, which refuses control characters. */
function cacheKey({ deviceId, sensor, unit }: Reading): string {
  return `${deviceId}\n${sensor}\n${unit}`;
}

function fieldsOf(reading: Reading): string {
  let fields = valueField(reading);
  fields += `quality="${reading.quality}"`;
  if (Number.isSafeInteger(reading.seq)) fields += `,seq=${reading.seq}i`;
  return reading.anomaly || reading.health || reading.prediction ? fields + findingsOf(reading) : fields;
}

function valueField({ value }: Reading): string {
  switch (typeof value) {
    case "number":
      return `value=${value},`;
    case "boolean":
      return `value_bool=${value},`;
    case "string":
      return `value_text=${quoteField(value)},`;
    default:
      return "";
  }
}

function findingsOf({ anomaly, health, prediction }: Reading): string {
  let fields = "";
  if (anomaly) {
    if (Number.isFinite(anomaly.score)) fields += `,anomaly_score=${anomaly.score}`;
    fields += `,is_anomaly=${anomaly.isAnomaly === true}`;
  }
  if (health && Number.isFinite(health.index)) fields += `,health_index=${health.index}`;
  if (prediction && typeof prediction.value === "string") fields += `,prediction_text=${quoteField(prediction.value)}`;
  if (prediction && Number.isFinite(prediction.value)) fields += `,prediction=${prediction.value}`;
  return fields;
}
