/** A time for people: ISO 8601, or the milliseconds where a calendar has none. */
export function timeText(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? `${timestamp} ms` : date.toISOString();
}
