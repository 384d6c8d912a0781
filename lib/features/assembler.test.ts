import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, throughJson } from "../../test/support/series";
import { type AssemblerOptions, MAX_WINDOW, type Window, WindowAssembler } from "./assembler";

const GOOD = { uncertain: false, historical: false };

function assembler(over: Partial<AssemblerOptions> = {}) {
  const windows: Window[] = [];
  const made = new WindowAssembler({ size: 8, step: 8, bridge: 2, ...over });
  return {
    windows,
    made,
    /** Pushes values that count up, at the given times. */
    at: (times: readonly number[], provenance = GOOD) =>
      times.map((time) => made.push(time, time, provenance, windows)),
  };
}
const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.round((to - from) / step) }, (_, i) => from + i * step);

describe("WindowAssembler of single samples", () => {
  it("gives a window for every so many, with the rate by their times and the time of the last", () => {
    const { windows, at } = assembler();
    at(range(0, 200, 10));
    expect(windows.map(({ samples, rateHz, end }) => [samples[0], samples[7], rateHz, end])).toEqual([
      [0, 70, 100, 70],
      [80, 150, 100, 150],
    ]);
  });

  it("lets windows overlap", () => {
    const { windows, at } = assembler({ step: 2 });
    at(range(0, 140, 10));
    expect(windows.map(({ samples }) => [samples[0], samples[7]])).toEqual([
      [0, 70],
      [20, 90],
      [40, 110],
      [60, 130],
    ]);
  });

  it.each([undefined, 100])("fills short gaps with a straight line and marks what it did, rate %s", (rateHz) => {
    const { windows, at } = assembler({ rateHz, size: 16, step: 16 });
    expect(at([...range(0, 80, 10), ...range(100, 180, 10)])).toEqual(Array(16).fill(undefined));
    expect([...(windows[0]?.samples ?? [])]).toEqual(range(0, 160, 10));
    expect(windows[0]?.uncertain).toBe(true);
  });

  it.each([undefined, 100])("begins anew after a longer one and says so, rate %s", (rateHz) => {
    const { windows, at } = assembler({ rateHz, size: 16, step: 16 });
    const troubles = at([...range(0, 100, 10), ...range(200, 360, 10)]).filter(Boolean);
    expect(troubles).toEqual(["10 samples are missing before it: a window of 16 was begun anew after 10"]);
    expect(windows.map(({ samples, uncertain }) => [samples[0], uncertain])).toEqual([[200, false]]);
  });

  it.each([undefined, 100])("leaves out one dated far ahead, and goes on after it, rate %s", (rateHz) => {
    const { windows, at } = assembler({ rateHz });
    const [START, FUTURE] = [Date.UTC(2026, 0, 1), Date.UTC(2046, 0, 1)];
    const troubles = at([...range(START, START + 300, 10), FUTURE, ...range(START + 310, START + 6310, 10)]);
    expect(troubles.filter(Boolean)).toEqual([
      "dated 2046-01-01T00:00:00.000Z, far ahead of those before it: left out unless the next one agrees",
    ]);
    expect(windows).toHaveLength(78);
  });

  it("begins anew when its time goes back for good, also in a state of before clocks were kept", () => {
    const [START, FUTURE] = [Date.UTC(2026, 0, 1), Date.UTC(2046, 0, 1)];
    const wrong = assembler();
    wrong.at([FUTURE]);
    const { clock, ...old } = wrong.made.snapshot() as Record<string, unknown>;
    for (const state of [wrong.made.snapshot(), old]) {
      const { made, windows, at } = assembler();
      made.restore(throughJson(state));
      const troubles = at(range(START, START + 1000, 10)).filter(Boolean);
      expect(troubles).toHaveLength(10);
      expect(troubles.at(-1)).toBe(
        "its time went back from 2046-01-01T00:00:00.000Z to 2026-01-01T00:00:00.090Z: a window of 8 was begun anew after 1",
      );
      expect(windows[0]?.samples[0]).toBe(START + 90);
    }
  });

  it("does the same with blocks", () => {
    const { windows, made } = assembler();
    const [START, FUTURE] = [Date.UTC(2026, 0, 1), Date.UTC(2046, 0, 1)];
    const push = (end: number) =>
      made.pushBlock({ samples: new Float64Array(8), rateHz: 100, end, overrun: false }, GOOD, windows);
    const ends = range(START, START + 1600, 80);
    expect([...ends.slice(0, 10), FUTURE, ...ends.slice(10)].map(push).filter(Boolean)).toEqual([
      "dated 2046-01-01T00:00:00.000Z, far ahead of those before it: left out unless the next one agrees",
    ]);
    expect(windows).toHaveLength(20);
  });

  it("takes a bad reading for a missing sample", () => {
    const { windows, made, at } = assembler({ rateHz: 12_000 });
    // Twelve a millisecond: the times alone could not tell.
    at([0, 0, 0]);
    made.skip();
    at([0, 0, 1, 1]);
    expect(windows[0]?.uncertain).toBe(true);
  });

  it("is not misled by timestamps of whole milliseconds at 12 kHz, nor by a clock that runs 0.1 % fast", () => {
    const { windows, made } = assembler({ rateHz: 12_000, size: 1000, step: 1000 });
    for (let i = 0; i < 60_000; i++) {
      expect(made.push(i, Math.floor((i * 1.001) / 12), GOOD, windows)).toBeUndefined();
    }
    expect(windows.length).toBe(60);
    expect(windows.some(({ uncertain }) => uncertain)).toBe(false);
  });

  it("takes messages of many samples with one time each, when the rate is given", () => {
    const { windows, made } = assembler({ rateHz: 1000, size: 100, step: 100 });
    for (let i = 0; i < 1000; i++) expect(made.push(i, 50 * Math.floor(i / 50), GOOD, windows)).toBeUndefined();
    expect(windows.map(({ uncertain, rateHz }) => [uncertain, rateHz])).toEqual(Array(10).fill([false, 1000]));
  });

  it("refuses what is earlier, and what has no rate", () => {
    const { windows, at } = assembler();
    expect(at([10, 20, 15])[2]).toBe("earlier than the sample before it, by 5 ms");
    const still = assembler();
    expect(still.at(Array(8).fill(5)).at(-1)).toBe("the last 8 samples all have the same time: say their rate");
    expect([windows, still.windows]).toEqual([[], []]);
  });

  it("marks windows of uneven intervals, of uncertain samples, and those that are all of the past", () => {
    const uneven = assembler();
    uneven.at([0, 10, 20, 30, 40, 44, 60, 70]);
    expect(uneven.windows[0]?.uncertain).toBe(true);
    const past = assembler({ step: 4 });
    past.at(range(0, 80, 10), { uncertain: true, historical: true });
    past.at(range(80, 160, 10));
    expect(past.windows.map(({ uncertain, historical }) => [uncertain, historical])).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });

  it("continues after snapshot and restore as if never stopped", () => {
    const pushes = fc.array(
      fc.record({ value: finite(-1e9, 1e9), pause: fc.constantFrom(0, 10, 10, 10, 10, 20, 95) }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(
        pushes,
        fc.nat(60),
        fc.constantFrom(undefined, 100),
        fc.integer({ min: 1, max: 8 }),
        (input, cut, rateHz, step) => {
          const options = { size: 8, step, bridge: 2, rateHz };
          const whole = new WindowAssembler(options);
          let stopped = new WindowAssembler(options);
          const [expected, windows]: [Window[], Window[]] = [[], []];
          let time = 1e12;
          input.forEach(({ value, pause }, i) => {
            time += pause;
            if (i === cut) {
              const restored = new WindowAssembler(options);
              restored.restore(throughJson(stopped.snapshot()));
              stopped = restored;
            }
            expect(stopped.push(value, time, GOOD, windows)).toBe(whole.push(value, time, GOOD, expected));
          });
          expect(windows).toEqual(expected);
        },
      ),
    );
  });

  it("refuses a damaged state and impossible options", () => {
    const { made, at } = assembler();
    at([1, 2, 3]);
    const saved = made.snapshot() as Record<string, unknown>;
    expect(() => made.restore({ ...saved, values: "AAAA" })).toThrow("values: expected 3 samples");
    expect(() => made.restore({ ...saved, count: 9 })).toThrow("count");
    expect(() => assembler({ size: MAX_WINDOW + 1 })).toThrow("size: expected a whole number from 8 to 65536");
    expect(() => assembler({ step: 9 })).toThrow("step: expected a whole number from 1 to 8");
  });
});

describe("WindowAssembler of blocks", () => {
  const block = (from: number, to: number, over = {}) => ({
    samples: Float64Array.from(range(from, to)),
    rateHz: 1000,
    end: to - 1,
    overrun: false,
    ...over,
  });

  it("joins them", () => {
    const { windows, made } = assembler({ size: 16, step: 16 });
    for (let i = 0; i < 60; i += 12) expect(made.pushBlock(block(i, i + 12), GOOD, windows)).toBeUndefined();
    expect(windows.map(({ samples, end, rateHz }) => [samples[0], samples[15], end, rateHz])).toEqual([
      [0, 15, 15, 1000],
      [16, 31, 31, 1000],
      [32, 47, 47, 1000],
    ]);
  });

  it("begins anew when samples are lost between two, the rate changes, or they come twice", () => {
    const { windows, made } = assembler({ size: 16, step: 16 });
    made.pushBlock(block(0, 12), GOOD, windows);
    expect(made.pushBlock(block(12, 20, { overrun: true }), GOOD, windows)).toContain("samples before it are lost");
    expect(made.pushBlock(block(40, 52), GOOD, windows)).toContain("20 ms are missing before it");
    expect(made.pushBlock(block(52, 60, { rateHz: 500, end: 66 }), GOOD, windows)).toContain(
      "its rate is 500 Hz after",
    );
    expect(made.pushBlock(block(52, 60), GOOD, windows)).toBe("earlier than the block before it, by 7 ms");
    expect(windows).toEqual([]);
  });
});
