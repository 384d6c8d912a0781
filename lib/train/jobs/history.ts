import type { Reading } from "../../reading";
import { type Row, RowAssembler } from "../../rows";
import type { HistoryService } from "../../store/contract";
import { countOf } from "../../text/plural";
import { TrainingError } from "../data";
import type { TrainingJob } from "./contract";
import { LeftOut } from "./left-out";
import type { TrainingTable } from "./table";

export interface HistoryOptions {
  /** Each is a unit. For rul those that ran to failure: their last reading is it. */
  readonly devices: readonly string[];
  /** First millisecond since the epoch. */
  readonly from?: number;
  /** How long a value stands for a sensor that reports slower than the others, ms. */
  readonly hold: number;
}

const PAGE = 10_000;
const MOST_VALUES = 20_000_000;
const MS_PER_HOUR = 3_600_000;

/**
 * The rows of some devices from the store's history; the unit is the device, the age in hours. A row's target is the latest value of
 * the sensor of that name. Reads page by page, and lets other work run in between.
 * @throws TrainingError when there is nothing to train on
 */
export async function historyTable(
  history: HistoryService,
  { devices, from, hold }: HistoryOptions,
  job: Pick<TrainingJob, "task" | "sensors" | "settings" | "target">,
): Promise<TrainingTable> {
  const all = devices.length > 0 ? devices : [...new Set(history.series().map(({ deviceId }) => deviceId))];
  if (all.length === 0) throw new TrainingError("the history has no devices");
  const sensors =
    job.sensors.length > 0 ? [...new Set([...job.sensors, ...job.settings])] : commonSensors(history, all, job);
  if (sensors.length === 0) throw new TrainingError("the devices have no sensor in common: name the sensors");
  const rows = new Rows(sensors, job.target);
  for (const deviceId of all) {
    rows.leftOut.beginDevice(deviceId);
    const assembler = new RowAssembler({ sensors, hold, observer: rows.leftOut });
    for await (const reading of readingsOf(history, deviceId, from)) rows.push(reading, assembler);
    rows.endDevice(assembler);
  }
  return rows.table();
}

/** Numeric sensors that every device has, but for the target. */
function commonSensors(
  history: HistoryService,
  devices: readonly string[],
  { target }: Pick<TrainingJob, "target">,
): string[] {
  const isNumeric = (deviceId: string, sensor: string): boolean =>
    typeof history.query({ deviceId, sensor, limit: 1, order: "newest" })[0]?.value === "number";
  const sets = devices.map((deviceId) => new Set(history.series(deviceId).map(({ sensor }) => sensor)));
  const [first = new Set<string>(), ...others] = sets;
  return [...first]
    .filter((sensor) => sensor !== target && others.every((set) => set.has(sensor)))
    .filter((sensor) => isNumeric(devices[0] as string, sensor))
    .sort();
}

async function* readingsOf(
  history: HistoryService,
  deviceId: string,
  from: number | undefined,
): AsyncGenerator<Reading> {
  let start = from;
  for (;;) {
    const page = history.query({ deviceId, limit: PAGE, ...(start !== undefined && { from: start }) });
    const isLast = page.length < PAGE;
    // The readings of the last moment may go on in the next page, which begins with that moment.
    const end = isLast ? Number.POSITIVE_INFINITY : (page.at(-1) as Reading).timestamp;
    yield* page.filter(({ timestamp }) => timestamp < end);
    if (isLast) return;
    if (end === page[0]?.timestamp) throw new TrainingError(`${deviceId}: more than ${PAGE} readings of one moment`);
    start = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Grows row by row. */
class Rows {
  readonly #values: number[] = [];
  readonly #units: string[] = [];
  readonly #ages: number[] = [];
  readonly #targets: string[] = [];
  readonly leftOut: LeftOut;
  /** Latest value of the target sensor of the device at hand. */
  #target: string | undefined;
  #row: Row | undefined;
  #withoutTarget = 0;

  constructor(
    private readonly sensors: readonly string[],
    private readonly target: string | undefined,
  ) {
    this.leftOut = new LeftOut(sensors);
  }

  push(reading: Reading, assembler: RowAssembler): void {
    // A row is kept back until its moment is over: its target may be of the same time and come after it.
    if (this.#row && reading.timestamp > this.#row.timestamp) this.#takeRow();
    if (reading.sensor === this.target && reading.quality !== "bad") this.#target = String(reading.value);
    this.leftOut.noteUnit(reading);
    this.#keepBack(assembler.push(reading));
  }

  #keepBack(row: Row | undefined): void {
    if (!row) return;
    this.#takeRow();
    this.#row = row;
  }

  #takeRow(): void {
    const row = this.#row;
    this.#row = undefined;
    if (!row) return;
    if (this.target !== undefined && this.#target === undefined) {
      this.#withoutTarget += 1;
      return;
    }
    if (this.#values.length + row.values.length > MOST_VALUES) {
      throw new TrainingError(`the history has more than ${MOST_VALUES} values: take fewer devices, sensors or days`);
    }
    this.#values.push(...row.values);
    this.#units.push(row.deviceId);
    this.#ages.push(row.timestamp / MS_PER_HOUR);
    if (this.#target !== undefined) this.#targets.push(this.#target);
  }

  endDevice(assembler: RowAssembler): void {
    this.#keepBack(assembler.flush());
    this.#takeRow();
    this.#target = undefined;
  }

  table(): TrainingTable {
    const columns = this.sensors.length;
    const rows = this.#units.length;
    const { notes, counts, warnings } = this.leftOut;
    if (rows < 2) {
      const expected = `expected at least two rows with ${this.sensors.join(", ")}, got ${rows}`;
      throw new TrainingError([expected, ...notes, ...warnings].join("; "));
    }
    const early = this.#withoutTarget;
    return {
      sensors: this.sensors,
      values: { rows, columns, values: Float64Array.from(this.#values) },
      units: this.#units,
      ages: Float64Array.from(this.#ages),
      ...(this.target !== undefined && { targets: this.#targets }),
      notes: early > 0 ? [...notes, `${countOf(early, "row")} left out from before the first ${this.target}`] : notes,
      warnings,
      leftOut: early > 0 ? { ...counts, "rows without a target": early } : counts,
    };
  }
}
