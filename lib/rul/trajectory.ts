/** A life from healthy to failed: one figure of wear over hours. */
export interface Run {
  readonly unit: string;
  /** Ascending; the last is the failure. */
  readonly hours: readonly number[];
  readonly values: readonly number[];
}

/**
 * A run at even steps, the last of which is the failure: means of the values within each step, straight lines where a
 * step has none.
 * @param step h
 */
export function evenSteps({ hours, values }: Run, step: number): Float64Array {
  const end = hours.at(-1) as number;
  const count = Math.max(1, Math.round((end - (hours[0] as number)) / step) + 1);
  const sums = new Float64Array(count);
  const counts = new Float64Array(count);
  values.forEach((value, i) => {
    const at = Math.max(0, count - 1 - Math.round((end - (hours[i] as number)) / step));
    sums[at] = (sums[at] as number) + value;
    counts[at] = (counts[at] as number) + 1;
  });
  const means = sums.map((sum, i) => ((counts[i] as number) > 0 ? sum / (counts[i] as number) : Number.NaN));
  return fillGaps(means);
}

/** Straight lines over NaN; the ends are held. At least one value is no NaN. */
export function fillGaps(values: Float64Array): Float64Array {
  const filled = values.slice();
  let before = -1;
  for (let i = 0; i < filled.length; i++) {
    if (Number.isNaN(filled[i])) continue;
    for (let j = before + 1; j < i; j++) {
      const share = before < 0 ? 1 : (j - before) / (i - before);
      filled[j] = (filled[before < 0 ? i : before] as number) * (1 - share) + (filled[i] as number) * share;
    }
    before = i;
  }
  filled.fill(filled[before] as number, before + 1);
  return filled;
}

/** Centred means over 2 * reach + 1 values, fewer at the ends. */
export function smoothed(values: Float64Array, reach: number): Float64Array {
  return values.map((_, i) => {
    const from = Math.max(0, i - reach);
    const to = Math.min(values.length, i + reach + 1);
    let sum = 0;
    for (let j = from; j < to; j++) sum += values[j] as number;
    return sum / (to - from);
  });
}
