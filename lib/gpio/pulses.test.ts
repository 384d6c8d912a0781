import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { PULSE_PRESETS } from "./presets";
import { PulseCounter, type PulseOptions } from "./pulses";

/** Feeds pulses at these times and returns what is said, by interval. */
function counted(options: PulseOptions, pulses: readonly number[], until: number) {
  const counter = new PulseCounter(options);
  counter.start(false, 0);
  const said = pulses.flatMap((at) => [...counter.edge(true, at), ...counter.edge(false, at + 0.1)]);
  const all = [...said, ...counter.at(until)];
  const times = [...new Set(all.map(({ timestamp }) => timestamp))];
  return times.map((time) => {
    const values = all.filter(({ timestamp }) => timestamp === time).map(({ sensor, value }) => [sensor, value]);
    return { time, ...Object.fromEntries(values) };
  });
}

const regular = (hertz: number, from: number, to: number) =>
  Array.from({ length: Math.floor(((to - from) * hertz) / 1000) }, (_, index) => from + ((index + 0.5) * 1000) / hertz);

describe("usual parts", () => {
  /** YF-S201 datasheet: F = 7.5 * Q, so 120 Hz are 16 L/min, and 450 pulses a litre. */
  it("YF-S201 at 16 L/min", () => {
    const minute = counted({ ...PULSE_PRESETS.yfS201, everyMs: 60_000 }, regular(120, 0, 60_000), 60_000);
    expect(minute).toEqual([
      {
        time: 60_000,
        pulses: 7200,
        frequency: expect.closeTo(120, 9),
        amount: expect.closeTo(16, 9),
        total: expect.closeTo(16, 9),
        rate: expect.closeTo(16, 9),
      },
    ]);
  });

  /** Argent Data Systems, weather sensor assembly 80422: 2.4 km/h at one pulse a second, 0.2794 mm of rain a tip. */
  it("Argent's anemometer and rain gauge", () => {
    const [, second] = counted({ ...PULSE_PRESETS.argentWind, everyMs: 5000 }, regular(3, 0, 10_000), 10_000);
    expect(second!.rate).toBeCloseTo((3 * 2.4) / 3.6, 9);
    const rain = counted({ ...PULSE_PRESETS.argentRain, everyMs: 60_000 }, [10_000, 25_000, 40_000, 70_000], 120_000);
    expect(rain).toMatchObject([
      { amount: expect.closeTo(3 * 0.2794, 9), rate: expect.closeTo((0.2794 * 3600) / 15, 6) },
      {
        amount: expect.closeTo(0.2794, 9),
        total: expect.closeTo(4 * 0.2794, 9),
        rate: expect.closeTo((0.2794 * 3600) / 30, 6),
      },
    ]);
  });

  it("an energy meter", () => {
    const counter = new PulseCounter({ ...PULSE_PRESETS.energy1000, everyMs: 10_000, outputs: ["rate", "total"] });
    expect(counter.channels).toEqual([
      { sensor: "total", unit: "W.h" },
      { sensor: "rate", unit: "W" },
    ]);
    const [, second] = counted({ ...PULSE_PRESETS.energy1000, everyMs: 10_000 }, regular(0.5, 0, 20_000), 20_000);
    expect(second!.rate).toBeCloseTo(1800, 6);
  });
});

describe("the frequency", () => {
  it("is exact when few pulses come in an interval", () => {
    const said = counted({ everyMs: 1000 }, regular(2.3, 0, 10_000), 10_000);
    for (const { frequency } of said.slice(1)) expect(frequency).toBeCloseTo(2.3, 9);
  });

  it("falls between rare pulses and becomes zero", () => {
    const said = counted({ everyMs: 1000, zeroAfterMs: 5000 }, [100, 600, 1100], 9000);
    const counter = new PulseCounter({ everyMs: 1000, zeroAfterMs: 5000 });
    counter.start(false, 0);
    for (const at of [100, 600, 1100]) counter.edge(true, at);
    const frequencies = [2000, 3000, 4000, 5000, 6000, 6200, 7000].flatMap((at) =>
      counter.at(at).flatMap(({ sensor, value }) => (sensor === "frequency" ? [value] : [])),
    );
    expect(frequencies).toEqual([2, 1000 / 1900, 1000 / 2900, 1000 / 3900, 1000 / 4900, 0]);
    expect(said.at(-1)).toMatchObject({ frequency: 0, pulses: 3 });
  });

  it("is that of the new flow at once after a pause", () => {
    const said = counted({ everyMs: 1000, zeroAfterMs: 60_000 }, [500, ...regular(100, 30_000, 31_000)], 31_000);
    expect(said.at(-1)!.frequency).toBeCloseTo(100, 6);
    const later = counted({ everyMs: 1000, zeroAfterMs: 5000 }, [500, ...regular(100, 30_000, 31_000)], 31_000);
    expect(later.at(-1)!.frequency).toBeCloseTo(100, 6);
  });

  it("of a first pulse is what its pause allows", () => {
    expect(counted({ everyMs: 1000, zeroAfterMs: 10_000 }, [500], 1000)).toMatchObject([{ frequency: 0.1, pulses: 1 }]);
  });
});

describe("counting", () => {
  it("counts the edges that it was told to", () => {
    const count = (edges: "active" | "inactive" | "both") => {
      const counter = new PulseCounter({ everyMs: 1000, edges, outputs: ["pulses"] });
      counter.start(true, 0);
      for (const [active, at] of [
        [false, 1],
        [true, 2],
        [false, 3],
      ] as const)
        counter.edge(active, at);
      return counter.at(1000)[0]!.value;
    };
    expect([count("active"), count("inactive"), count("both")]).toEqual([1, 2, 3]);
  });

  it("goes on after a restart, and begins anew when told to", () => {
    const before = new PulseCounter({ everyMs: 1000, outputs: ["pulses"] });
    before.start(false, 0);
    before.edge(true, 10);
    const after = new PulseCounter({ everyMs: 1000, outputs: ["pulses"] });
    after.restore(throughJson(before.snapshot()));
    after.start(false, 5000);
    after.edge(true, 5500);
    expect(after.at(6000)).toMatchObject([{ value: 2 }]);
    after.reset();
    expect(after.at(7000)).toMatchObject([{ value: 0 }]);
    for (const state of [null, {}, { pulses: -1 }, { pulses: 1.5 }, { pulses: "7" }]) {
      expect(() => after.restore(state)).toThrow();
    }
  });

  it("loses nothing and says only numbers, whatever the clock does", () => {
    const times = fc.array(fc.integer({ min: -5000, max: 100_000 }), { maxLength: 200, size: "max" });
    fc.assert(
      fc.property(times, fc.boolean(), (at, isSorted) => {
        const counter = new PulseCounter({ ...PULSE_PRESETS.yfS201, everyMs: 1000 });
        counter.start(false, 0);
        const pulses = isSorted ? at.toSorted((a, b) => a - b) : at;
        const said = [...pulses.flatMap((time) => counter.edge(true, time)), ...counter.at(200_000)];
        for (const { value } of said) expect(Number.isFinite(value) && (value as number) >= 0).toBe(true);
        const amounts = said.filter(({ sensor }) => sensor === "amount").map(({ value }) => value as number);
        expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(pulses.length / 450, 9);
      }),
    );
  });

  it("gives one interval to who comes late", () => {
    const counter = new PulseCounter({ everyMs: 1000, outputs: ["pulses"] });
    counter.start(false, 0);
    expect(counter.dueAt).toBe(1000);
    expect(counter.at(86_400_500)).toMatchObject([{ timestamp: 86_400_000 }]);
    expect(counter.dueAt).toBe(86_401_000);
  });

  it("refuses options that make no sense", () => {
    expect(() => new PulseCounter({ everyMs: 0 })).toThrow("interval: expected a number from 10");
    expect(() => new PulseCounter({ everyMs: 1000, zeroAfterMs: 0 })).toThrow("time until zero");
    expect(() => new PulseCounter({ everyMs: 1000, pulse: { amount: Number.NaN, unit: "L" } })).toThrow(
      "amount per pulse",
    );
    expect(() => new PulseCounter({ everyMs: 1000, outputs: ["rate"] })).toThrow('what a pulse stands for with "rate"');
  });
});
