import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, reading, throughJson } from "../../test/support/series";
import type { Reading } from "../reading";
import { type Row, RowAssembler, type RowOptions, RowWatch } from "./index";

const at = (sensor: string, value: Reading["value"], timestamp: number, over: Partial<Reading> = {}): Reading =>
  reading(value, timestamp, { sensor, ...over });

function rowsOf(assembler: RowAssembler, input: readonly Reading[]): [number, number[]][] {
  const rows = input.map((item) => assembler.push(item)).filter((row): row is Row => row !== undefined);
  return rows.map(({ timestamp, values }) => [timestamp, [...values]]);
}

describe("rows of given sensors", () => {
  it("are complete with the last of their values, in the order of the configuration", () => {
    const assembler = new RowAssembler({ sensors: ["b", "a"], hold: 0 });
    expect(assembler.push(at("a", 1, 0))).toBeUndefined();
    expect(assembler.push(at("b", 2, 0))).toMatchObject({ deviceId: "d1", timestamp: 0 });
    expect(rowsOf(assembler, [at("b", 4, 1000), at("a", 3, 1000)])).toEqual([[1000, [4, 3]]]);
  });

  it("are not made of values of different times, unless these may be held for that long", () => {
    const input = [at("a", 1, 0), at("b", 2, 100), at("a", 3, 1000), at("b", 4, 1100), at("a", 5, 5000)];
    const strict = new RowAssembler({ sensors: ["a", "b"], hold: 0 });
    expect(rowsOf(strict, input)).toEqual([]);
    expect(strict.incomplete).toBe(4);
    const held = new RowAssembler({ sensors: ["a", "b"], hold: 1000 });
    // The row of time 0 lacks b, that of 5000 is still open and would be too old.
    expect(rowsOf(held, input)).toEqual([
      [100, [1, 2]],
      [1000, [3, 2]],
      [1100, [3, 4]],
    ]);
    expect(held.flush()).toBeUndefined();
    expect(held.incomplete).toBe(2);
  });

  it("have NaN for what is missing where that is allowed", () => {
    const assembler = new RowAssembler({ sensors: ["a", "b"], hold: 0, allowMissing: true });
    expect(rowsOf(assembler, [at("a", 1, 0), at("a", 2, 1000), at("b", 3, 1000)])).toEqual([
      [0, [1, Number.NaN]],
      [1000, [2, 3]],
    ]);
  });

  it("take no bad readings, texts or other sensors, and count what comes too late", () => {
    const assembler = new RowAssembler({ sensors: ["a", "b"], hold: 0 });
    const odd = [at("a", 9, 1000, { quality: "bad" }), at("a", "x", 1000), at("c", 9, 1000), at("b", true, 1000)];
    expect(rowsOf(assembler, [...odd, at("a", 1, 1000), at("a", 7, 900), at("a", 8, 1000)])).toEqual([[1000, [1, 1]]]);
    expect(assembler.late).toBe(2);
  });

  it("of one sensor are its readings", () => {
    const assembler = new RowAssembler({ sensors: ["a"], hold: 0 });
    expect(rowsOf(assembler, [at("a", 1, 0), at("a", 2, 1)])).toEqual([
      [0, [1]],
      [1, [2]],
    ]);
  });

  it("do not depend on the order of the sensors within a timestamp", () => {
    const order = fc.shuffledSubarray(["a", "b", "c"], { minLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(order, finite(-5, 5)), { maxLength: 20 }), (turns) => {
        const input = turns.flatMap(([sensors, value], i) => sensors.map((s) => at(s, value + s.charCodeAt(0), i)));
        const sorted = [...input].sort((x, y) => x.timestamp - y.timestamp || (x.sensor < y.sensor ? -1 : 1));
        const create = (): RowAssembler => new RowAssembler({ sensors: ["a", "b", "c"], hold: 0 });
        expect(rowsOf(create(), input)).toEqual(rowsOf(create(), sorted));
      }),
    );
  });
});

describe("rows of discovered sensors", () => {
  const turn = (i: number): Reading[] => [at("t", i, i * 1000), at("p", 2 * i, i * 1000), at("h", 3 * i, i * 1000)];

  it("have every sensor that the device keeps reporting, by name", () => {
    const assembler = new RowAssembler({ sensors: [], hold: 0 });
    const input = Array.from({ length: 12 }, (_, i) => turn(i)).flat();
    const rows = rowsOf(assembler, [at("start-up", 1, -1), ...input]);
    expect(assembler.sensors).toEqual(["h", "p", "t"]);
    expect(rows.at(-1)).toEqual([11_000, [33, 22, 11]]);
  });

  it("are found where sensors take turns", () => {
    const assembler = new RowAssembler({ sensors: [], hold: 2000 });
    const input = Array.from({ length: 30 }, (_, i) => at(["a", "b", "c"][i % 3] as string, i, i * 1000));
    expect(rowsOf(assembler, input).at(-1)).toEqual([28_000, [27, 28, 26]]);
  });
});

describe("the state of rows", () => {
  it("goes on after snapshot and restore as if never stopped", () => {
    const item = fc.tuple(fc.constantFrom("a", "b", "c"), finite(-5, 5), fc.integer({ min: 0, max: 2 }));
    const input = fc.array(item, { maxLength: 60 });
    fc.assert(
      fc.property(input, fc.nat(60), fc.constantFrom(["a", "b"], []), (items, cut, sensors) => {
        let time = 0;
        const readings = items.map(([sensor, value, step]) => {
          time += step;
          return at(sensor, value, time);
        });
        const create = (): RowAssembler => new RowAssembler({ sensors, hold: 2, allowMissing: true });
        const whole = create();
        rowsOf(whole, readings.slice(0, cut));
        const restored = create();
        restored.restore(throughJson(whole.snapshot()));
        expect(rowsOf(restored, readings.slice(cut))).toEqual(rowsOf(whole, readings.slice(cut)));
        expect(restored.incomplete).toBe(whole.incomplete);
      }),
    );
  });

  it("of other sensors is refused", () => {
    const state = new RowAssembler({ sensors: ["a", "b"], hold: 0 }).snapshot();
    expect(() => new RowAssembler({ sensors: ["a", "c"], hold: 0 }).restore(state)).toThrow(
      /those of the configuration/,
    );
  });
});

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const FUTURE = Date.UTC(2046, 0, 1);

/** Rows under watch: what comes out, what is warned of, counted, and wrong at the moment. */
class Watched {
  readonly warnings: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly watch = new RowWatch({
    warn: (text) => void this.warnings.push(text),
    metrics: { count: (name) => this.#count(name) },
  });
  readonly assembler: RowAssembler;

  constructor(options: Partial<RowOptions> = {}) {
    this.assembler = new RowAssembler({ sensors: ["a", "b"], hold: 0, ...options, observer: this.watch });
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  /** A row a minute from minute to minute; of other sensors or units as told. */
  minutes(from: number, to: number, over: Partial<Reading> = {}, sensors: readonly string[] = ["a", "b"]): number {
    return Array.from({ length: to - from }, (_, i) => START + (from + i) * MINUTE)
      .flatMap((time) => sensors.map((sensor) => at(sensor, 1, time, over)))
      .filter((item) => this.assembler.push(item)).length;
  }
}

describe("rows of a device whose time is wrong", () => {
  it("leave out what is dated far ahead, and tell of it", () => {
    const watched = new Watched();
    watched.minutes(0, 50);
    expect(watched.assembler.push(at("a", 9, FUTURE))).toBeUndefined();
    expect(watched.minutes(50, 60)).toBe(10);
    expect(watched.assembler.ahead).toBe(1);
    expect(watched.warnings).toEqual([
      "d1: a reading is dated 2046-01-01T00:00:00.000Z, far ahead of the others; left out",
    ]);
    expect(watched.counts).toEqual({ "readings dated ahead": 1 });
    expect(watched.watch.problem).toBeUndefined();
  });

  it("go on after a long pause, without a word", () => {
    const watched = new Watched();
    watched.minutes(0, 50);
    expect(watched.minutes(10_000, 10_010)).toBe(9);
    expect(watched.warnings).toEqual([]);
  });

  it("begin anew when the first reading was of a wrong year, and hold nothing of that", () => {
    const watched = new Watched({ hold: Number.MAX_VALUE });
    watched.assembler.push(at("b", 9, FUTURE));
    expect(watched.minutes(0, 50, {}, ["a"])).toBe(0);
    expect(watched.minutes(50, 60)).toBeGreaterThan(8);
    expect(watched.warnings).toEqual([
      "d1: its time went back from 2046-01-01T00:00:00.000Z to 2026-01-01T00:09:00.000Z; begun anew there",
      expect.stringContaining("no value of b so far"),
    ]);
    expect(watched.watch.problem).toBeUndefined();
  });

  it("recover from a state that was saved before this was known", () => {
    const { clock, units, interval, ...old } = new RowAssembler({ sensors: ["a", "b"], hold: 0 }).snapshot() as Record<
      string,
      unknown
    >;
    const watched = new Watched();
    watched.assembler.restore(throughJson({ ...old, closed: FUTURE, values: [1, 1], measured: [FUTURE, FUTURE] }));
    expect(watched.minutes(0, 50)).toBe(41);
  });

  it("say when nothing comes but what is too late; readings that come twice are no trouble", () => {
    const watched = new Watched();
    watched.minutes(0, 50);
    const twice = [at("a", 1, START + 49 * MINUTE), at("b", 1, START + 49 * MINUTE)];
    for (let i = 0; i < 5; i++) for (const item of twice) watched.assembler.push(item);
    expect(watched.watch.problem).toBeUndefined();
    watched.minutes(20, 40);
    expect(watched.watch.problem).toBe("d1: its readings come after later ones");
    expect(watched.counts).toEqual({ "late readings": 50 });
    watched.minutes(50, 51);
    expect(watched.watch.problem).toBeUndefined();
    expect(watched.warnings).toEqual(["d1: its readings come after later ones"]);
  });
});

describe("rows of sensors that change", () => {
  it("tell once which sensor is missing, and when it is back", () => {
    const watched = new Watched();
    watched.minutes(0, 50);
    expect(watched.minutes(50, 80, {}, ["a", "renamed"])).toBe(0);
    expect(watched.watch.problem).toBe("d1: no value of b since 2026-01-01T00:49:00.000Z");
    watched.minutes(80, 100);
    expect(watched.watch.problem).toBeUndefined();
    watched.minutes(100, 150, {}, ["a"]);
    expect(watched.warnings).toEqual(["d1: no value of b since 2026-01-01T00:49:00.000Z"]);
    expect(watched.assembler.incomplete).toBe(79);
  });

  it("tell when all of them are renamed or of no use", () => {
    for (const gone of [
      (watched: Watched) => watched.minutes(50, 65, {}, ["a2", "b2"]),
      (watched: Watched) => watched.minutes(50, 65, { value: null, quality: "bad" }),
    ]) {
      const watched = new Watched();
      watched.minutes(0, 50);
      gone(watched);
      expect(watched.warnings).toEqual(["d1: no value of a, b since 2026-01-01T00:49:00.000Z"]);
    }
  });

  it("are silent about devices of another kind, and about many readings of other sensors between two rows", () => {
    const watched = new Watched();
    watched.minutes(0, 50, {}, ["x", "y"]);
    for (let i = 0; i < 50; i++) {
      watched.minutes(100 + i, 101 + i);
      for (let j = 0; j < 50; j++) watched.assembler.push(at("x", j, START + (100 + i) * MINUTE + j * 1000));
    }
    expect(watched.warnings).toEqual([]);
  });

  it("tell when their sensors never report at the same time", () => {
    const watched = new Watched();
    for (let i = 0; i < 50; i++) watched.assembler.push(at(i % 2 === 0 ? "a" : "b", 1, START + i * MINUTE));
    expect(watched.warnings).toEqual(["d1: no row is whole: its sensors report at different times"]);
    expect(watched.counts).toEqual({ "incomplete rows": 49 });
  });

  it("leave out another unit, also after a restart, and tell of it until the first is back", () => {
    const before = new Watched();
    before.minutes(0, 50);
    const watched = new Watched();
    watched.assembler.restore(throughJson(before.assembler.snapshot()));
    expect(watched.minutes(50, 60, { unit: "[degF]" })).toBe(0);
    expect(watched.assembler.otherUnit).toBe(20);
    expect(watched.watch.problem).toBe(
      "d1: the unit of a is [degF] after Cel, the unit of b is [degF] after Cel; left out until a reset",
    );
    expect(watched.minutes(60, 62)).toBe(2);
    expect(watched.watch.problem).toBeUndefined();
    expect(watched.warnings).toHaveLength(1);
  });
});

describe("the watch over rows", () => {
  it("is bounded, and names one of the devices", () => {
    const warnings: string[] = [];
    const watch = new RowWatch({ warn: (text) => void warnings.push(text), metrics: { count: () => undefined } });
    for (let i = 0; i < 1000; i++) watch.trouble(`d${i}`, "missing", "no value of a so far");
    expect(warnings).toHaveLength(100);
    expect(warnings.at(-1)).toContain("of further devices only the status tells");
    expect(watch.problem).toBe("d0: no value of a so far; 999 more devices");
    watch.forget("d0");
    expect(watch.problem).toBe("d1: no value of a so far; 998 more devices");
    watch.forget();
    expect(watch.problem).toBeUndefined();
  });
});

describe("troubles of devices that have gone", () => {
  it("are not shown for longer than a day of the others, and again when the device comes back", () => {
    const watch = new RowWatch({ warn: () => undefined, metrics: { count: () => undefined } });
    const of = (deviceId: string) => {
      const rows = new RowAssembler({ sensors: ["a"], hold: 0, observer: watch });
      return (minute: number, unit = "K", time = START + minute * MINUTE) =>
        rows.push(at("a", 1, time, { deviceId, unit }));
    };
    const [old, other] = [of("old"), of("other")];
    for (let minute = 0; minute < 60; minute++) {
      old(minute);
      other(minute);
    }
    old(60, "Cel");
    // The others' wrong years are no time that has passed.
    other(61, "K", Date.UTC(2046, 0, 1));
    for (let minute = 61; minute < 60 + 24 * 60; minute++) other(minute);
    expect(watch.problem).toContain("old: the unit of a is Cel after K");
    for (let minute = 60 + 24 * 60; minute < 60 + 25 * 60; minute++) other(minute);
    expect(watch.problem).toBeUndefined();
    old(60 + 25 * 60, "Cel");
    expect(watch.problem).toContain("old: the unit of a is Cel after K");
    // After such a pause the first is doubted.
    for (const minute of [61, 62]) old(minute + 25 * 60);
    expect(watch.problem).toBeUndefined();
  });
});

describe("options of rows that cannot work", () => {
  it.each([
    [{ sensors: ["a", "a"], hold: 0 }, /each sensor once/],
    [{ sensors: ["a"], hold: -1 }, /^hold/],
    [{ sensors: Array.from({ length: 257 }, (_, i) => `s${i}`), hold: 0 }, /at most 256, got 257/],
  ])("%#", (options, message) => {
    expect(() => new RowAssembler(options)).toThrow(message);
  });
});
