import type { ExpectedUnit } from "../rows";
import type { BlockStore } from "./row-buffer";

/** Unit of each column, inputs first, the target last; "" where it is not known. */
export type Units = readonly string[];

/** As Reading has it: see lib/reading/check.ts. */
const MAX_UNIT = 64;

/** @throws RangeError when there is not one unit for each column */
export function checkUnits(units: Units, columns: number): Units {
  if (units.length !== columns) throw new RangeError(`units: expected ${columns}, got ${units.length}`);
  for (const unit of units) {
    if (typeof unit !== "string" || unit.length > MAX_UNIT) {
      throw new RangeError(`units: expected texts of at most ${MAX_UNIT} characters, got ${JSON.stringify(unit)}`);
    }
  }
  return units;
}

/** What of the units is not as expected, "temperature is in [degF], expected Cel"; undefined where all that is known agrees. */
export function unitProblem(columns: readonly string[], units: Units, expected: Units): string | undefined {
  const problems = columns.flatMap((sensor, i) => {
    const [unit, right] = [units[i], expected[i]];
    return unit && right && unit !== right ? [`${sensor} is in ${unit}, expected ${right}`] : [];
  });
  return problems.length > 0 ? problems.join("; ") : undefined;
}

/** What is known, and for the rest what most have; of as many, what the first has. */
export function settledUnits(known: Units, all: readonly Units[]): Units {
  return known.map((unit, i) => unit || mostCommon(all.map((units) => units[i] ?? "")));
}

function mostCommon(units: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const unit of units) if (unit) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ["", 0] as [string, number])[0];
}

const KEY = "units";

/**
 * The units of one client: those of the rows that it keeps, and those that the federation has. What a sensor reports in another
 * unit is no value of its column: federated averaging would mix degrees of two scales into one model.
 */
export class ClientUnits {
  #own: Units;
  #federation: Units;

  /** @param columns inputs by name, then the target */
  constructor(
    private readonly columns: readonly string[],
    private readonly store?: BlockStore,
  ) {
    const none = columns.map(() => "");
    const saved = store?.load(KEY);
    const fits =
      Array.isArray(saved) && saved.length === none.length && saved.every((unit) => typeof unit === "string");
    this.#own = fits ? saved : none;
    this.#federation = none;
  }

  /** Of the rows that are kept. */
  get own(): Units {
    return this.#own;
  }

  /** The unit that a sensor's readings must have; undefined while any will do. */
  expected(sensor: string): ExpectedUnit | undefined {
    const column = this.columns.indexOf(sensor);
    const [shared, own] = [this.#federation[column], this.#own[column]];
    if (shared) return { unit: shared, remedy: "convert it before" };
    return own ? { unit: own, remedy: "convert it before, or send reset to begin anew" } : undefined;
  }

  /** Takes over what the server has announced. @returns whether other readings are expected from now on */
  hear(units: Units): boolean {
    const before = this.columns.map((sensor) => this.expected(sensor)?.unit);
    this.#federation = units;
    return this.columns.some((sensor, i) => before[i] !== undefined && this.expected(sensor)?.unit !== before[i]);
  }

  /** @returns the unit before, when a reading as expected is of another unit than the rows that are kept: they are of no use any more */
  note(sensor: string, unit: string): string | undefined {
    const column = this.columns.indexOf(sensor);
    const before = this.#own[column];
    const expected = this.expected(sensor)?.unit ?? unit;
    if (before === undefined || unit !== expected || unit === before) return undefined;
    this.#own = this.#own.with(column, unit);
    this.store?.save([[KEY, this.#own]]);
    return before || undefined;
  }

  /** Forgets those of the rows. */
  clear(): void {
    this.#own = this.columns.map(() => "");
    this.store?.save([[KEY, undefined]]);
  }

  /** Why the rows cannot be trained on. */
  get problem(): string | undefined {
    return unitProblem(this.columns, this.#own, this.#federation);
  }
}
