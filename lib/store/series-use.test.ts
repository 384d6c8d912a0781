import { describe, expect, it } from "vitest";
import { storesOfEachTest } from "../../test/support/stores";
import type { SeriesStates } from "./contract";

const HOUR_MS = 3_600_000;

const stores = storesOfEachTest();

/** A store whose wall clock the test moves: `work` is so many days at work, `jump` what clocks do. */
function overTime(path = stores.file("gatewise.db")) {
  let now = Date.UTC(2026, 0, 1);
  const store = stores.open(path, { now: () => now });
  const work = (days: number): void => {
    for (let hour = 0; hour <= 24 * days; hour += 1) {
      now += HOUR_MS;
      store.upkeep();
    }
  };
  const jump = (years: number): void => {
    now += years * 365 * 24 * HOUR_MS;
  };
  return { store, path, work, jump };
}

describe("saved states", () => {
  it("go when no node has opened them for 30 days", () => {
    const { store, path, work } = overTime();
    const [gone, back] = ["gone", "back"].map((keeper) => store.seriesStates(keeper, "f")) as [
      SeriesStates,
      SeriesStates,
    ];
    gone.save([["a", 1]]);
    back.save([["a", 2]]);
    gone.close?.();
    back.close?.();
    work(29);
    expect(gone.load("a")).toBe(1);
    const again = store.seriesStates("back", "f");
    work(3);
    expect(gone.load("a")).toBeUndefined();
    expect(again.load("a")).toBe(2);
    gone.save([["a", 3]]);
    store.close();
    expect(overTime(path).store.seriesStates("gone", "f").load("a")).toBe(3);
  });

  it("stay while their node is there, though nothing is heard for a season", () => {
    const { store, work } = overTime();
    const heating = store.seriesStates("heating", "f");
    heating.save([["pump", 1]]);
    work(240);
    expect(heating.load("pump")).toBe(1);
  });

  it("of a node that was replaced while it was open twice stay", () => {
    const { store, work } = overTime();
    const first = store.seriesStates("n", "f");
    first.save([["a", 1]]);
    const second = store.seriesStates("n", "f");
    first.close?.();
    first.close?.();
    work(32);
    expect(second.load("a")).toBe(1);
  });

  it("do not go because the clock jumps: neither by a wrong year nor after years on a shelf", () => {
    const { store, work, jump } = overTime();
    const states = store.seriesStates("n", "f");
    states.save([["a", 1]]);
    states.close?.();
    for (const years of [20, -20, -56, 56, 3]) {
      jump(years);
      work(1);
    }
    expect(states.load("a")).toBe(1);
    work(32);
    expect(states.load("a")).toBeUndefined();
  });

  it("of series that are heard no more go after more than a year, those of the others stay", () => {
    const { store, work } = overTime();
    const states = store.seriesStates("n", "f");
    states.save([
      ["once", 1],
      ["again", 1],
    ]);
    for (let month = 0; month < 13; month += 1) {
      work(30);
      states.save([["again", month]]);
    }
    expect(states.load("once")).toBe(1);
    work(30);
    expect(states.load("once")).toBeUndefined();
    expect(states.load("again")).toBe(12);
  });

  it("are bounded in number: those not heard of for longest go", () => {
    const { store, work } = overTime();
    const states = store.seriesStates("n", "f");
    const tags = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => [`tag-${from + i}`, 0] as const);
    states.save(tags(0, 1200));
    work(1);
    states.save(tags(1200, 101_000));
    work(1);
    while (store.upkeep().more);
    const kept = tags(0, 101_000).filter(([series]) => states.load(series) !== undefined);
    expect(kept).toHaveLength(100_000);
    expect(states.load("tag-1200")).toBe(0);
  });

  it("of a pack that kept no account of their use are taken as used when this one first opens the file", () => {
    const { store, path } = overTime();
    store.seriesStates("n", "f").save([["a", 1]]);
    // As that pack left the file.
    store.component("notes", ["CREATE TABLE note (text TEXT)"]).exec(
      `DROP TABLE series_clock; DROP TABLE keeper_use; DROP TABLE series_use;
       DELETE FROM gatewise_component WHERE name = 'series-use'`,
    );
    store.close();
    const { store: later, work } = overTime(path);
    work(29);
    expect(later.seriesStates("n", "f").load("a")).toBe(1);
  });
});
