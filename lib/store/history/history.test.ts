import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Reading } from "../../reading";
import type { HistoryQuery } from "../contract";
import { IN_MEMORY, StoreFile } from "../file";
import { openStore, type Store } from "../store";
import { History } from "./history";

function reading(fields: Partial<Reading> = {}): Reading {
  return { deviceId: "d", sensor: "s", value: 1, unit: "Cel", timestamp: 0, quality: "good", ...fields };
}

/** Readings of `sensor` at the times from..to-1, the value being the time. */
function run(from: number, to: number, sensor = "s"): Reading[] {
  return Array.from({ length: to - from }, (_, i) => reading({ sensor, timestamp: from + i, value: from + i }));
}

/** Small enough that logs fill and are sealed step by step within a test. */
const SMALL = { logReadings: 16, stepSeries: 1, sealMs: 0 };

function settle(history: History, before?: number, maxBytes?: number): number {
  let evicted = 0;
  for (let step = 0; step < 10_000; step += 1) {
    const done = history.upkeep(before, maxBytes);
    evicted += done.evicted;
    if (!done.more) return evicted;
  }
  throw new Error("upkeep did not come to an end");
}

describe("history", () => {
  let folder: string;
  const stores: Store[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gatewise-history-"));
  });
  afterEach(() => {
    for (const store of stores.splice(0)) store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (): Store => {
    const store = openStore(join(folder, "gatewise.db"));
    stores.push(store);
    return store;
  };

  it("gives back all that a reading carries, marked historical, after a restart too", () => {
    const full = reading({
      seq: 7,
      marks: ["late"],
      metadata: { location: "barn" },
      anomaly: { detector: "z", isAnomaly: true, score: 4.5, expected: { low: 1, high: 2 } },
      health: { index: 0.5 },
      prediction: { model: "m", value: "broken" },
    });
    const odd = [
      reading({ timestamp: 1, value: true }),
      reading({ timestamp: 2, value: "open", unit: "1" }),
      reading({ timestamp: 3, value: null, quality: "bad" }),
      reading({ timestamp: 3.25, value: 1e8 + 0.5, quality: "uncertain" }),
    ];
    const store = open();
    store.history.append([full, ...odd]);
    const expected = [full, ...odd].map((one) => ({ ...one, historical: true }));
    expect(store.history.query({ deviceId: "d", sensor: "s" })).toEqual(expected);
    store.close();
    expect(open().history.query({ deviceId: "d" })).toEqual(expected);
  });

  it("keeps nothing of an outer transaction that is undone", () => {
    const { history, transaction } = bound(open());
    expect(() =>
      transaction(() => {
        history.append([reading({ value: 1 }), reading({ deviceId: "other" })]);
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(history.query({ deviceId: "d" })).toEqual([]);
    history.append([reading({ deviceId: "other", value: 2 })]);
    expect(history.query({ deviceId: "other" }).map(({ value }) => value)).toEqual([2]);
  });

  it("lists its series", () => {
    const { history } = open();
    history.append([reading(), reading({ deviceId: "a", sensor: "x" }), reading({ sensor: "r" })]);
    expect(history.series()).toEqual([
      { deviceId: "a", sensor: "x" },
      { deviceId: "d", sensor: "r" },
      { deviceId: "d", sensor: "s" },
    ]);
    expect(history.series("a")).toEqual([{ deviceId: "a", sensor: "x" }]);
  });

  it("says what is wrong with a query", () => {
    const { history } = open();
    expect(() => history.query({ deviceId: "d", limit: 0 })).toThrow(/limit is 1 to 1000000, got 0/);
    expect(() => history.query({ deviceId: "d", from: Number.NaN })).toThrow(/milliseconds/);
  });

  it("evicts the oldest when the store is over its size, and forgets series that have gone", () => {
    const history = new History(new StoreFile(IN_MEMORY), () => 0, { ...SMALL, logReadings: 2000 });
    history.append([reading({ sensor: "gone", value: "x".repeat(500) })]);
    for (let start = 0; start < 100_000; start += 1000) {
      history.append(Array.from({ length: 1000 }, (_, i) => reading({ timestamp: start + i, value: Math.random() })));
      history.upkeep(undefined, undefined);
    }
    const before = history.count();
    const evicted = settle(history, undefined, 600_000);
    expect(evicted).toBeGreaterThan(10_000);
    expect(history.count()).toBe(before - evicted);
    const [oldest] = history.query({ deviceId: "d", sensor: "s", limit: 1 });
    const [newest] = history.query({ deviceId: "d", sensor: "s", limit: 1, order: "newest" });
    expect(newest?.timestamp).toBe(99_999);
    expect(oldest?.timestamp).toBe(evicted - 1);
    expect(history.series().map(({ sensor }) => sensor)).toEqual(["s"]);
  });

  it("says by how much the store is over its size when no history is left to evict", () => {
    const history = new History(new StoreFile(IN_MEMORY));
    history.append(run(0, 10));
    const { more, overBy } = history.upkeep(undefined, 1);
    expect(more).toBe(false);
    expect(overBy).toBeGreaterThan(4096);
    expect(history.count()).toBe(10);
  });

  it("evicts what is older than the bound, even in a log that never fills", () => {
    const hour = 3600 * 1000;
    let now = 0;
    const history = new History(new StoreFile(IN_MEMORY), () => now);
    // What a device claims to have measured in years to come goes with the rest.
    history.append([...run(0, 9), reading({ timestamp: 1e15 })]);
    now = 7 * hour;
    expect(settle(history, now - 24 * hour)).toBe(0);
    history.append([reading({ timestamp: now })]);
    now = 32 * hour;
    expect(settle(history, now - 24 * hour)).toBe(10);
    expect(history.query({ deviceId: "d" }).map(({ timestamp }) => timestamp)).toEqual([7 * hour]);
  });

  it("does not care when readings arrive late or twice, where they lie, or about restarts at any moment", () => {
    const sensor = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.tuple(sensor, fc.nat(60), fc.integer()), { maxLength: 12, size: "max" }) },
      { weight: 3, arbitrary: fc.constant("upkeep" as const) },
      { weight: 1, arbitrary: fc.constant("restart" as const) },
    );
    const query = fc.record(
      {
        sensor,
        from: fc.nat(60),
        to: fc.nat(60),
        limit: fc.integer({ min: 1, max: 20 }),
        order: fc.constantFrom("oldest" as const, "newest" as const),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), query, (steps, asked) => {
        const file = new StoreFile(IN_MEMORY);
        const model = new Map<string, Reading>();
        let history = new History(file, () => 0, SMALL);
        for (const one of steps) {
          if (one === "upkeep") history.upkeep(undefined, undefined);
          else if (one === "restart") history = new History(file, () => 0, SMALL);
          else {
            const batch = one.map(([name, timestamp, value]) => reading({ sensor: name, timestamp, value }));
            for (const each of batch) model.set(`${each.sensor} ${each.timestamp}`, { ...each, historical: true });
            history.append(batch);
          }
        }
        expect(history.query({ deviceId: "d", ...asked })).toEqual(expectedOf([...model.values()], asked));
        file.close();
      }),
      { numRuns: 300 },
    );
  });
});

/** The query's definition, read off the contract. */
function expectedOf(
  all: Reading[],
  { sensor, from = 0, to = 1e9, limit = 1e9, order }: Partial<HistoryQuery>,
): Reading[] {
  const sign = order === "newest" ? -1 : 1;
  return all
    .filter((one) => (sensor === undefined || one.sensor === sensor) && one.timestamp >= from && one.timestamp < to)
    .sort((a, b) => sign * (a.timestamp - b.timestamp) || (a.sensor < b.sensor ? -1 : 1))
    .slice(0, limit);
}

function bound(store: Store): { history: Store["history"]; transaction: (work: () => void) => void } {
  return { history: store.history, transaction: (work) => store.transaction(work) };
}
