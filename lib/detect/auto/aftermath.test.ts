import { describe, expect, it } from "vitest";
import { gaussian, reading, throughJson } from "../../../test/support/series";
import type { AnomalyVerdict } from "../../reading";
import { SeriesDetector } from "../series-detector";
import { type AutoOptions, autoFactory } from "./create";

const MINUTE = 60_000;
const LEARNED = 3000;
const SILENCE = 100;
const SEEDS = [1, 2, 3];

const create = (options: Partial<AutoOptions> = {}): SeriesDetector =>
  new SeriesDetector(autoFactory(options)(), { gap: 0, learnAnomalies: true, relearnAfter: 0 });

/** A level of 20 with noise of spread 1, which remembers so much of the value before. */
function noise(seed: number, memory: number): () => number {
  const next = gaussian(seed);
  let last = 0;
  return () => {
    last = memory * last + Math.sqrt(1 - memory * memory) * next();
    return 20 + last;
  };
}

/** What a detector has learned of a series, as a snapshot, and how the series goes on. */
const learned = [0, 0.7].flatMap((memory) =>
  SEEDS.map((seed) => {
    const next = noise(seed, memory);
    const detector = create();
    for (let i = 0; i < LEARNED; i++) detector.push(reading(next(), i * MINUTE));
    return { memory, snapshot: throughJson(detector.snapshot()), after: Array.from({ length: 400 }, next) };
  }),
);

type Anomaly = { readonly at: number; readonly value: number; readonly verdict: AnomalyVerdict };

function anomalies(snapshot: unknown, values: readonly number[]): Anomaly[] {
  const detector = create();
  detector.restore(snapshot);
  return values.flatMap((value, at) => {
    const verdict = detector.push(reading(value, (LEARNED + at) * MINUTE)).anomaly;
    return verdict?.isAnomaly ? [{ at, value, verdict }] : [];
  });
}

const SPIKES = [
  { height: 6, length: 1 },
  { height: 12, length: 3 },
  { height: 22, length: 3 },
  { height: -12, length: 2 },
];

describe("a lasting fault that begins in the silence after a spike", () => {
  it.each([5, 10, 20, 30, 50, 70, 95])("is told within %d readings of the spike and the silence", (gap) => {
    for (const { memory, snapshot, after } of learned) {
      for (const { height, length } of SPIKES) {
        for (const step of [4, -6, 12]) {
          // Where the noise has a memory, its own slow swings come near to a step of 4.
          if (memory > 0 && step === 4) continue;
          const begin = length + gap;
          const values = after.map((value, i) => value + (i < length ? height : i >= begin ? step : 0));
          const told = anomalies(snapshot, values);
          const name = `memory ${memory}, spike ${height} x ${length}, step ${step}`;
          expect(told[0]?.at, name).toBeLessThan(length);
          const late = told.find(({ at }) => at >= begin);
          expect(late, name).toBeDefined();
          expect(late!.at, name).toBeLessThanOrEqual(Math.max(begin, SILENCE) + 40);
          const { low, high } = late!.verdict.expected!;
          expect(low, name).toBeLessThan(high);
          expect(step > 0 ? late!.value > high : late!.value < low, name).toBe(true);
          expect(late!.verdict.p, name).toBeLessThanOrEqual(0.1);
        }
      }
    }
  });

  it("is told of a sensor of whole numbers by the second: an oxygen saturation that falls after an artefact", () => {
    for (const gap of [10, 30, 60, 90]) {
      for (const seed of SEEDS) {
        const next = gaussian(seed);
        let drift = 0;
        const detector = create();
        const told: number[] = [];
        for (let i = 0; i < 2300; i++) {
          drift = 0.9 * drift + 0.4 * next();
          const usual = Math.min(100, Math.round(97 + drift));
          const value = i === 2000 || i === 2001 ? 80 : usual - (i >= 2002 + gap ? 8 : 0);
          if (detector.push(reading(value, i * 1000)).anomaly?.isAnomaly) told.push(i);
        }
        expect(told, `${gap} s, seed ${seed}`).toContain(2000);
        const late = told.find((i) => i >= 2002 + gap);
        expect(late, `${gap} s, seed ${seed}`).toBeLessThanOrEqual(2000 + SILENCE + 20);
      }
    }
  });

  it("goes on after snapshot and restore in the silence as if never stopped", () => {
    const { snapshot, after } = learned[0]!;
    const values = after.map((value, i) => value + (i < 2 ? 12 : i >= 30 ? 6 : 0));
    const whole = create();
    whole.restore(snapshot);
    for (const stop of [50, 101]) {
      const from = create();
      from.restore(snapshot);
      const judge = (detector: SeriesDetector, i: number) =>
        detector.push(reading(values[i] as number, (LEARNED + i) * MINUTE));
      for (let i = 0; i < stop; i++) judge(from, i);
      const restored = create();
      restored.restore(throughJson(from.snapshot()));
      for (let i = stop; i < 200; i++) expect(judge(restored, i)).toEqual(judge(from, i));
    }
  });
});

describe("what is no news when the silence is over", () => {
  it.each([12, -12])("is a step of %d that was told when it came and lasts", (step) => {
    for (const { snapshot, after } of learned) {
      const told = anomalies(
        snapshot,
        after.map((value) => value + step),
      );
      expect(told.filter(({ at }) => at < SILENCE + 40).map(({ at }) => at)).toEqual([0]);
    }
  });

  it.each([1, 3, 10])("is a spike of %d readings that has passed", (length) => {
    for (const { snapshot, after } of learned) {
      const told = anomalies(
        snapshot,
        after.map((value, i) => value + (i < length ? 12 : 0)),
      );
      expect(told.filter(({ at }) => at < SILENCE + 40).map(({ at }) => at)).toEqual([0]);
    }
  });

  it("is a second spike that has passed, too", () => {
    for (const { snapshot, after } of learned) {
      const told = anomalies(
        snapshot,
        after.map((value, i) => value + (i === 0 || (i >= 30 && i < 33) ? 12 : 0)),
      );
      expect(told.filter(({ at }) => at < SILENCE + 40).map(({ at }) => at)).toEqual([0]);
    }
  });
});

describe("a series that begins", () => {
  const KINDS: Record<string, (seed: number) => (i: number) => number> = {
    "white noise": (seed) => gaussian(seed),
    "a bearing with a slow swing, by hundredths": (seed) => {
      const next = gaussian(seed);
      return (i) => Math.round(100 * (60 + Math.sin(i / 300) + 0.4 * next())) / 100;
    },
  };
  const RUNS = 20;

  it.each(Object.keys(KINDS).flatMap((kind) => [1, 60, 300].map((seconds) => [kind, seconds] as const)))(
    "has less than one false alarm in its first 1000 readings, all of them low: %s every %d s",
    (kind, seconds) => {
      let alarms = 0;
      for (let seed = 1; seed <= RUNS; seed++) {
        const source = KINDS[kind]!(seed);
        const detector = create();
        for (let i = 0; i < 1000; i++) {
          const verdict = detector.push(reading(source(i), i * seconds * 1000)).anomaly;
          if (!verdict?.isAnomaly) continue;
          alarms += 1;
          expect(verdict.severity).toBe("low");
        }
      }
      expect(alarms / RUNS).toBeLessThan(1);
    },
  );

  it.each([1, 60, 300])("shows a step, a stuck value and a spike all the same: every %d s", (seconds) => {
    for (const seed of SEEDS) {
      for (const fault of ["step", "stuck", "spike"]) {
        const source = KINDS["a bearing with a slow swing, by hundredths"]!(seed);
        const detector = create();
        const told: number[] = [];
        for (let i = 0; i < 1200; i++) {
          const value = source(i);
          const wrong = fault === "step" ? value + 6 : fault === "stuck" ? 61.3 : i === 1000 ? value + 12 : value;
          const verdict = detector.push(reading(i < 1000 ? value : wrong, i * seconds * 1000)).anomaly;
          if (verdict?.isAnomaly && i >= 1000) told.push(i);
        }
        expect(told.length, `${fault}, seed ${seed}`).toBeGreaterThan(0);
      }
    }
  });
});
