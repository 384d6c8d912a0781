import { isNumeric, type NumericReading, type Reading } from "../reading";

export const AGGREGATES = ["mean", "min", "max", "sum", "count", "first", "last"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/**
 * Sums numeric readings up in spans of time, aligned to the epoch. Each span that has readings gives one per series,
 * at the span's beginning; readings that are not numbers or have bad quality are left out. The unit stays, but for
 * counts, which have none ("1").
 * @param everyMs length of a span, ms
 */
export function aggregateReadings(readings: readonly Reading[], how: Aggregate, everyMs: number): Reading[] {
  const spans = new Map<string, NumericReading[]>();
  for (const reading of readings) {
    if (!isNumeric(reading) || reading.quality === "bad") continue;
    const start = Math.floor(reading.timestamp / everyMs) * everyMs;
    const key = `${start}\n${reading.deviceId}\n${reading.sensor}\n${reading.unit}`;
    const span = spans.get(key);
    if (span) span.push(reading);
    else spans.set(key, [reading]);
  }
  const results = [...spans].map(([key, span]) => summary(span, how, Number(key.slice(0, key.indexOf("\n")))));
  return results.sort((a, b) => a.timestamp - b.timestamp);
}

function summary(span: readonly NumericReading[], how: Aggregate, timestamp: number): Reading {
  const [first] = span as readonly [NumericReading, ...NumericReading[]];
  const { deviceId, sensor, unit, metadata } = first;
  return {
    deviceId,
    sensor,
    value: aggregateOf(span, how),
    unit: how === "count" ? "1" : unit,
    timestamp,
    quality: span.every(({ quality }) => quality === "good") ? "good" : "uncertain",
    historical: true,
    ...(metadata ? { metadata } : {}),
  };
}

function aggregateOf(span: readonly NumericReading[], how: Aggregate): number {
  const values = span.map(({ value }) => value);
  switch (how) {
    case "mean":
      return meanOf(values);
    case "min":
      return values.reduce((least, value) => Math.min(least, value));
    case "max":
      return values.reduce((most, value) => Math.max(most, value));
    case "sum":
      return values.reduce((sum, value) => sum + value);
    case "count":
      return values.length;
    case "first":
      return values[0] ?? 0;
    case "last":
      return values.at(-1) ?? 0;
  }
}

/** The running mean, which stays exact near 1e9 and never overflows (Welford 1962). */
function meanOf(values: readonly number[]): number {
  let mean = 0;
  values.forEach((value, index) => {
    mean += (value - mean) / (index + 1);
  });
  return mean;
}
