import { type Contribution, clipped, coordinateMedian, trimmedMean, weightedMean } from "./aggregate";
import type { CoordinatorOptions } from "./coordinator-options";
import type { Update } from "./messages";
import { noisyMean, normFor } from "./noise";
import { commonScale, type Scale, strangers } from "./scale";

/** What one client counts: its rows, as far as it may say. */
export function weightOf({ rows }: Update, { maxRows }: CoordinatorOptions): number {
  return Math.min(rows, maxRows);
}

/** The one delta that the clients' deltas come to, by the rule, bound and noise of the options. */
export function combinedDelta(updates: readonly Update[], options: CoordinatorOptions): Float64Array {
  const { rule, trim, noise, clip } = options;
  const norm = normFor(noise);
  const contributions: Contribution[] = updates.map((update) => ({
    client: update.client,
    delta: clip > 0 ? clipped(update.delta, clip, norm) : update.delta,
    weight: weightOf(update, options),
  }));
  if (noise) return noisyMean(contributions, clip, noise);
  if (rule === "median") return coordinateMedian(contributions);
  return rule === "trimmed" ? trimmedMean(contributions, trim) : weightedMean(contributions);
}

/** The scale that what the clients have measured comes to. */
export function combinedScale(updates: readonly Update[], options: CoordinatorOptions): Scale {
  const moments = updates.flatMap((one) => (one.moments ? [{ ...one.moments, rows: weightOf(one, options) }] : []));
  return commonScale(moments, options.plan.kind, options.rule !== "mean");
}

/** Names of the clients whose measured scale is so far from the others' that it was left out; with robust rules it does not matter. */
export function strangersAmong(updates: readonly Update[], { rule }: CoordinatorOptions): string[] {
  const measured = updates.flatMap(({ client, moments }) => (moments ? [{ client, moments }] : []));
  if (rule !== "mean") return [];
  const strange = strangers(measured.map(({ moments }) => moments));
  return measured.flatMap(({ client }, i) => (strange[i] ? [client] : []));
}
