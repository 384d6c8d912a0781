import type { EngineeredPreprocess } from "../contract";
import { ModelFields } from "../predictors/fields";

/**
 * What is made of each series, from the values up to now; a missing value is left out, and what nothing is left for is NaN.
 * Windows count rows, and are shorter while the past is.
 */
export type Figure =
  /** As it is now. */
  | { readonly figure: "value" }
  /** Mean of `window` rows; the latest `skip` are not among them. */
  | { readonly figure: "mean"; readonly window: number; readonly skip?: number }
  /** Sample standard deviation. */
  | { readonly figure: "std"; readonly window: number }
  /** Of the least-squares line, per row. */
  | { readonly figure: "slope"; readonly window: number }
  /** Exponentially weighted mean, alpha = 2 / (span + 1), of weights that sum to 1 from the first value on. */
  | { readonly figure: "smooth"; readonly span: number }
  /** Mean of all values so far. */
  | { readonly figure: "meanSoFar" }
  /** Mean of `window` rows minus the mean of the first `start` ones, the unit's own zero. */
  | { readonly figure: "rise"; readonly window: number; readonly start: number };

export type FigureOf = Figure & {
  /** The sensors themselves, what is fused from them, or both (by default). */
  readonly of?: "sensors" | "fused" | "all";
};

/** How operation at some settings is told apart, and what is normal there. */
export interface Regimes {
  /** Places of the settings in the row. */
  readonly settings: readonly number[];
  /** Each setting's distance is divided by this. */
  readonly spread: readonly number[];
  /** Settings in the middle of each regime. */
  readonly centres: readonly (readonly number[])[];
}

/** The fields of "engineered" preprocessing. */
export interface EngineeredSpec extends EngineeredPreprocess {
  /** Places in the row of the values that figures are made of. */
  readonly channels: readonly number[];
  readonly regimes: Regimes;
  /** By regime, then channel: subtracted, and divided by. */
  readonly mean: readonly (readonly number[])[];
  readonly std: readonly (readonly number[])[];
  /** Weights of the normalised channels in each fused series; none by default. */
  readonly fused?: readonly (readonly number[])[];
  readonly figures: readonly FigureOf[];
  /** Whether the number of rows so far is an input, the last one. */
  readonly age?: boolean;
}

const MAX_SENSORS = 1000;
const MAX_REGIMES = 100;
const MAX_FUSED = 100;
const MAX_FIGURES = 200;
const MAX_WINDOW = 10_000;
/** Numbers that are kept a device. */
const MAX_KEPT = 1_000_000;
const MAX_INPUTS = 1_000_000;

/** @throws ModelError naming the field and what was expected */
export function checkedEngineered(spec: unknown): EngineeredSpec {
  const fields = new ModelFields(spec, "preprocess");
  fields.oneOf("kind", ["engineered"]);
  const sensors = fields.list("sensors", 1, MAX_SENSORS);
  if (!sensors.every((sensor) => typeof sensor === "string")) fields.fail("sensors", "texts");
  const channels = places(fields, "channels", 1, sensors.length);
  const regimes = checkedRegimes(new ModelFields(fields.any("regimes"), "preprocess.regimes"), sensors.length);
  const count = regimes.centres.length;
  const mean = table(fields, "mean", count, channels.length);
  const std = table(fields, "std", count, channels.length);
  if (!std.every((row) => row.every((value) => value > 0))) fields.fail("std", "numbers above 0");
  const fusedCount = fields.any("fused") === undefined ? 0 : fields.list("fused", 0, MAX_FUSED).length;
  const fused = fusedCount === 0 ? [] : table(fields, "fused", fusedCount, channels.length);
  const figures = fields
    .list("figures", 1, MAX_FIGURES)
    .map((figure, at) => checkedFigure(new ModelFields(figure, `preprocess.figures[${at}]`)));
  const series = channels.length + fused.length;
  if (longestPast(figures) * series > MAX_KEPT) fields.fail("figures", "shorter windows, or fewer series");
  if (figures.length * series > MAX_INPUTS) fields.fail("figures", `at most ${MAX_INPUTS} inputs in all`);
  const age = fields.any("age") === undefined ? false : fields.flag("age");
  return { ...(spec as EngineeredSpec), channels, regimes, mean, std, fused, figures, age };
}

/** Rows of the past that figures look at. */
export function longestPast(figures: readonly Figure[]): number {
  return figures.reduce((longest, figure) => {
    if (!("window" in figure)) return longest;
    return Math.max(longest, figure.window + (figure.figure === "mean" ? (figure.skip ?? 0) : 0));
  }, 1);
}

/** What each input is, for reports: "temperature mean 30", "fused 1 slope 30", "age". */
export function inputNames({ sensors, channels, fused = [], figures, age }: EngineeredSpec): string[] {
  const own = channels.map((place) => sensors[place]!);
  const joint = fused.map((_, at) => `fused ${at + 1}`);
  const names = figures.flatMap((figure) => {
    const series = [...(figure.of === "fused" ? [] : own), ...(figure.of === "sensors" ? [] : joint)];
    return series.map((name) => `${name} ${figureName(figure)}`);
  });
  return age ? [...names, "age"] : names;
}

function figureName(figure: Figure): string {
  switch (figure.figure) {
    case "value":
      return "now";
    case "meanSoFar":
      return "mean so far";
    case "smooth":
      return `smooth ${figure.span}`;
    case "rise":
      return `rise ${figure.window} over ${figure.start}`;
    case "mean":
      return figure.skip ? `mean ${figure.window} before ${figure.skip}` : `mean ${figure.window}`;
    default:
      return `${figure.figure} ${figure.window}`;
  }
}

function checkedRegimes(fields: ModelFields, sensors: number): Regimes {
  const settings = places(fields, "settings", 0, sensors);
  const spread = fields.numbers("spread", settings.length);
  if (!spread.every((value) => value > 0)) fields.fail("spread", "numbers above 0");
  const count = fields.list("centres", 1, MAX_REGIMES).length;
  return { settings, spread, centres: table(fields, "centres", count, settings.length) };
}

function checkedFigure(fields: ModelFields): FigureOf {
  const kinds = ["value", "mean", "std", "slope", "smooth", "meanSoFar", "rise"] as const;
  const figure = fields.oneOf("figure", kinds);
  const of = fields.any("of") === undefined ? "all" : fields.oneOf("of", ["sensors", "fused", "all"] as const);
  const rows = (field: string, min: number): number => fields.integer(field, min, MAX_WINDOW);
  switch (figure) {
    case "value":
    case "meanSoFar":
      return { figure, of };
    case "mean":
      return { figure, of, window: rows("window", 1), skip: fields.any("skip") === undefined ? 0 : rows("skip", 0) };
    case "std":
      return { figure, of, window: rows("window", 2) };
    case "slope":
      return { figure, of, window: rows("window", 3) };
    case "rise":
      return { figure, of, window: rows("window", 1), start: rows("start", 1) };
    case "smooth": {
      const span = fields.number("span");
      if (span < 1 || span > 1e6) fields.fail("span", "a number from 1 to 1000000");
      return { figure, of, span };
    }
    default:
      return fields.fail("figure", `a figure that is known, not ${String(figure satisfies never)}`);
  }
}

function places(fields: ModelFields, field: string, min: number, below: number): readonly number[] {
  const list = fields.numbers(field, min, below);
  const fits = list.every((place) => Number.isInteger(place) && place >= 0 && place < below);
  return fits ? list : fields.fail(field, `places of sensors, below ${below}`);
}

function table(fields: ModelFields, field: string, rows: number, columns: number): readonly (readonly number[])[] {
  const list = fields.list(field, rows, rows);
  const fits = list.every((row) => Array.isArray(row) && row.length === columns && row.every(Number.isFinite));
  return fits ? (list as readonly (readonly number[])[]) : fields.fail(field, `${rows} lists of ${columns} numbers`);
}
