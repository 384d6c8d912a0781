import { median, SavedState } from "../numeric";
import type { Table, TargetKind } from "./network";

/** What a column's values are taken relative to: mean and standard deviation of inputs, then of the target. */
export interface Scale {
  readonly mean: readonly number[];
  /** Above 0. */
  readonly deviation: readonly number[];
}

/** A client's moments of every column, from which the common scale is made. */
export interface Moments {
  readonly rows: number;
  readonly mean: readonly number[];
  /** Population standard deviation. */
  readonly deviation: readonly number[];
}

/** Odd values must not dominate training; ten deviations hold all that is ordinary. */
const FARTHEST = 10;

/** A value so many usual distances from the middle is no measurement of the same thing, but a glitch. */
const GLITCH = 1000;
/** The part of the values whose distances are usual. */
const USUAL = 0.99;
/** A client so many spreads from the others tells of something else, or lies. What merely differs is what they train for. */
const STRANGER = 1e6;

/**
 * Column-wise moments of rows that lie one after the other, in two passes over differences to the median. A value farther from it
 * than a thousand times the mean distance of the nearest 99 % is left out: one reading of 3.4e38 would take everybody's scale.
 */
export function momentsOf(rows: Float64Array, columns: number): Moments {
  const count = rows.length / columns;
  const parts = Array.from({ length: columns }, (_, column) =>
    columnMoments(Float64Array.from({ length: count }, (_, row) => rows[row * columns + column] as number)),
  );
  return { rows: count, mean: parts.map(({ mean }) => mean), deviation: parts.map(({ deviation }) => deviation) };
}

function columnMoments(values: Float64Array): { mean: number; deviation: number } {
  const origin = median(Array.from(values));
  const distances = values.map((value) => Math.abs(value - origin)).sort();
  const near = distances.subarray(0, Math.max(1, Math.min(distances.length - 1, Math.floor(USUAL * distances.length))));
  const usual = near.reduce((sum, distance) => sum + distance, 0) / near.length;
  const kept = usual > 0 ? values.filter((value) => Math.abs(value - origin) <= GLITCH * usual) : values;
  const mean = origin + kept.reduce((sum, value) => sum + (value - origin), 0) / kept.length;
  const squares = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / kept.length) };
}

/**
 * The scale of all clients' rows together: Chan, Golub and LeVeque 1979 (STAN-CS-79-773) on the clients' moments, sorted
 * so that the order of arrival does not matter, without clients a million spreads from the others. With `robust`, the medians
 * of the clients' means and deviations, which fewer than half of them cannot move at will.
 */
export function commonScale(clients: readonly Moments[], target: TargetKind, robust: boolean): Scale {
  const columns = clients[0]?.mean.length ?? 0;
  const merged = Array.from({ length: columns }, (_, column) => {
    if (robust) return medianColumn(clients, column);
    const strange = strangersIn(clients, column);
    return mergedColumn(
      clients.filter((_, client) => !strange[client]),
      column,
    );
  });
  const mean = merged.map((one) => one.mean);
  // A column that stands still says nothing: its scale may be anything but 0.
  const deviation = merged.map((one) => (one.deviation > 0 ? one.deviation : 1));
  return target === "yesNo" ? asYesNo({ mean, deviation }) : { mean, deviation };
}

/** Which clients' moments are out of this world by those of most others, column by column or in any of them. */
export function strangers(clients: readonly Moments[]): boolean[] {
  const columns = Array.from({ length: clients[0]?.mean.length ?? 0 }, (_, column) => strangersIn(clients, column));
  return clients.map((_, client) => columns.some((strange) => strange[client]));
}

function strangersIn(clients: readonly Moments[], column: number): boolean[] {
  const means = clients.map(({ mean }) => mean[column] as number);
  const deviations = clients.map(({ deviation }) => deviation[column] as number);
  const middle = median(means);
  const spread = median(means.map((mean, i) => Math.hypot(deviations[i] as number, mean - middle)));
  if (!(spread > 0)) return clients.map(() => false);
  return means.map((mean, i) => Math.max(Math.abs(mean - middle), deviations[i] as number) > STRANGER * spread);
}

function mergedColumn(clients: readonly Moments[], column: number): { mean: number; deviation: number } {
  const parts = clients
    .map(({ rows, mean, deviation }) => ({
      rows,
      mean: mean[column] as number,
      deviation: deviation[column] as number,
    }))
    .sort((a, b) => a.mean - b.mean || a.deviation - b.deviation || a.rows - b.rows);
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  const origin = parts[0]?.mean ?? 0;
  const mean = origin + parts.reduce((sum, part) => sum + part.rows * (part.mean - origin), 0) / total;
  const squares = parts.reduce((sum, part) => sum + part.rows * (part.deviation ** 2 + (part.mean - mean) ** 2), 0);
  return { mean, deviation: Math.sqrt(squares / total) };
}

function medianColumn(clients: readonly Moments[], column: number): { mean: number; deviation: number } {
  return {
    mean: median(clients.map(({ mean }) => mean[column] as number)),
    deviation: median(clients.map(({ deviation }) => deviation[column] as number)),
  };
}

/**
 * The scale of declared ranges: a column lies within two deviations of its middle.
 * @param ranges of the inputs, then of the target, which for "yesNo" is not looked at
 */
export function declaredScale(ranges: readonly { low: number; high: number }[], target: TargetKind): Scale {
  const scale = {
    mean: ranges.map(({ low, high }) => low + (high - low) / 2),
    deviation: ranges.map(({ low, high }) => (high - low) / 4),
  };
  return target === "yesNo" ? asYesNo(scale) : scale;
}

/** The last column, being 0 or 1, stays as it is. */
function asYesNo({ mean, deviation }: Scale): Scale {
  return { mean: [...mean.slice(0, -1), 0], deviation: [...deviation.slice(0, -1), 1] };
}

/** Rows as training wants them. The last of the columns is the target. */
export function standardised(rows: Float64Array, scale: Scale, target: TargetKind): Table {
  const columns = scale.mean.length;
  const count = rows.length / columns;
  const inputs = new Float64Array(count * (columns - 1));
  const targets = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < columns; column++) {
      const value = scaled(rows[row * columns + column] as number, scale, column);
      if (column < columns - 1) inputs[row * (columns - 1) + column] = value;
      else targets[row] = target === "yesNo" ? (value > 0.5 ? 1 : 0) : value;
    }
  }
  return { count, inputs, targets };
}

/** One value of a column, standardised and held within ten deviations. */
export function scaled(value: number, { mean, deviation }: Scale, column: number): number {
  const distance = (value - (mean[column] as number)) / (deviation[column] as number);
  return Math.max(-FARTHEST, Math.min(FARTHEST, distance));
}

/** @throws StateError when it is not a scale of so many columns */
export function scaleFrom(value: unknown, columns: number): Scale {
  const fields = new SavedState(value);
  return { mean: column(fields, "mean", columns), deviation: column(fields, "deviation", columns, 1e-300) };
}

function column(fields: SavedState, name: string, columns: number, least = -1e300): readonly number[] {
  const values = fields.numbers(name, columns);
  if (values.length === columns && values.every((value) => value >= least && value <= 1e300)) return values;
  throw new RangeError(`${name}: expected ${columns} numbers${least > 0 ? " above 0" : ""}`);
}
