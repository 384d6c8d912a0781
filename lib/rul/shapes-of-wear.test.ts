import { describe, expect, it } from "vitest";
import { gaussian } from "../../test/support/series";
import { extrapolationFactory } from "./extrapolation";

/** Share of the way to failure by share of the life. */
const PATHS = {
  linear: (life: number) => life,
  "half as steep again": (life: number) => life ** 1.5,
  quadratic: (life: number) => life ** 2,
  cubic: (life: number) => life ** 3,
  exponential: (life: number) => Math.expm1(Math.LN10 * life) / 9,
} as const;

interface Wear {
  readonly path: keyof typeof PATHS;
  /** Standard deviation of a reading, as a share of the way to failure. */
  readonly noise: number;
  /** Hours before wear begins. */
  readonly healthy?: number;
  /** Standard deviation by which the level at failure differs from life to life, as a share of the way. */
  readonly differ?: number;
  /** Failed when a reading is beyond, and not when the wear is. */
  readonly seen?: boolean;
}

const LIVES = 30;
const SHARES = [0.3, 0.5, 0.7, 0.9];
const WAY = 9;

/** Readings of one life from 1 to about 10, an hour apart, and the hour of its failure. */
function lifeOf({ path, noise, healthy = 80, differ = 0, seen = false }: Wear, next: () => number) {
  const life = 150 * Math.exp(0.35 * next());
  const failure = 1 + differ * next();
  const values: number[] = [];
  for (let hour = 0; ; hour++) {
    const level = PATHS[path](Math.max(0, hour - healthy) / life);
    const value = 1 + WAY * (level + noise * next());
    if (seen ? value >= 10 : level >= failure) return { values, healthy, failed: hour };
    values.push(value);
  }
}

interface Told {
  readonly covered: number;
  readonly claims: number;
  /** Median width of the intervals by the true remaining life. */
  readonly width: number;
}

function toldAt(wear: Wear, share: number): Told {
  const next = gaussian(20_261_120);
  const create = extrapolationFactory({ failure: 10, failureSpread: WAY * (wear.differ ?? 0) });
  const widths: number[] = [];
  let covered = 0;
  for (let i = 0; i < LIVES; i++) {
    const { values, healthy, failed } = lifeOf(wear, next);
    const now = Math.floor(healthy + share * (failed - healthy));
    const estimator = create();
    values.slice(0, now + 1).forEach((value, hour) => {
      estimator.push(value, hour);
    });
    const { life } = estimator.verdict();
    if (!life) continue;
    const left = failed - now;
    const { low, high = Number.POSITIVE_INFINITY } = life;
    // Failure is told to the hour.
    if (low <= left && left - 1 <= high) covered += 1;
    widths.push((high - low) / left);
  }
  widths.sort((a, b) => a - b);
  return { covered, claims: widths.length, width: widths[widths.length >> 1] ?? 0 };
}

describe("the 90 % interval of extrapolated wear", () => {
  it.each<Wear>([
    { path: "linear", noise: 0.045 },
    { path: "half as steep again", noise: 0.02 },
    { path: "quadratic", noise: 0.02 },
    { path: "quadratic", noise: 0.045 },
    { path: "cubic", noise: 0.02 },
    { path: "exponential", noise: 0.02 },
    { path: "linear", noise: 0.03, healthy: 400 },
    { path: "linear", noise: 0.03, differ: 0.05 },
    { path: "quadratic", noise: 0.02, differ: 0.05 },
    { path: "linear", noise: 0.03, seen: true },
  ])("holds the true life at least eight times in ten at every part of it: %j", (wear) => {
    for (const share of SHARES) {
      const { covered, claims } = toldAt(wear, share);
      // Half-way through its life cubic wear is an eighth of the way, and has been seen for a fraction of the time that is left.
      if (share >= 0.5) expect(claims).toBeGreaterThan((share > 0.5 ? 0.8 : 0.6) * LIVES);
      expect({ share, enough: covered >= 0.8 * claims, covered, claims }).toMatchObject({ enough: true });
    }
  });

  it("stays narrow where wear is linear and readings are quiet", () => {
    expect(toldAt({ path: "linear", noise: 0.01 }, 0.5).width).toBeLessThan(0.3);
    expect(toldAt({ path: "linear", noise: 0.045 }, 0.7).width).toBeLessThan(1);
  });
});
