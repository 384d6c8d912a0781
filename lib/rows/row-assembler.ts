import { DeviceClock } from "../clock";
import { numberWithin } from "../numeric/limits";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import type { Reading } from "../reading/reading";
import type { Row } from "./row";
import { type RowObserver, RowTroubles } from "./row-troubles";
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
  /** The unit that a sensor must have, where it is known; that of the sensor's first reading otherwise. */
  readonly expectedUnit?: (sensor: string) => ExpectedUnit | undefined;
  /** Is told what is left out, and when that becomes trouble. */
  readonly observer?: RowObserver;
}

export interface ExpectedUnit {
  readonly unit: string;
  /** What people can do about readings of another one: "convert it before". */
  readonly remedy: string;
}

const UNOBSERVED: RowObserver = { lost: () => undefined, trouble: () => undefined };

/** Most columns of a row. */
export const MAX_SENSORS = 256;

/**
 * Joins the readings of one device into rows. A row is complete as soon as every sensor has a value of its timestamp; when
 * a later timestamp comes first, what is missing is filled with values that may still be held, or the row is incomplete.
 * Booleans count as 0 and 1; bad readings and texts are ignored. Left out and counted are readings that come after a later one has
 * closed their row, those with a time far ahead that the next one does not confirm, and those whose unit is another one than
 * their sensor had at first. When the device's time begins anew, so do its rows.
 */
export class RowAssembler implements Snapshotable {
  /** Rows that were given up because sensors were missing. */
  incomplete = 0;
  /** Readings that came after their row had been closed. */
  late = 0;
  /** Readings that were dated too far ahead. */
  ahead = 0;
  /** Readings whose unit was not that of their column. */
  otherUnit = 0;
  readonly #clock = new DeviceClock();
  readonly #troubles: RowTroubles;
  readonly #hold: number;
  readonly #allowMissing: boolean;
  readonly #expectedUnit: (sensor: string) => ExpectedUnit | undefined;
  readonly #discovery: SensorDiscovery | undefined;
  #columns = new Map<string, number>();
  #values = new Float64Array(0);
  #measured = new Float64Array(0);
  #units: (string | undefined)[] = [];
  #deviceId = "";
  #open: number | undefined;
  #closed = Number.NEGATIVE_INFINITY;
  /** Sensors that have a value of the open timestamp. */
  #fresh = 0;

  /** @throws RangeError naming the option */
  constructor(options: RowOptions) {
    const { sensors, observer = UNOBSERVED } = options;
    this.#troubles = new RowTroubles(observer);
    this.#hold = numberWithin("hold", options.hold, 0, Number.MAX_VALUE);
    this.#allowMissing = options.allowMissing ?? false;
    this.#expectedUnit = options.expectedUnit ?? (() => undefined);
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
    const { deviceId, sensor, timestamp, unit } = reading;
    const value = numberOf(reading);
    this.#deviceId = deviceId;
    this.#troubles.heard(deviceId, timestamp);
    const column = value === undefined ? undefined : this.#columnOf(sensor, timestamp);
    if (value === undefined || column === undefined) {
      if (this.hasBegun) this.#troubles.elsewhere(deviceId, timestamp, this.#newest, this.#hold, this.sensors);
      return undefined;
    }
    return this.#isOfUnit(column, sensor, unit) && this.#isInTime(sensor, timestamp)
      ? this.#take(column, value, timestamp)
      : undefined;
  }

  /** Whether any reading was one of a column. */
  get hasBegun(): boolean {
    return this.#clock.latest !== undefined;
  }

  get #newest(): number {
    return this.#clock.latest ?? Number.NEGATIVE_INFINITY;
  }

  #columnOf(sensor: string, timestamp: number): number | undefined {
    if (this.#columns.size === 0) {
      const found = this.#discovery?.push(sensor, timestamp);
      if (!found) return undefined;
      this.#setColumns(found);
    }
    return this.#columns.get(sensor);
  }

  #isOfUnit(column: number, sensor: string, unit: string): boolean {
    const expected = this.#expectedUnit(sensor);
    const right = expected?.unit ?? this.#units[column] ?? unit;
    if (unit !== right) {
      this.otherUnit += 1;
      const told = expected ? `${unit}, expected ${right}` : `${unit} after ${right}`;
      this.#troubles.otherUnit(this.#deviceId, sensor, told, expected?.remedy ?? "left out until a reset");
      return false;
    }
    this.#units[column] = unit;
    return true;
  }

  #isInTime(sensor: string, timestamp: number): boolean {
    const before = this.#newest;
    const tick = this.#clock.tick(timestamp);
    if (tick === "leap") {
      this.ahead += 1;
      this.#troubles.ahead(this.#deviceId, timestamp);
      return false;
    }
    if (tick === "restarted") {
      this.#beginAnew();
      this.#troubles.restarted(this.#deviceId, before, timestamp);
    }
    if (tick === "late" || timestamp <= this.#closed || (this.#open !== undefined && timestamp < this.#open)) {
      this.late += 1;
      this.#troubles.late(this.#deviceId, this.#columns.size);
      return false;
    }
    this.#troubles.taken(this.#deviceId, sensor, timestamp);
    return true;
  }

  /** Nothing of another time may stand for its sensor. */
  #beginAnew(): void {
    this.#open = undefined;
    this.#closed = Number.NEGATIVE_INFINITY;
    this.#fresh = 0;
    this.#measured.fill(Number.NEGATIVE_INFINITY);
  }

  /** Closes the open row, as a later reading would: for the end of a recording. */
  flush(): Row | undefined {
    return this.#close();
  }

  #take(column: number, value: number, timestamp: number): Row | undefined {
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
    const elapsed = Number.isFinite(this.#closed) ? timestamp - this.#closed : undefined;
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
    if (missing === 0) {
      this.#troubles.complete(this.#deviceId, elapsed);
    } else {
      const measured = (): ReadonlyMap<string, number> =>
        new Map([...this.#columns].map(([sensor, i]) => [sensor, this.#measured[i] as number]));
      this.#troubles.incomplete(this.#deviceId, elapsed, timestamp, measured);
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
    this.#units = sensors.map(() => undefined);
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
      units: this.#units.map((unit) => unit ?? null),
      interval: this.#troubles.interval,
      clock: this.#clock.snapshot(),
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
    const units = unitsOf(saved.any("units"), sensors.length);
    const interval = saved.optionalNumber("interval");
    const clock = saved.any("clock");
    if (clock !== undefined) this.#clock.restore(clock);
    // States of before there were clocks have the time of the newest row.
    else if (Number.isFinite(open ?? closed)) this.#clock.tick(open ?? closed);
    if (sensors.length > 0) this.#setColumns(sensors);
    else this.#discovery?.restore(saved.any("discovery"));
    this.#values.set(values);
    this.#measured.set(measured);
    if (units) this.#units = units;
    this.#troubles.interval = interval;
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

/** Undefined for states of before units were kept. */
function unitsOf(saved: unknown, length: number): (string | undefined)[] | undefined {
  if (saved === undefined) return undefined;
  if (!Array.isArray(saved) || saved.length !== length) throw new StateError(`units: expected ${length}`);
  return saved.map((unit) => {
    if (unit === null || typeof unit === "string") return unit ?? undefined;
    throw new StateError("units: expected names or null");
  });
}

function withGaps(saved: readonly unknown[], length: number, gap: number): Float64Array {
  if (saved.length !== length) throw new StateError(`expected ${length} values, got ${saved.length}`);
  return Float64Array.from(saved, (value) => {
    if (value === null) return gap;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new StateError("expected numbers or null");
  });
}
