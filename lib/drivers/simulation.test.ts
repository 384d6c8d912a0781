import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BusError, VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { findDriver, openSensor, plugParts, type SensorSession } from ".";

function simulated<K extends "i2c" | "spi" | "oneWire">(kind: K) {
  const clock = new VirtualClock(Date.UTC(2026, 5, 1, 12));
  const simulation = new SimulatedBus(kind, clock);
  return { clock, simulation, bus: simulation.shared() };
}

describe("a simulated bus", () => {
  it("has every part that is asked for", async () => {
    const { clock, ...bus } = simulated("i2c");
    const session = await openSensor("bme280", bus);
    const [temperature] = await clock.run(session.read());
    // Warmest at 15:00; noon is not far from it.
    expect(temperature).toMatchObject({ quality: "good", value: expect.closeTo(23.5, 0) });
    const oneWire = simulated("oneWire");
    const probe = await openSensor("ds18b20", oneWire);
    expect(await oneWire.clock.run(probe.read())).toMatchObject([{ quality: "good" }]);
  });

  it("has the parts that its user wrote down", async () => {
    const { clock, ...bus } = simulated("i2c");
    const file = join(tmpdir(), `gatewise-recording-${process.pid}.csv`);
    writeFileSync(file, "time,rh\n2026-01-01T00:00:00Z,40\n2026-01-01T00:01:00Z,60\n");
    await plugParts(bus.simulation, [
      { driver: "sht31", values: { temperature: 4 }, recording: { file, columns: { humidity: "rh" } } },
      {
        driver: "bh1750",
        address: 0x5c,
        values: { illuminance: { curve: { kind: "constant", value: 500 }, noise: 0 } },
        events: [
          { kind: "step", sensor: "illuminance", amount: 100, at: 30, duration: 60 },
          { kind: "nack", at: 100, duration: 10 },
        ],
      },
    ]);
    const sht = await openSensor("sht31", bus);
    const bh = await openSensor("bh1750", bus, { address: 0x5c });
    const values = async (session: SensorSession) =>
      (await clock.run(session.read())).map(({ value }) => Math.round(value as number));
    expect([await values(sht), await values(bh)]).toEqual([[4, 40], [500]]);
    await clock.advance(61_000);
    expect([await values(sht), await values(bh)]).toEqual([[4, 60], [600]]);
    await clock.advance(40_000);
    await expect(clock.run(bh.read())).rejects.toMatchObject({ code: "nack" });
  });

  it.each([
    [{ driver: "sht99" }, "part 1 (sht99): there is no driver"],
    [{ driver: "mcp3008" }, "part 1 (mcp3008): mcp3008 belongs on a bus of kind spi, not i2c"],
    [
      { driver: "sht31", values: { pressure: 1 } },
      'the part does not measure "pressure"; it measures temperature, humidity',
    ],
    [{ driver: "sht31", events: [{ kind: "nack", at: -1, duration: 1 }] }, "devices[0].events[0].at"],
    [{ driver: "sht31", events: [{ kind: "quake", at: 1, duration: 1, sensor: "humidity" }] }, "expected spike"],
    [{ driver: "sht31", values: { humidity: { curve: { kind: "flat" } } } }, "expected constant, sine"],
  ])("refuses %j", async (spec, reason) => {
    await expect(plugParts(simulated("i2c").simulation, [spec as never])).rejects.toThrow(reason);
  });

  it("takes a driver only of its own kind, and a sensor only for a sensor", async () => {
    await expect(openSensor("mcp3008", simulated("i2c"))).rejects.toThrow(
      "mcp3008 belongs on a bus of kind spi, not i2c",
    );
    await expect(openSensor("sht31", simulated("i2c"), { options: { speed: 1 } })).rejects.toThrow('no option "speed"');
    await expect(openSensor("sht31", simulated("i2c"), { address: 0x99 })).rejects.toThrow(
      "from 0x03 to 0x77, got 153",
    );
  });
});

describe("many on one bus", () => {
  it("two sessions of one part, and two parts, do not disturb one another", async () => {
    const { clock, ...bus } = simulated("i2c");
    await plugParts(bus.simulation, [
      { driver: "sht31", values: { temperature: 10, humidity: 20 } },
      { driver: "bme280", values: { temperature: 30, humidity: 40, pressure: 90_000 } },
    ]);
    const sessions = await Promise.all(["sht31", "bme280", "sht31", "bme280"].map((id) => openSensor(id, bus)));
    for (let round = 0; round < 20; round++) {
      const all = await clock.run(Promise.all(sessions.map((session) => session.read())));
      expect(all.map(([temperature]) => Math.round(10 * (temperature!.value as number)))).toEqual([100, 300, 100, 300]);
    }
  });

  it("twenty sensors for an hour: no poll is lost, the schedule does not drift, and a broken bus comes back", async () => {
    const { clock, simulation, bus } = simulated("i2c");
    const entry = await findDriver("sht31");
    const start = clock.now();
    const counts = new Map<number, { good: number; failed: number; latest: number }>();
    const poll = async (address: number) => {
      simulation.plug(entry.model as never, { address, values: { temperature: address } });
      const session = await openSensor("sht31", { bus, simulation }, { address });
      const count = { good: 0, failed: 0, latest: 0 };
      counts.set(address, count);
      for (let n = 1; n <= 3600; n++) {
        await clock.wait(start + n * 1000 - clock.now());
        count.latest = Math.max(count.latest, clock.now() - (start + n * 1000));
        await session.read().then(
          ([temperature]) => {
            expect(temperature!.value).toBeCloseTo(address, 1);
            count.good += 1;
          },
          () => (count.failed += 1),
        );
      }
    };
    const polls = Promise.all(Array.from({ length: 20 }, (_, index) => poll(0x20 + index)));
    await clock.advance(1_800_500);
    simulation.breakDown(new BusError("stuck", "SDA is held low"));
    await clock.advance(10_000);
    simulation.breakDown(undefined);
    await clock.run(polls);
    expect(clock.now() - start).toBeLessThan(3_601_000);
    for (const { good, failed, latest } of counts.values()) {
      expect(good + failed).toBe(3600);
      // Ten seconds of breakdown, and a pause that has grown to at most sixteen.
      expect(failed).toBeGreaterThanOrEqual(10);
      expect(failed).toBeLessThan(30);
      expect(latest).toBe(0);
    }
  }, 60_000);
});
