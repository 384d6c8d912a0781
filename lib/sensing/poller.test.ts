import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { findDriver, openSensor, type SensorSession } from "../drivers";
import { AdaptiveInterval } from "./adaptive";
import { Poller } from "./poller";

function polled(pollMs: () => number, interval: () => number) {
  const clock = new VirtualClock(1000);
  const times: number[] = [];
  let skipped = 0;
  const poller = new Poller({
    now: () => clock.now(),
    after: (ms, work) => clock.after(ms, work),
    interval,
    poll: async () => {
      times.push(clock.now());
      const ms = pollMs();
      if (ms > 0) await clock.wait(ms);
    },
    skipped: (polls) => {
      skipped += polls;
    },
  });
  return { clock, times, poller, skipped: () => skipped };
}

describe("the poller", () => {
  it("keeps its grid however long a poll takes", async () => {
    const { clock, times, poller, skipped } = polled(
      () => 370,
      () => 1000,
    );
    poller.start(100);
    await clock.advance(5000);
    expect(times).toEqual([1100, 2100, 3100, 4100, 5100]);
    expect(skipped()).toBe(0);
    poller.stop();
    await clock.advance(5000);
    expect(times).toHaveLength(5);
  });

  it("catches up at once when it is late by less than an interval, and counts what it had no time for", async () => {
    const durations = [1400, 0, 3700, 0];
    const { clock, times, poller, skipped } = polled(
      () => durations.shift() ?? 0,
      () => 1000,
    );
    poller.start();
    await clock.advance(8000);
    expect(times).toEqual([1000, 2400, 3000, 6700, 7000, 8000, 9000]);
    expect(skipped()).toBe(2);
  });

  it("hastens when the interval has become shorter, and only then", async () => {
    const interval = new AdaptiveInterval({ normalMs: 60_000, fastMs: 5000 });
    const { clock, times, poller } = polled(
      () => 0,
      () => interval.ms,
    );
    poller.start();
    await clock.advance(10_000);
    poller.hasten();
    interval.judge(true);
    if (interval.judge(true)) poller.hasten();
    await clock.advance(12_000);
    expect(times).toEqual([1000, 16_000, 21_000]);
  });
});

/** Parts of every polled bus, as a gateway has them. */
const PARTS = [
  ...["bme280", "sht31", "sht41", "bmp280", "bh1750", "ads1115", "ina219", "mcp9808", "ds3231", "bmp388"],
  ...["mcp3008", "max31855", "max31865", "max6675", "mcp3208"],
] as const;
const HOUR_MS = 3_600_000;

describe("twenty simulated sensors for an hour", () => {
  it("lose no poll, keep their schedule and hold no more at the end", { timeout: 120_000 }, async () => {
    const clock = new VirtualClock(Date.UTC(2026, 5, 1, 12));
    const sessions: SensorSession[] = [];
    const busses = new Map<
      string,
      { readonly simulation: SimulatedBus; readonly bus: ReturnType<SimulatedBus["shared"]> }
    >();
    const busFor = (kind: SimulatedBus["kind"], number: number) => {
      const key = `${kind}${number}`;
      const simulation = busses.get(key)?.simulation ?? new SimulatedBus(kind, clock);
      const known = busses.get(key) ?? { simulation, bus: simulation.shared(key) };
      busses.set(key, known);
      return known;
    };
    for (const [index, id] of PARTS.entries()) {
      const { driver } = await findDriver(id);
      // Two I2C buses, because some parts share an address, and one chip select each.
      const place = driver.bus === "spi" ? { chipSelect: index } : {};
      sessions.push(await openSensor(id, busFor(driver.bus, driver.bus === "i2c" ? index : 0), place));
    }
    for (let serial = 1; serial <= 5; serial++) {
      sessions.push(await openSensor("ds18b20", busFor("oneWire", 0), { rom: `28-00000000000${serial}` }));
    }
    expect(sessions).toHaveLength(20);

    const polls = sessions.map((session) => observed(session, clock));
    for (const { poller } of polls) poller.start();
    await clock.advance(HOUR_MS / 4);
    const early = heapBytes();
    await clock.advance((3 * HOUR_MS) / 4 - 1);
    const late = heapBytes();
    for (const { poller } of polls) poller.stop();

    for (const { times, skipped, bad } of polls) {
      expect({ polls: times.count, skipped: skipped(), bad: bad() }).toEqual({ polls: 360, skipped: 0, bad: 0 });
      expect(times.latest).toBe(0);
    }
    expect(late - early).toBeLessThan(1_000_000);
  });
});

/** Reads every ten seconds and says how late reads began, and how many readings were bad. */
function observed(session: SensorSession, clock: VirtualClock) {
  const start = clock.now();
  const times = { count: 0, latest: 0 };
  let skipped = 0;
  let bad = 0;
  const poller = new Poller({
    now: () => clock.now(),
    after: (ms, work) => clock.after(ms, work),
    interval: () => 10_000,
    poll: async () => {
      times.latest = Math.max(times.latest, clock.now() - (start + 10_000 * times.count));
      times.count += 1;
      const readings = await session.read().catch(() => []);
      if (readings.length === 0 || readings.some(({ quality }) => quality === "bad")) bad += 1;
    },
    skipped: (count) => {
      skipped += count;
    },
  });
  return { poller, times, skipped: () => skipped, bad: () => bad };
}

/** After a collection, which a test has to be allowed first. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
