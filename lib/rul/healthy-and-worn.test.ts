import { describe, expect, it } from "vitest";
import { gaussian } from "../../test/support/series";
import { extrapolationFactory } from "./extrapolation";
import { checkedReport, LifeReport } from "./report";

const HOUR = 3_600_000;
const YEAR = 8760;

/** What makes the noise of a healthy device, hour by hour. */
type Noise = (next: () => number) => (hour: number) => number;

const correlated =
  (correlation: number): Noise =>
  (next) => {
    let last = 0;
    return () => {
      last = correlation * last + Math.sqrt(1 - correlation ** 2) * next();
      return 0.1 * last;
    };
  };
const seasonal: Noise = (next) => (hour) => 0.5 * Math.sin((2 * Math.PI * hour) / YEAR) + 0.1 * next();

describe("a healthy year", () => {
  it.each<[string, Noise]>([
    ["noise of a correlation of 0.9", correlated(0.9)],
    ["noise of a correlation of 0.98", correlated(0.98)],
    ["the weather's swing over the year", seasonal],
  ])("brings no claim of a remaining life: %s", (_, noise) => {
    const create = extrapolationFactory({ failure: 10 });
    for (let seed = 1; seed <= 3; seed++) {
      const swing = noise(gaussian(seed));
      const estimator = create();
      for (let hour = 0; hour < YEAR; hour++) {
        estimator.push(1 + swing(hour), hour);
        if (hour % 72 === 0) expect({ seed, hour, life: estimator.verdict().life }).toEqual({ seed, hour });
      }
    }
  });
});

interface Wear {
  /** By the share of the life since wear began. */
  readonly path: (share: number) => number;
  /** Standard deviation of the sensor, the same at any wear. */
  readonly noise: number;
  readonly failure: number;
}

const WEARS: Readonly<Record<string, Wear>> = {
  "in equal ratios from 1": { path: (share) => 10 ** share, noise: 0.1, failure: 10 },
  "exponential on top of 0.9": { path: (share) => 0.9 + 0.1 * 91 ** share, noise: 0.1, failure: 10 },
  quadratic: { path: (share) => 1 + 9 * share ** 2, noise: 0.1, failure: 10 },
  cubic: { path: (share) => 1 + 9 * share ** 3, noise: 0.1, failure: 10 },
  "a health index that falls exponentially": { path: (share) => 1.02 - 0.02 * 41 ** share, noise: 0.01, failure: 0.2 },
};

const LIVES = 6;
/** Hours before the end from which on the device is looked at every hour. */
const CLOSELY = 90;
const MODEL = checkedReport({ model: "extrapolation" });

interface Life {
  readonly claims: number;
  readonly covered: number;
  /** Hours before the end at which maintenance was recommended for good; undefined for never. */
  readonly recommended: number | undefined;
}

function lived({ path, noise, failure }: Wear, seed: number): Life {
  const next = gaussian(seed);
  const estimator = extrapolationFactory({ failure })();
  const report = new LifeReport(MODEL);
  const [healthy, life] = [100, 200 + 50 * seed];
  let [claims, covered] = [0, 0];
  let recommended: number | undefined;
  for (let hour = 0; hour < healthy + life; hour++) {
    const left = healthy + life - hour;
    estimator.push(path(Math.max(0, hour - healthy) / life) + noise * next(), hour);
    if (left > CLOSELY && hour % 20 !== 0) continue;
    const verdict = estimator.verdict();
    report.take(verdict, { deviceId: "d1", timestamp: hour * HOUR });
    if (!report.isDue) recommended = undefined;
    else recommended ??= left;
    if (!verdict.life) continue;
    const { low, high = Number.POSITIVE_INFINITY } = verdict.life;
    claims += 1;
    if (low <= left && left <= high) covered += 1;
  }
  return { claims, covered, recommended };
}

describe("wear measured with a noise that does not grow with it", () => {
  it.each(Object.entries(WEARS))("is foreseen, and maintenance recommended in time: %s", (_, wear) => {
    const lives = Array.from({ length: LIVES }, (_each, seed) => lived(wear, seed + 1));
    const total = (of: (life: Life) => number): number => lives.reduce((sum, life) => sum + of(life), 0);
    expect(total(({ covered }) => covered)).toBeGreaterThan(0.8 * total(({ claims }) => claims));
    const times = lives.map(({ recommended = 0 }) => recommended).sort((a, b) => a - b);
    expect(times[0]).toBeGreaterThan(24);
    expect(times[LIVES >> 1]).toBeGreaterThanOrEqual(40);
    expect(times[LIVES >> 1]).toBeLessThanOrEqual(60);
  });
});
