import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { mcp4725 } from "./mcp4725";
import { type Mcp4725Registers, mcp4725Model } from "./mcp4725.model";

function bench(options: Record<string, unknown> = {}) {
  const clock = new VirtualClock();
  const bus = new SimulatedBus("i2c", clock);
  const part = bus.plug(mcp4725Model, { address: 0x60 });
  const { log, shared } = recordedBus(bus);
  const registers = () => part.model as unknown as Mcp4725Registers;
  return { clock, part, log, registers, session: mcp4725.connect(shared, { options }) };
}

/** Bytes of figure 6-1; codes of table 6-1 at a supply of 4.096 V, where a step is 1 mV; 0A AA is in mcp4725-async's test. */
it.each([
  [4.095, "0F FF"],
  [4.094, "0F FE"],
  [0.002, "00 02"],
  [0.001, "00 01"],
  [0, "00 00"],
  [2.73, "0A AA"],
])("%d V is %s", async (voltage, bytes) => {
  const { clock, log, session } = bench({ supply: 4.096 });
  await clock.run(session.set("voltage", voltage));
  expect(log).toEqual([bytes]);
});

describe("on a simulated bus", () => {
  it("is never off by more than half a step, but for the last", async () => {
    const { clock, registers, session } = bench({ supply: 5 });
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 5, noNaN: true }), async (voltage) => {
        await clock.run(session.set("voltage", voltage));
        const error = Math.abs((registers().dac.code * 5) / 4096 - voltage) / (5 / 4096);
        expect(error).toBeLessThanOrEqual(registers().dac.code === 4095 ? 1 : 0.5 + 1e-9);
      }),
    );
  });

  it("has a range that ends at the supply", async () => {
    const { session, registers } = bench();
    await expect(session.set("voltage", 3.31)).rejects.toThrow("voltage: expected 0 to 3.3 V, got 3.31");
    await session.set("voltage", 3.3);
    expect(registers().dac.code).toBe(4095);
    await session.makeSafe();
    expect(registers().dac).toEqual({ power: 0, code: 0 });
  });

  it("makes the part start at 0 V, once", async () => {
    const { clock, part, log, registers, session } = bench({ powerUp: "zero" });
    expect(registers().dac.code).toBe(0x800);
    await clock.run(session.set("voltage", 1.65));
    expect(log).toEqual(["60 00 00", "08 00"]);
    part.unplug();
    await expect(clock.run(session.set("voltage", 1))).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(registers().dac.code).toBe(0);
    await clock.run(session.set("voltage", 1.65));
    expect(log.slice(2)).toEqual(["04 D9", "08 00"]);
  });

  it("says when the part has not taken the value, because its memory is being written", async () => {
    const { clock, part, session } = bench();
    part.model.write(Uint8Array.of(0x60, 0x80, 0));
    await expect(session.set("voltage", 2)).rejects.toMatchObject({ name: "BusError", code: "crc" });
    await clock.advance(25);
    await session.set("voltage", 2);
  });
});
