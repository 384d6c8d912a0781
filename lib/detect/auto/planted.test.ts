import { describe, expect, it } from "vitest";
import { FAULTS, SENSORS, type SensorSeries } from "../../../test/support/sensor-series";
import { series, throughJson } from "../../../test/support/series";
import { SeriesDetector } from "../series-detector";
import { autoFactory } from "./create";

const DAYS = 28;
const FAULT_ON = 22;
const SEEDS = [11, 12];
const START = Date.UTC(2026, 0, 5);

const create = (): SeriesDetector =>
  new SeriesDetector(autoFactory()(), { gap: 0, learnAnomalies: true, relearnAfter: 0 });

/** Numbers of the values that are anomalies. */
function alarmsIn(
  detector: SeriesDetector,
  { step }: SensorSeries,
  values: readonly number[],
  first: number,
): number[] {
  return series(values.slice(first), step, START + first * step).flatMap((item, i) =>
    detector.push(item).anomaly?.isAnomaly ? [first + i] : [],
  );
}

interface Outcome {
  readonly found: Map<string, { found: number; of: number }>;
  /** Alarms on the undisturbed series, as days since its beginning. */
  readonly clean: number[];
  readonly runs: number;
}

/** A fault is found when there is an alarm within a day of its beginning that the undisturbed series does not have. */
function study(): Outcome {
  const found = new Map(Object.keys(FAULTS).map((name) => [name, { found: 0, of: 0 }]));
  const clean: number[] = [];
  let runs = 0;
  for (const source of Object.values(SENSORS)) {
    for (const seed of SEEDS) {
      const sensor = source(seed * 101, DAYS);
      const day = 86_400_000 / sensor.step;
      const at = Math.floor((FAULT_ON + ((seed * 0.37) % 1)) * day);
      const midnight = at - (at % day);
      const detector = create();
      const before = alarmsIn(detector, sensor, sensor.values.slice(0, midnight), 0);
      const known = throughJson(detector.snapshot());
      const after = alarmsIn(detector, sensor, sensor.values, midnight);
      clean.push(...[...before, ...after].map((i) => i / day));
      runs += 1;
      for (const [name, fault] of Object.entries(FAULTS)) {
        const values = fault(sensor, at, seed)?.slice(0, at + day);
        if (!values) continue;
        const restored = create();
        restored.restore(known);
        const isNews = alarmsIn(restored, sensor, values, midnight).some((i) => !after.includes(i));
        const tally = found.get(name) as { found: number; of: number };
        tally.of += 1;
        if (isNews) tally.found += 1;
      }
    }
  }
  return { found, clean, runs };
}

describe("auto on sensors of buildings, wards and fields", () => {
  const { found, clean, runs } = study();

  it.each([
    ["spike of 1 span", 0.75],
    ["step of half a span", 0.9],
    ["drift of 1 span a day", 0.9],
    ["stuck for a day", 0.8],
    ["0 for half an hour", 1],
    ["noise tenfold for two hours", 0.6],
    ["spread a tenth for a day", 0.6],
    ["on twice as long for a day", 1],
    // To the profile of the day, a working day without its peak is a Sunday: it cannot be found where Sundays are quiet.
    ["a day without its peak", 0.2],
  ])("finds within a day: %s, in %d of the series or more", (name, share) => {
    const { found: hits, of } = found.get(name) as { found: number; of: number };
    expect(of).toBeGreaterThan(0);
    expect(hits / of).toBeGreaterThanOrEqual(share);
  });

  it("cries less than once a week where nothing happens, once it has seen two weeks", () => {
    const perWeek = clean.filter((day) => day >= 14).length / runs / ((DAYS - 14) / 7);
    expect(perWeek).toBeLessThan(1);
  });

  it("cries less than twice a week after the first three days", () => {
    const perWeek = clean.filter((day) => day >= 3).length / runs / ((DAYS - 3) / 7);
    expect(perWeek).toBeLessThan(2);
  });
});
