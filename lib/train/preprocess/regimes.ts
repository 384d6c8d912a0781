import type { Regimes } from "../../model/preprocess";
import type { Matrix } from "../data";
import { columnMoments } from "../moments";
import { type Random, seededRandom } from "../random";

const MAX_REGIMES = 12;
/** Regimes explain at least this share of the settings' variance, or the settings vary freely and are one regime. */
const EXPLAINED = 0.9999;
const SAMPLE = 5000;
const STARTS = 5;
const ITERATIONS = 50;

/**
 * The operating regimes that settings fall into: k-means (Lloyd 1982) from k-means++ starts (Arthur and Vassilvitskii
 * 2007) with the smallest k that leaves next to no variance; settings that do not gather in points are one regime.
 * @param settings places of the settings in the rows; none gives one regime
 */
export function fitRegimes(rows: Matrix, settings: readonly number[], seed: number): Regimes {
  const moments = settings.map((place) => columnMoments(rows, place));
  const varying = settings.filter((_, i) => moments[i]!.std > 1e-9 * Math.max(1, Math.abs(moments[i]!.mean)));
  const spread = varying.map((place) => columnMoments(rows, place).std);
  if (varying.length === 0) return { settings: [], spread: [], centres: [[]] };
  const random = seededRandom(seed);
  const points = sampled(rows, varying, spread, random);
  const total = scatter(points, [meanOf(points)]);
  for (let k = 2; k <= MAX_REGIMES; k++) {
    let best: { centres: number[][]; left: number } | undefined;
    for (let start = 0; start < STARTS; start++) {
      const centres = lloyd(points, seeds(points, k, random));
      const left = scatter(points, centres);
      if (best === undefined || left < best.left) best = { centres, left };
    }
    if (best !== undefined && best.left <= (1 - EXPLAINED) * total) {
      return { settings: varying, spread, centres: best.centres.map((c) => c.map((v, i) => v * spread[i]!)) };
    }
  }
  return { settings: [], spread: [], centres: [[]] };
}

type Point = readonly number[];

function sampled(rows: Matrix, places: readonly number[], spread: readonly number[], random: Random): Point[] {
  const count = Math.min(SAMPLE, rows.rows);
  const points = Array.from({ length: count }, () => {
    const start = random.below(rows.rows) * rows.columns;
    return places.map((place, i) => rows.values[start + place]! / spread[i]!);
  });
  return points.filter((point) => point.every(Number.isFinite));
}

function distance(a: Point, b: Point): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}

function nearest(point: Point, centres: readonly Point[]): number {
  let best = 0;
  for (let c = 1; c < centres.length; c++) if (distance(point, centres[c]!) < distance(point, centres[best]!)) best = c;
  return best;
}

function scatter(points: readonly Point[], centres: readonly Point[]): number {
  return points.reduce((sum, point) => sum + distance(point, centres[nearest(point, centres)]!), 0);
}

function meanOf(points: readonly Point[]): number[] {
  return (points[0] ?? []).map((_, i) => points.reduce((sum, point) => sum + point[i]!, 0) / points.length);
}

function seeds(points: readonly Point[], k: number, random: Random): number[][] {
  const centres = [[...points[random.below(points.length)]!]];
  const distances = points.map((point) => distance(point, centres[0]!));
  while (centres.length < k) {
    const total = distances.reduce((sum, own) => sum + own, 0);
    let rest = random.uniform() * total;
    const at = Math.max(
      0,
      distances.findIndex((own) => {
        rest -= own;
        return rest <= 0;
      }),
    );
    const centre = [...points[at]!];
    centres.push(centre);
    points.forEach((point, i) => {
      distances[i] = Math.min(distances[i]!, distance(point, centre));
    });
  }
  return centres;
}

function lloyd(points: readonly Point[], start: number[][]): number[][] {
  let centres = start;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const groups = centres.map((): Point[] => []);
    for (const point of points) groups[nearest(point, centres)]!.push(point);
    const moved = centres.map((centre, c) => (groups[c]!.length > 0 ? meanOf(groups[c]!) : centre));
    const still = moved.every((centre, c) => distance(centre, centres[c]!) < 1e-18);
    centres = moved;
    if (still) break;
  }
  return centres;
}
