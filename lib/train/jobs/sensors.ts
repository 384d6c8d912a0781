import { MAX_SENSORS, MAX_TEXT } from "../../model/manifest";
import { TrainingError } from "../data";
import type { TrainingJob } from "./contract";
import type { TrainingTable } from "./table";
import { named } from "./warnings";

/** "timestamp", "Time (s)", "date_time", "unix_ms"; not "cycle_time" or "time_in_service". */
const CLOCK_NAME =
  /^(?:time[ _-]?stamp|date[ _-]?time|date|time|ts|datum|zeit|epoch|unix(?:[ _-]?time)?)(?:[ _.([-]+(?:s|ms|us|ns|sec|seconds|min|h|utc|gmt|local|unix|epoch)\W*)?$/i;
/** Noise does not rise so often in a row. */
const FEWEST_ROWS = 20;
/** Share of a clock's steps that are as long as the one before: there may be gaps. */
const EVEN_SHARE = 0.8;
const EVEN_TOLERANCE = 1e-3;
/** The year 2000 and the year 2100, s since the epoch. */
const EPOCH = [946_684_800, 4_102_444_800] as const;
/** Times are counted in s, ms, us or ns. */
const PER_SECOND = [1, 1e3, 1e6, 1e9];

const REASONS = {
  name: "named as times are",
  epoch: "holds times",
  counter: "rises with every row: what comes later would lie outside of all that was learned",
  clock: "rises evenly in every unit, as a clock or a count of cycles does",
} as const;
type Reason = keyof typeof REASONS;

/**
 * The table with the sensors that a model can learn from: of columns that nobody named, those that are clocks are left out, with a
 * note. A model that takes the time for a sensor tests well, and is wrong from the first new row on.
 * @throws TrainingError when no sensor is left, or more than a model can have
 */
export function withSensors(table: TrainingTable, job: Pick<TrainingJob, "sensors" | "settings">): TrainingTable {
  const chosen = job.sensors.length > 0 ? table : withoutClocks(table, new Set(job.settings));
  const { sensors } = chosen;
  if (sensors.length > MAX_SENSORS) {
    throw new TrainingError(
      `expected at most ${MAX_SENSORS} sensors, got ${sensors.length}: name those that matter, as --sensors or under Sensors`,
    );
  }
  const long = sensors.find((sensor) => sensor.length > MAX_TEXT);
  if (long === undefined) return chosen;
  throw new TrainingError(`expected names of sensors of at most ${MAX_TEXT} characters, got "${long.slice(0, 40)}…"`);
}

function withoutClocks(table: TrainingTable, settings: ReadonlySet<string>): TrainingTable {
  const reasons = table.sensors.map((sensor, column) =>
    settings.has(sensor) ? undefined : reasonOf(sensor, table, column),
  );
  const kept = [...table.sensors.keys()].filter((column) => reasons[column] === undefined);
  if (kept.length === table.sensors.length) return table;
  const notes = (Object.keys(REASONS) as Reason[]).flatMap((reason) => {
    const names = table.sensors.filter((_, column) => reasons[column] === reason);
    return names.length === 0 ? [] : [`left out, name the sensors to keep it: ${named(names)} (${REASONS[reason]})`];
  });
  if (kept.length === 0) throw new TrainingError(`no column of numbers is left for the sensors; ${notes.join("; ")}`);
  return {
    ...table,
    sensors: kept.map((column) => table.sensors[column] as string),
    values: columnsAt(table.values, kept),
    notes: [...table.notes, ...notes],
  };
}

function columnsAt({ rows, columns, values }: TrainingTable["values"], kept: readonly number[]) {
  const own = new Float64Array(rows * kept.length);
  for (let row = 0; row < rows; row++) {
    kept.forEach((column, i) => {
      own[row * kept.length + i] = values[row * columns + column] as number;
    });
  }
  return { rows, columns: kept.length, values: own };
}

function reasonOf(sensor: string, table: TrainingTable, column: number): Reason | undefined {
  if (CLOCK_NAME.test(sensor)) return "name";
  const { lowest, highest, rows, rises, ofUnits } = courseOf(table, column);
  if (rows < FEWEST_ROWS) return undefined;
  const isEpoch = PER_SECOND.some((per) => lowest >= EPOCH[0] * per && highest <= EPOCH[1] * per);
  if (isEpoch && lowest < highest && ofUnits.isOneWay) return "epoch";
  if (rises) return "counter";
  return ofUnits.rise && ofUnits.evenSteps >= EVEN_SHARE * ofUnits.steps ? "clock" : undefined;
}

/** How a column goes on from row to row of the file, and from row to row of each unit. */
interface Course {
  readonly rows: number;
  readonly lowest: number;
  readonly highest: number;
  readonly rises: boolean;
  readonly ofUnits: {
    /** Never falls, or never rises: files may have their newest row first. */
    readonly isOneWay: boolean;
    readonly rise: boolean;
    /** Steps behind another one of the same unit, and those of them that are as long as it. */
    readonly steps: number;
    readonly evenSteps: number;
  };
}

function courseOf({ values: { rows, columns, values }, units }: TrainingTable, column: number): Course {
  const last = new Map<string, { value: number; step: number }>();
  const all = { rows: 0, lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY, rises: true };
  const ofUnits = { up: 0, down: 0, level: 0, steps: 0, evenSteps: 0 };
  let before = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    const value = values[row * columns + column] as number;
    if (Number.isNaN(value)) continue;
    all.rows += 1;
    all.lowest = Math.min(all.lowest, value);
    all.highest = Math.max(all.highest, value);
    if (value <= before) all.rises = false;
    before = value;
    const unit = units[row] as string;
    const own = last.get(unit);
    if (!own) {
      last.set(unit, { value, step: Number.NaN });
      continue;
    }
    const step = value - own.value;
    ofUnits[step > 0 ? "up" : step < 0 ? "down" : "level"] += 1;
    if (!Number.isNaN(own.step)) {
      ofUnits.steps += 1;
      if (Math.abs(step - own.step) <= EVEN_TOLERANCE * Math.abs(step)) ofUnits.evenSteps += 1;
    }
    own.value = value;
    own.step = step;
  }
  const { up, down, level, steps, evenSteps } = ofUnits;
  const isOneWay = up === 0 || down === 0;
  return { ...all, ofUnits: { isOneWay, rise: up > 0 && down + level === 0, steps, evenSteps } };
}
