import { createPreprocessor, type EngineeredSpec, type FigureOf } from "../../model/preprocess";
import { regimeOf } from "../../model/preprocess/regimes";
import { type Matrix, TrainingError } from "../data";
import { columnMoments } from "../moments";
import { principalComponents, ridgeWeights } from "./fuse";
import { fitRegimes } from "./regimes";

/** The rows of one unit, oldest first, in the order of the spec's sensors. */
export interface History {
  readonly unit: string;
  readonly rows: Matrix;
}

export interface EngineeredOptions {
  /** Names of the rows' columns. */
  readonly sensors: readonly string[];
  /** Those of them that say how the unit is operated, and not how it is. */
  readonly settings: readonly string[];
  readonly figures: readonly FigureOf[];
  /** Whether the number of rows so far is an input. */
  readonly age: boolean;
  /** Principal components that are fused from the sensors. */
  readonly components: number;
  /** A target a row of each history: what the sensors say of it, by ridge regression, is fused too. */
  readonly target?: readonly Float64Array[];
  readonly seed: number;
}

export const ENGINEERED_DEFAULTS = {
  settings: [],
  figures: [
    { figure: "smooth", span: 3, of: "fused" },
    { figure: "mean", window: 10 },
    { figure: "mean", window: 30 },
    { figure: "std", window: 30, of: "sensors" },
    { figure: "slope", window: 30 },
    { figure: "smooth", span: 50 },
    { figure: "meanSoFar" },
    { figure: "rise", window: 10, start: 20 },
  ],
  age: true,
  components: 3,
  seed: 1,
} as const satisfies Omit<EngineeredOptions, "sensors">;

/** A column that varies by less than this, relative to its size, varies by rounding only. */
const CONSTANT = 1e-12;

/**
 * Learns from histories how their rows are normalised: the regimes of the settings, mean and standard deviation of every
 * sensor in each of them, and what is fused from several sensors. Sensors that never vary are left out.
 * @throws TrainingError when no sensor varies, or a setting is none of the sensors
 */
export function fitEngineered(
  histories: readonly History[],
  options: Pick<EngineeredOptions, "sensors"> & Partial<EngineeredOptions>,
): EngineeredSpec {
  const all = { ...ENGINEERED_DEFAULTS, ...options };
  const settings = all.settings.map((name) => {
    const place = all.sensors.indexOf(name);
    if (place < 0) throw new TrainingError(`settings: "${name}" is none of the sensors`);
    return place;
  });
  const rows = joined(histories, all.sensors.length);
  const regimes = fitRegimes(rows, settings, all.seed);
  const regime = Int32Array.from({ length: rows.rows }, (_, row) => {
    const start = row * rows.columns;
    return regimeOf(rows.values.subarray(start, start + rows.columns), regimes) ?? 0;
  });
  const candidates = all.sensors.map((_, place) => place).filter((place) => !settings.includes(place));
  const moments = candidates.map((place) => ({
    place,
    byRegime: regimes.centres.map((_, r) => columnMoments(rows, place, (row) => regime[row] === r)),
  }));
  const channels = moments.filter(({ byRegime }) =>
    byRegime.some(({ mean, std }) => std > CONSTANT * Math.max(1, Math.abs(mean))),
  );
  if (channels.length === 0) throw new TrainingError("expected at least one sensor whose values vary");
  const usableStd = ({ mean, std }: { mean: number; std: number }): number =>
    std > CONSTANT * Math.max(1, Math.abs(mean)) ? std : Math.max(1, Math.abs(mean));
  const spec: EngineeredSpec = {
    kind: "engineered",
    sensors: all.sensors,
    channels: channels.map(({ place }) => place),
    regimes,
    mean: regimes.centres.map((_, r) => channels.map(({ byRegime }) => byRegime[r]!.mean)),
    std: regimes.centres.map((_, r) => channels.map(({ byRegime }) => usableStd(byRegime[r]!))),
    figures: all.figures,
    age: all.age,
  };
  return { ...spec, fused: fusedOf(spec, histories, all) };
}

function fusedOf(
  spec: EngineeredSpec,
  histories: readonly History[],
  { components, target }: Pick<EngineeredOptions, "components" | "target">,
): number[][] {
  if (components === 0 && target === undefined) return [];
  const plain: EngineeredSpec = { ...spec, figures: [{ figure: "value" }], age: false };
  const { features } = inputsOf(plain, histories);
  const fused = principalComponents(features, Math.min(components, features.columns));
  if (target === undefined) return fused;
  const all = Float64Array.from(target.flatMap((own) => Array.from(own)));
  if (all.length !== features.rows) {
    throw new TrainingError(`target: expected one value a row, got ${all.length} for ${features.rows}`);
  }
  return [...fused, ridgeWeights(features, all, 1e-3)];
}

/** Inputs of a model, and where each comes from. */
export interface Inputs {
  readonly features: Matrix;
  /** A row of the features: the place of its history. */
  readonly history: Int32Array;
  /** And of the row in the history that it is of. */
  readonly row: Int32Array;
}

/** Runs histories through the preprocessing that the model has at run time. */
export function inputsOf(spec: Parameters<typeof createPreprocessor>[0], histories: readonly History[]): Inputs {
  const features = new GrowingMatrix();
  const history: number[] = [];
  const row: number[] = [];
  histories.forEach(({ rows }, h) => {
    const preprocessor = createPreprocessor(spec);
    for (let r = 0; r < rows.rows; r++) {
      const input = preprocessor.push(rows.values.subarray(r * rows.columns, (r + 1) * rows.columns), r);
      if (input === undefined) continue;
      features.push(input);
      history.push(h);
      row.push(r);
    }
  });
  return { features: features.done(), history: Int32Array.from(history), row: Int32Array.from(row) };
}

/** Rows one after another: a million small arrays would take ten times the memory of their numbers. */
class GrowingMatrix {
  #values = new Float64Array(1024);
  #rows = 0;
  #columns = 0;

  push(row: Float64Array): void {
    this.#columns = row.length;
    const end = (this.#rows + 1) * row.length;
    if (end > this.#values.length) {
      const larger = new Float64Array(Math.max(2 * this.#values.length, end));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.set(row, end - row.length);
    this.#rows += 1;
  }

  done(): Matrix {
    const [rows, columns] = [this.#rows, this.#columns];
    return { rows, columns, values: this.#values.slice(0, rows * columns) };
  }
}

function joined(histories: readonly History[], columns: number): Matrix {
  const count = histories.reduce((sum, { rows }) => sum + rows.rows, 0);
  const values = new Float64Array(count * columns);
  let at = 0;
  for (const { unit, rows } of histories) {
    if (rows.columns !== columns)
      throw new TrainingError(`unit ${unit}: expected ${columns} columns, got ${rows.columns}`);
    values.set(rows.values, at);
    at += rows.values.length;
  }
  return { rows: count, columns, values };
}
