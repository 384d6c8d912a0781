import { describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { DriftFilter, type PathAssumption, type PathPrior } from "./drift-filter";
import type { PathState } from "./first-passage";

const PRIOR: PathPrior = {
  level: 0,
  levelVariance: 0.04,
  drift: 0.05,
  driftVariance: 0.01,
  noiseVariance: 0.02,
  noiseWeight: 4,
};
const TIMES = [1, 2, 3.5, 4, 6, 7, 10, 11];
const LEVELS = [0.1, 0.15, 0.05, 0.2, 0.45, 0.4, 0.6, 0.7];

function followed(assumption: PathAssumption, restartAt = -1): PathState {
  let filter = new DriftFilter(assumption, PRIOR);
  TIMES.forEach((time, i) => {
    const elapsed = time - (TIMES[i - 1] ?? 0);
    filter.push(LEVELS[i] as number, elapsed, elapsed);
    if (i !== restartAt) return;
    const state = throughJson(filter.snapshot());
    filter = new DriftFilter(assumption, PRIOR);
    filter.restore(state);
  });
  return filter.state(1);
}

describe("a path with errors that swing", () => {
  const swinging: PathAssumption = {
    roughness: 0,
    wander: 0,
    swing: { memory: 5, share: 0.9, grows: false },
  };

  it("is what generalised least squares makes of all readings at once", () => {
    // numpy 2.4.6: with C = 0.9 (1 + x) exp(-x) + 0.1 I, x = sqrt(3) |t - t'| / 5, S = H P0 H' + C and r = y - H m0,
    // m = m0 + P0 H' inv(S) r, P = P0 - P0 H' inv(S) H P0, V = (2 * 0.02 + r' inv(S) r / 2) / (2 + 8 / 2), at the last time.
    const { distance, drift, levelVariance, driftVariance, covariance, noise } = followed(swinging);
    expect(distance).toBeCloseTo(0.3244539146988308, 10);
    expect(drift).toBeCloseTo(0.05893597502311147, 10);
    expect(levelVariance).toBeCloseTo(0.025951179525254598, 10);
    expect(driftVariance).toBeCloseTo(0.00036985723265156985, 10);
    expect(covariance).toBeCloseTo(0.0023149919458270054, 10);
    expect(noise).toBeCloseTo(0.02724421722147175, 10);
  });

  it("knows less of the path than one whose errors are taken for independent", () => {
    const independent = followed({ roughness: 0, wander: 0 });
    expect(followed(swinging).driftVariance).toBeGreaterThan(3 * independent.driftVariance);
  });

  it("goes on from a snapshot as if it had never stopped", () => {
    for (const swing of [swinging.swing, { memory: 15, share: 0.97, grows: true }]) {
      const assumption = { ...swinging, ...(swing && { swing }) };
      for (const at of TIMES.keys()) expect(followed(assumption, at)).toEqual(followed(assumption));
    }
  });

  it("forgets a swing over a long gap, and stays finite", () => {
    const filter = new DriftFilter(swinging, PRIOR);
    for (let i = 0; i < 50; i++) filter.push(0.01 * i + 0.2, 1, 1);
    filter.push(20, 1e4, 1e4);
    const state = filter.state(1);
    expect(Object.values(state).every(Number.isFinite)).toBe(true);
  });
});
