import { integerWithin, numberWithin } from "../../numeric/limits";
import type { Detector } from "../detector";
import type { SeverityBands } from "../severity";
import { Auto } from "./auto";

/** What `auto` can be told. Nothing has to be: hints help when they are given. */
export interface AutoOptions {
  /** Evidence from which a reading is an anomaly: the sum of -log10 p over the members, beyond the record. */
  readonly threshold: number;
  /** Readings before anything is judged. */
  readonly minimum: number;
  /** Readings after an anomaly in which there is no other; 0 for none. */
  readonly refractory: number;
  /** Readings back that count as history. */
  readonly memory: number;
  /** Length of the season, s. */
  readonly period: number;
  /** What the sensor can show, as its maker declares it; undefined: unknown. */
  readonly declaredLow: number | undefined;
  readonly declaredHigh: number | undefined;
  /** Changes up to this are none, in the reading's unit. */
  readonly resolution: number;
  /** Seasons until a series has settled: before, more evidence is asked for, so that false alarms are no more than later; 0 for none. */
  readonly settling: number;
  /** Scores from which an anomaly is medium, high and critical; ascending. */
  readonly bands: SeverityBands;
}

export const AUTO_DEFAULTS: AutoOptions = {
  threshold: 0.06,
  minimum: 100,
  refractory: 100,
  memory: 40_000,
  period: 86_400,
  declaredLow: undefined,
  declaredHigh: undefined,
  resolution: 0,
  settling: 7,
  bands: { medium: 0.2, high: 0.7, critical: 2 },
};

const MAX_MEMORY = 100_000_000;
const FARTHEST = 1e150;

/** @throws RangeError naming the option, what it was and what was expected */
export function autoFactory(options: Partial<AutoOptions> = {}): () => Detector {
  const complete = { ...AUTO_DEFAULTS, ...options };
  const minimum = integerWithin("minimum", complete.minimum, 20, 100_000);
  const low = declared("declaredLow", complete.declaredLow, Number.NEGATIVE_INFINITY);
  const high = declared("declaredHigh", complete.declaredHigh, Number.POSITIVE_INFINITY);
  if (!(low < high)) throw new RangeError(`declaredLow: expected less than declaredHigh, ${high}, got ${low}`);
  const { medium, high: severe, critical } = complete.bands;
  if (!(medium <= severe && severe <= critical)) {
    throw new RangeError(`bands: expected medium <= high <= critical, got ${medium}, ${severe} and ${critical}`);
  }
  const settings = {
    threshold: numberWithin("threshold", complete.threshold, Number.MIN_VALUE, 1e6),
    minimum,
    refractory: integerWithin("refractory", complete.refractory, 0, 1_000_000),
    memory: integerWithin("memory", complete.memory, minimum, MAX_MEMORY),
    period: numberWithin("period", complete.period, 1, 1e9) * 1000,
    low,
    high,
    resolution: numberWithin("resolution", complete.resolution, 0, FARTHEST),
    settling: numberWithin("settling", complete.settling, 0, 1000),
    bands: complete.bands,
  };
  return () => new Auto(settings);
}

function declared(name: string, value: number | undefined, otherwise: number): number {
  return value === undefined ? otherwise : numberWithin(name, value, -FARTHEST, FARTHEST);
}
