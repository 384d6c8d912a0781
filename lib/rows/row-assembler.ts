import { numberWithin } from "../numeric/limits";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import type { Reading } from "../reading/reading";
import type { Row } from "./row";
import { SensorDiscovery } from "./sensor-discovery";

export interface RowOptions {
  /** The columns, in their order. Empty: those found in the first rows of the device, by name. */
  readonly sensors: readonly string[];
  /**
   * How long a value stands for its sensor after it was measured, ms: for sensors that report slower than others. With 0 a row
   * holds only what has one timestamp.
   */
  readonly hold: number;
  /** Rows with missing sensors come out too, NaN in their place; false by default: they are counted as incomplete. */
  readonly allowMissing?: boolean;
}

/** Most columns of a row. */
export const MAX_SENSORS = 256;

/**
 * Joins the readings of one device into rows. A row is complete as soon as every sensor has a value of its timestamp; when
 * a later timestamp comes first, what is missing is filled with values that may still be held, or the row is incomplete.
 * Booleans count as 0 and 1; bad readings, texts and readings that come after a later one has closed their row are ignored.
 */
export class RowAssembler implements Snapshotable {
  /** Rows that were given up because sensors were missing. */
  incomplete = 0;
  /** Readings that came after their row had been closed. */
  late = 0;
  readonly #hold: number;
  readonly #allowMissing: boolean;
  readonly #discovery: SensorDiscovery | undefined;
  #columns = new Map<string, number>();
  #values = new Float64Array(0);
  #measured = new Float64Array(0);
  #deviceId = "";
  #open: number | undefined;
  #closed = Number.NEGATIVE_INFINITY;
  /** Sensors that have a value of the open timestamp. */
  #fresh = 0;

  /** @throws RangeError naming the option */
  constructor(options: RowOptions) {
    const { sensors } = options;
    this.#hold = numberWithin("hold", options.hold, 0, Number.MAX_VALUE);
    this.#allowMissing = options.allowMissing ?? false;
    if (sensors.length > MAX_SENSORS) {
      throw new RangeError(`sensors: expected at most ${MAX_SENSORS}, got ${sensors.length}`);
    }
    if (new Set(sensors).size < sensors.length) throw new RangeError("sensors: expected each sensor once");
    if (sensors.length > 0) this.#setColumns(sensors);
    else this.#discovery = new SensorDiscovery(MAX_SENSORS);
  }

  /** The columns; empty while they are being discovered. */
  get sensors(): readonly string[] {
    return [...this.#columns.keys()];
  }

  /**
   * Takes a reading in.
   * @returns the row that it completed, or that it closed by being of a later time
   */
  push(reading: Reading): Row | undefined {
    const value = numberOf(reading);
    if (value === undefined) return undefined;
    this.#deviceId = reading.deviceId;
    if (this.#columns.size === 0) {
      const found = this.#discovery?.push(reading.sensor, reading.timestamp);
      if (!found) return undefined;
      this.#setColumns(found);
    }
    const column = this.#columns.get(reading.sensor);
    return column === undefined ? undefined : this.#take(column, value, reading.timestamp);
  }

  /** Closes the open row, as a later reading would: for the end of a recording. */
  flush(): Row | undefined {
    return this.#close();
  }

  #take(column: number, value: number, timestamp: number): Row | undefined {
    if (timestamp <= this.#closed || (this.#open !== undefined && timestamp < this.#open)) {
      this.late += 1;
      return undefined;
    }
    const before = this.#open !== undefined && timestamp > this.#open ? this.#close() : undefined;
    this.#open = timestamp;
    if (this.#measured[column] !== timestamp) this.#fresh += 1;
    this.#values[column] = value;
    this.#measured[column] = timestamp;
    if (this.#fresh < this.#columns.size) return before;
    // Both at once happens only with a single column, whose rows never stay open.
    return this.#close() ?? before;
  }

  #close(): Row | undefined {
    const timestamp = this.#open;
    if (timestamp === undefined) return undefined;
    this.#open = undefined;
    this.#closed = timestamp;
    this.#fresh = 0;
    const values = this.#values.slice();
    let missing = 0;
    for (let i = 0; i < values.length; i++) {
      if (timestamp - (this.#measured[i] as number) <= this.#hold) continue;
      values[i] = Number.NaN;
      missing += 1;
    }
    if (missing > 0 && !this.#allowMissing) {
      this.incomplete += 1;
      return undefined;
    }
    return { deviceId: this.#deviceId, timestamp, values };
  }

  #setColumns(sensors: readonly string[]): void {
    this.#columns = new Map(sensors.map((sensor, i) => [sensor, i]));
    this.#values = new Float64Array(sensors.length).fill(Number.NaN);
    this.#measured = new Float64Array(sensors.length).fill(Number.NEGATIVE_INFINITY);
  }

  snapshot(): unknown {
    return {
      deviceId: this.#deviceId,
      sensors: this.sensors,
      discovery: this.#columns.size === 0 ? this.#discovery?.snapshot() : undefined,
      open: this.#open,
      closed: finiteOrNull(this.#closed),
      values: Array.from(this.#values, finiteOrNull),
      measured: Array.from(this.#measured, finiteOrNull),
      incomplete: this.incomplete,
      late: this.late,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const sensors = saved.list("sensors", MAX_SENSORS);
    if (!sensors.every((sensor) => typeof sensor === "string")) throw new StateError("sensors: expected names");
    const fits = this.#discovery !== undefined || sensors.join("\n") === this.sensors.join("\n");
    if (!fits) throw new StateError("sensors: expected those of the configuration");
    const values = withGaps(saved.list("values", sensors.length), sensors.length, Number.NaN);
    const measured = withGaps(saved.list("measured", sensors.length), sensors.length, Number.NEGATIVE_INFINITY);
    const open = saved.optionalNumber("open");
    const closed = saved.optionalNumber("closed") ?? Number.NEGATIVE_INFINITY;
    const incomplete = saved.index("incomplete", Number.MAX_SAFE_INTEGER);
    const late = saved.index("late", Number.MAX_SAFE_INTEGER);
    if (sensors.length > 0) this.#setColumns(sensors);
    else this.#discovery?.restore(saved.any("discovery"));
    this.#values.set(values);
    this.#measured.set(measured);
    this.#fresh = open === undefined ? 0 : measured.filter((time) => time === open).length;
    this.#deviceId = String(saved.any("deviceId") ?? "");
    [this.#open, this.#closed, this.incomplete, this.late] = [open, closed, incomplete, late];
  }
}

function numberOf({ value, quality }: Reading): number | undefined {
  if (quality === "bad") return undefined;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" ? value : undefined;
}

/** JSON knows neither NaN nor Infinity. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function withGaps(saved: readonly unknown[], length: number, gap: number): Float64Array {
  if (saved.length !== length) throw new StateError(`expected ${length} values, got ${saved.length}`);
  return Float64Array.from(saved, (value) => {
    if (value === null) return gap;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new StateError("expected numbers or null");
  });
}
