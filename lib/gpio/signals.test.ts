import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { VirtualClock } from "../bus";
import { constant, SimulatedBus } from "../bus/simulated";
import type { LineSignal, TimedReading } from "./contract";
import { lineSignal } from "./create";
import { contactModel, detectorModel, pulseModel } from "./models";
import { PULSE_PRESETS } from "./presets";
import { WIRINGS, type Wiring } from "./wiring";

const shown = (readings: readonly TimedReading[]) =>
  readings.map(({ sensor, value, timestamp }) => [sensor, value, timestamp]);

/** Edges as [level, time]; `at` is called whenever the signal asks for it. */
function played(signal: LineSignal, edges: readonly (readonly [boolean, number])[], until: number): TimedReading[] {
  const said = signal.start(false, 0);
  const passTime = (to: number) => {
    for (let due = signal.dueAt; due !== undefined && due <= to; due = signal.dueAt) said.push(...signal.at(due));
  };
  for (const [active, at] of edges) {
    passTime(at);
    said.push(...signal.edge(active, at));
  }
  passTime(until);
  return said;
}

describe("a door", () => {
  it("says when it opens, when it closes and how long it was open", () => {
    const door = lineSignal({ kind: "state", sensor: "open", duration: "openFor" });
    expect(
      shown(
        played(
          door,
          [
            [true, 5000],
            [true, 5500],
            [false, 7500],
          ],
          9000,
        ),
      ),
    ).toEqual([
      ["open", false, 0],
      ["open", true, 5000],
      ["open", false, 7500],
      ["openFor", 2.5, 7500],
    ]);
    expect(door.channels).toEqual([
      { sensor: "open", unit: "1" },
      { sensor: "openFor", unit: "s" },
    ]);
  });

  it("that was open at the start does not say for how long", () => {
    const door = lineSignal({ kind: "state", sensor: "open", duration: "openFor" });
    expect(shown(door.start(true, 100))).toEqual([["open", true, 100]]);
    expect(shown(door.edge(false, 900))).toEqual([["open", false, 900]]);
    door.edge(true, 1000);
    expect(shown(door.edge(false, 400))).toEqual([
      ["open", false, 400],
      ["openFor", 0, 400],
    ]);
  });
});

describe("motion", () => {
  it("goes on until the detector has been quiet for the hold time", () => {
    const motion = lineSignal({ kind: "motion", holdMs: 10_000 });
    const pulses = [
      [true, 1000],
      [false, 3000],
      [true, 9000],
      [false, 9500],
      [true, 40_000],
      [false, 41_000],
    ] as const;
    expect(shown(played(motion, pulses, 60_000))).toEqual([
      ["motion", false, 0],
      ["motion", true, 1000],
      ["motion", false, 19_500],
      ["motion", true, 40_000],
      ["motion", false, 51_000],
    ]);
  });

  it("is doubted while the detector warms up", () => {
    const motion = lineSignal({ kind: "motion", holdMs: 0, warmUpMs: 30_000 });
    const said = played(
      motion,
      [
        [true, 1000],
        [false, 2000],
        [true, 30_000],
        [false, 31_000],
      ],
      40_000,
    );
    expect(said.map(({ quality }) => quality)).toEqual(["uncertain", "uncertain", "uncertain", "good", "good"]);
    expect(said[1]).toMatchObject({ value: true, reason: "the detector is warming up" });
  });

  it("ends also when the clock steps back", () => {
    const motion = lineSignal({ kind: "motion", holdMs: 1000 });
    motion.start(false, 1e9);
    motion.edge(true, 1e9);
    motion.edge(false, 1e9 + 100);
    expect(motion.at(5e8)).toEqual([]);
    expect(motion.at(5e8 + 1000)).toMatchObject([{ value: false }]);
  });
});

describe("debounce", () => {
  it("passes on what lasts, with the time since when, and drops spikes", () => {
    const door = lineSignal({ kind: "state", sensor: "open" }, 20);
    const edges = [
      ...([
        [true, 1000],
        [false, 1001],
        [true, 1003],
        [false, 1004],
        [true, 1005],
      ] as const),
      ...([
        [false, 2000],
        [true, 2019],
      ] as const),
      ...([
        [false, 3000],
        [true, 3002],
        [false, 3004],
      ] as const),
    ];
    expect(shown(played(door, edges, 4000))).toEqual([
      ["open", false, 0],
      ["open", true, 1005],
      ["open", false, 3004],
    ]);
  });

  it("says when it has to be asked, for itself and for what is behind it", () => {
    const counter = lineSignal({ kind: "pulses", everyMs: 1000, outputs: ["pulses"] }, 20);
    counter.start(false, 0);
    expect(counter.dueAt).toBe(1000);
    counter.edge(true, 500);
    expect(counter.dueAt).toBe(520);
    expect(counter.at(520)).toEqual([]);
    expect(counter.dueAt).toBe(1000);
    expect(counter.at(1000)).toMatchObject([{ value: 1 }]);
    const restored = lineSignal({ kind: "pulses", everyMs: 1000, outputs: ["pulses"] }, 20);
    restored.restore(throughJson(counter.snapshot()));
    expect(restored.snapshot()).toEqual(counter.snapshot());
    expect(() => restored.restore({})).toThrow("signal");
    expect(() => lineSignal({ kind: "state", sensor: "open" }, -1)).toThrow("debounce");
  });

  it("never says the same level twice", () => {
    const edges = fc.array(fc.tuple(fc.boolean(), fc.nat(200)), { maxLength: 100, size: "max" });
    fc.assert(
      fc.property(edges, fc.nat(50), (steps, ms) => {
        let at = 0;
        const timed = steps.map(([active, after]) => {
          at += after;
          return [active, at] as const;
        });
        const values = played(lineSignal({ kind: "state", sensor: "open" }, ms), timed, at + 1000).map(
          ({ value }) => value,
        );
        expect(values.every((value, index) => index === 0 || value !== values[index - 1])).toBe(true);
        expect(values.at(-1)).toBe(timed.at(-1)?.[0] ?? false);
      }),
    );
  });
});

describe("on a simulated chip", () => {
  /** Watches a line as a node does, for so long. */
  async function watched(
    bus: SimulatedBus<"gpio">,
    clock: VirtualClock,
    signal: LineSignal,
    wiring: Wiring,
    ms: number,
  ) {
    const chip = await bus.open();
    const said: TimedReading[] = [];
    const line = await chip.watch(17, WIRINGS[wiring], (edge, timestamp) => {
      said.push(...signal.edge(edge === "rising", timestamp));
    });
    said.push(...signal.start(await line.read(), clock.now()));
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await clock.advance(10);
      if (signal.dueAt !== undefined && signal.dueAt <= clock.now()) said.push(...signal.at(clock.now()));
    }
    await line.close();
    return said;
  }

  it("measures a flow", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("gpio", clock);
    bus.plug(pulseModel({ unit: "L/min", curve: constant(8) }, 7.5), { address: 17 });
    const signal = lineSignal({ kind: "pulses", ...PULSE_PRESETS.yfS201, everyMs: 1000, outputs: ["rate", "total"] });
    const said = await watched(bus, clock, signal, "toGround", 30_500);
    const rates = said.filter(({ sensor }) => sensor === "rate").map(({ value }) => value as number);
    expect(rates).toHaveLength(30);
    for (const rate of rates) expect(rate).toBeCloseTo(8, 1);
    const total = said.findLast(({ sensor }) => sensor === "total")!.value as number;
    expect(total).toBeCloseTo(4, 2);
  });

  it("sees a bouncing door, and motion", async () => {
    const clock = new VirtualClock();
    const square = { kind: "square", low: 0, high: 1, period: 10, duty: 0.3 } as const;
    const doors = new SimulatedBus("gpio", clock);
    doors.plug(contactModel({ unit: "1", curve: square }), { address: 17 });
    const door = await watched(doors, clock, lineSignal({ kind: "state", sensor: "closed" }, 20), "toGround", 30_000);
    expect(door.map(({ value }) => value)).toEqual([true, false, true, false, true, false]);
    const bouncing = await watched(doors, clock, lineSignal({ kind: "state", sensor: "closed" }), "toGround", 30_000);
    expect(bouncing.length).toBeGreaterThan(20);

    const rooms = new SimulatedBus("gpio", clock);
    rooms.plug(detectorModel({ unit: "1", curve: square }), { address: 17 });
    const motion = await watched(rooms, clock, lineSignal({ kind: "motion", holdMs: 8000 }), "driven", 30_000);
    expect(motion.map(({ value }) => value)).toEqual([true]);
  });
});
