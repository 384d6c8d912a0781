import { expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { jxbs3001 } from "./jxbs3001";
import { jxbs3001Model } from "./jxbs3001.model";

/** Values by register, with the manual's figure for -10.1 °C and 65.8 %: 02 92 FF 9B. */
const frame = (ph: string, soil: string, conductivity: string, nutrients: string) =>
  hex(ph + soil + conductivity + nutrients);

it("converts what the registers hold, in the order of the registers", () => {
  expect(jxbs3001.decode(frame("0289", "0292FF9B", "03E8", "002000250030"))).toMatchObject([
    { sensor: "moisture", value: expect.closeTo(65.8, 9) },
    { sensor: "temperature", value: expect.closeTo(-10.1, 9) },
    { sensor: "conductivity", value: 1000 },
    { sensor: "ph", value: expect.closeTo(6.49, 9) },
    { sensor: "nitrogen", unit: "mg/kg", value: 32 },
    { sensor: "phosphorus", value: 37 },
    { sensor: "potassium", value: 48 },
  ]);
  expect(jxbs3001.decode(frame("FFFF", "0292FF9B", "2711", "07CF07D00000"))).toMatchObject([
    { quality: "good" },
    { quality: "good" },
    { quality: "bad", reason: "out of range: expected 0 to 10000 uS/cm, got 10001" },
    { quality: "bad", reason: "out of range: expected 3 to 9 [pH], got 655.35" },
    { value: 1999, quality: "good" },
    { value: null, quality: "bad" },
    { value: 0, quality: "good" },
  ]);
});

it("measures on a simulated line, and gives a damaged answer as bad at once", async () => {
  const clock = new VirtualClock();
  const bus = new SimulatedBus("serial", clock);
  const part = bus.plug(jxbs3001Model, { address: 1, values: { temperature: -7.5, ph: 6.25 } });
  const session = jxbs3001.connect(bus.shared());
  const read = async () => Object.fromEntries((await clock.run(session.read())).map((one) => [one.sensor, one]));
  expect(await read()).toMatchObject({ temperature: { value: -7.5 }, ph: { value: 6.25 } });
  part.corruptNext();
  const before = clock.now();
  expect(await read()).toMatchObject({
    ph: { value: null, quality: "bad", reason: expect.stringContaining("damaged") },
  });
  expect(clock.now() - before).toBeLessThan(300);
  expect(await read()).toMatchObject({ ph: { value: 6.25 } });
  part.unplug();
  await expect(read()).rejects.toMatchObject({ code: "timeout" });
});
