export interface CurvePoint {
  /** What was measured at the calibration, usually in V. */
  readonly at: number;
  /** What it stood for. */
  readonly is: number;
}

export interface Curve {
  /** Straight between the points, and on along the outermost ones beyond them. */
  of(x: number): number;
  /** How far beyond the points it is, as a share of their span; 0 among them. */
  beyond(x: number): number;
}

const MOST_POINTS = 1000;

/**
 * A calibration by two points or a table of them, in any order.
 * @throws RangeError for fewer than two points, one place twice, or numbers that are none
 */
export function calibrationCurve(points: readonly CurvePoint[]): Curve {
  const sorted = points.toSorted((a, b) => a.at - b.at);
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (sorted.length < 2 || sorted.length > MOST_POINTS || !low || !high) {
    throw new RangeError(`calibration: expected 2 to ${MOST_POINTS} points, got ${sorted.length}`);
  }
  for (const [index, { at, is }] of sorted.entries()) {
    if (!Number.isFinite(at) || !Number.isFinite(is))
      throw new RangeError(`calibration: expected numbers, got ${at}, ${is}`);
    if (index > 0 && at === sorted[index - 1]!.at) throw new RangeError(`calibration: ${at} is there twice`);
  }
  const span = high.at - low.at;
  return {
    of(x) {
      const upper = Math.min(sorted.length - 1, Math.max(1, firstAbove(sorted, x)));
      const [a, b] = [sorted[upper - 1]!, sorted[upper]!];
      return a.is + ((x - a.at) / (b.at - a.at)) * (b.is - a.is);
    },
    beyond: (x) => Math.max(0, low.at - x, x - high.at) / span,
  };
}

function firstAbove(points: readonly CurvePoint[], x: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.at > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
