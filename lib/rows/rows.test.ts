import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, reading, throughJson } from "../../test/support/series";
import type { Reading } from "../reading";
import { type Row, RowAssembler } from "./index";

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

describe("options of rows that cannot work", () => {
  it.each([
    [{ sensors: ["a", "a"], hold: 0 }, /each sensor once/],
    [{ sensors: ["a"], hold: -1 }, /^hold/],
    [{ sensors: Array.from({ length: 257 }, (_, i) => `s${i}`), hold: 0 }, /at most 256, got 257/],
  ])("%#", (options, message) => {
    expect(() => new RowAssembler(options)).toThrow(message);
  });
});
