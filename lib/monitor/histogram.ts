/** Counts by size; the last bucket has no bound. */
export interface Buckets {
  readonly boundsMs: readonly number[];
  readonly buckets: readonly number[];
}

/**
 * The quantile of what fell into buckets, interpolated within the bucket it lies in, as Prometheus' histogram_quantile
 * does: at most the largest bound, beyond which nothing is known. Undefined when nothing was counted.
 * @param fraction from 0 to 1
 */
export function bucketQuantile({ boundsMs, buckets }: Buckets, fraction: number): number | undefined {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let rank = fraction * total;
  for (const [i, count] of buckets.entries()) {
    const low = i === 0 ? 0 : (boundsMs[i - 1] as number);
    const high = boundsMs[i];
    if (high === undefined) return low;
    if (rank <= count && count > 0) return low + ((high - low) * rank) / count;
    rank -= count;
  }
  return boundsMs.at(-1);
}

/** What was counted since; all of it when the counters have begun anew meanwhile. */
export function countedSince(now: Buckets, before: Buckets | undefined): Buckets {
  if (!before || before.buckets.length !== now.buckets.length) return now;
  const since = now.buckets.map((count, i) => count - (before.buckets[i] as number));
  return since.some((count) => count < 0) ? now : { boundsMs: now.boundsMs, buckets: since };
}
