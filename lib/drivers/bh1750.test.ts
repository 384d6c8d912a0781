import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { bh1750 } from "./bh1750";
import { bh1750Model } from "./bh1750.model";
import { hex } from "./core";

describe("the conversion", () => {
  /** The two examples of "Measurement sequence" in the technical note: (2^15+2^9+2^8+2^7+2^4) / 1.2 and (2^8+2^4) / 1.2. */
  it.each([
    ["8390", 28067],
    ["0110", 227],
    ["0000", 0],
  ])("of %s", (frame, lux) => {
    expect(bh1750.decode(hex(frame))).toMatchObject([{ quality: "good", unit: "lx" }]);
    expect(Math.round(bh1750.decode(hex(frame))[0]!.value as number)).toBe(lux);
  });

  it("of one count at the finest setting is 0.11 lx, as the features of the technical note say", () => {
    const [finest] = bh1750.decode(hex("0001"), { options: { mode: "high2", time: 254 } });
    expect(finest!.value).toBeCloseTo(0.11, 2);
  });

  it("doubts full scale", () => {
    expect(bh1750.decode(hex("FFFF"))).toMatchObject([
      { quality: "uncertain", reason: "saturated: there is more light than this" },
    ]);
  });
});

describe("on a simulated bus", () => {
  it.each([
    [{}, 1000, 1],
    [{ mode: "high2", time: 254 }, 3.7, 0.12],
    [{ mode: "low", time: 31 }, 90_000, 8],
  ])("measures with %j", async (options, illuminance, step) => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    bus.plug(bh1750Model, { address: 0x5c, values: { illuminance } });
    const session = bh1750.connect(bus.shared(), { address: 0x5c, options });
    const [reading] = await clock.run(session.read());
    expect(reading!.quality).toBe("good");
    expect(Math.abs((reading!.value as number) - illuminance)).toBeLessThan(step);
  });

  it("sets the measurement time again after the part has lost its power", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(bh1750Model, { address: 0x23, values: { illuminance: 50_000 } });
    const session = bh1750.connect(bus.shared(), { options: { time: 31 } });
    await clock.run(session.read());
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    const [reading] = await clock.run(session.read());
    expect(reading!.value).toBeCloseTo(50_000, -1);
  });
});
