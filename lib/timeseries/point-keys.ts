/** Nanoseconds in a millisecond: how many readings of one series can share a millisecond and still be told apart. */
const SLOTS = 1_000_000;

/** Milliseconds that are remembered in each series. */
const REMEMBERED = 4;

/** The points that have been written within one millisecond of a series. */
interface Instant {
  ms: number;
  /** The first point: its nanosecond within the millisecond, and its fields. */
  ns: number;
  fields: string;
  /** Made only when a second, different point falls into the same millisecond. */
  crowd: Crowd | undefined;
}

interface Crowd {
  readonly taken: Set<number>;
  /** The nanoseconds taken by points with these fields. */
  readonly byFields: Map<string, number[]>;
  /** By wanted nanosecond, how far the slots from there on are all taken. */
  readonly runs: Map<number, number>;
}

/**
 * Gives each reading of one series a timestamp of its own. InfluxDB keeps one point per series and timestamp, so two
 * readings of the same millisecond would silently become one; here the second is moved by a nanosecond. The same point
 * again gets the same timestamp again, so that sending twice writes once.
 *
 * The last few milliseconds of a series are remembered; a reading that is later than that and meets an old point
 * replaces it, which is InfluxDB's own rule for a correction.
 */
export class PointKeys {
  readonly #instants: Instant[] = [];
  #newest = Number.NEGATIVE_INFINITY;
  #oldestIndex = 0;

  /**
   * The nanosecond within `ms` at which to write a point that wants to be at `ns` and carries `fields`.
   * @returns undefined when the millisecond is full
   */
  place(ms: number, ns: number, fields: string): number | undefined {
    const known = ms > this.#newest ? undefined : this.#find(ms);
    if (known) return placeIn(known, ns, fields);
    this.#remember(ms, ns, fields);
    return ns;
  }

  #find(ms: number): Instant | undefined {
    for (const instant of this.#instants) if (instant.ms === ms) return instant;
    return undefined;
  }

  #remember(ms: number, ns: number, fields: string): void {
    if (ms > this.#newest) this.#newest = ms;
    if (this.#instants.length < REMEMBERED) {
      this.#instants.push({ ms, ns, fields, crowd: undefined });
      return;
    }
    const oldest = this.#instants[this.#oldestIndex] as Instant;
    this.#oldestIndex = (this.#oldestIndex + 1) % REMEMBERED;
    oldest.ms = ms;
    oldest.ns = ns;
    oldest.fields = fields;
    oldest.crowd = undefined;
  }
}

function placeIn(instant: Instant, ns: number, fields: string): number | undefined {
  if (!instant.crowd) {
    if (instant.ns === ns && instant.fields === fields) return ns;
    instant.crowd = { taken: new Set(), byFields: new Map(), runs: new Map() };
    take(instant.crowd, instant.ns, instant.fields);
  }
  const { crowd } = instant;
  const free = endOfRun(crowd, ns);
  // The same point again is where it wants to be, or was moved to within the slots that were taken from there on.
  const known = crowd.byFields.get(fields)?.find((slot) => slot >= ns && slot < free);
  if (known !== undefined) return known;
  if (free >= SLOTS) return undefined;
  take(crowd, free, fields);
  return free;
}

function take(crowd: Crowd, slot: number, fields: string): void {
  crowd.taken.add(slot);
  const slots = crowd.byFields.get(fields);
  if (slots) slots.push(slot);
  else crowd.byFields.set(fields, [slot]);
}

function endOfRun(crowd: Crowd, from: number): number {
  let end = crowd.runs.get(from) ?? from;
  while (crowd.taken.has(end)) end += 1;
  crowd.runs.set(from, end);
  return end;
}
