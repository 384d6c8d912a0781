import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { ads1115 } from "./ads1115";
import { ads1115Model } from "./ads1115.model";
import { hex } from "./core";
import { overheardI2c } from "./core/overheard";

describe("the conversion", () => {
  /** 9.3.3 and 9.5.4 of the datasheet: the shared vectors adc_imu.json. */
  it.each([
    ["0001", "4.096", 0.000125],
    ["0000", "4.096", 0],
    ["FFFF", "4.096", -0.000125],
    ["4000", "2.048", 1.024],
    ["6590", "4.096", 3.25],
    ["0001", "6.144", 187.5e-6],
    ["0001", "2.048", 62.5e-6],
    ["0001", "1.024", 31.25e-6],
    ["0001", "0.512", 15.625e-6],
    ["0001", "0.256", 7.8125e-6],
  ] as const)("of %s at %s V", (raw, fullScale, volts) => {
    const [first] = ads1115.decode(hex(`${raw} 0000 0000 0000`), { options: { fullScale } });
    expect(first).toEqual({ sensor: "input0", unit: "V", quality: "good", value: volts });
  });

  it.each([
    ["7FFF", "4.096", 4.095875],
    ["8000", "4.096", -4.096],
    ["8000", "0.256", -0.256],
  ] as const)("doubts %s at %s V, the end of the scale", (raw, fullScale, volts) => {
    const options = { fullScale, inputs: "differential" } as const;
    expect(ads1115.decode(hex(`${raw} 0000`), { options })).toMatchObject([
      { sensor: "difference01", value: volts, quality: "uncertain", reason: "beyond the full scale" },
      { sensor: "difference23", value: 0, quality: "good" },
    ]);
  });
});

describe("on a simulated bus", () => {
  const values = { input0: 3.25, input1: 0.25, input2: -0.1, input3: 1 };

  function connected(options?: Record<string, string>) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const sent: string[] = [];
    const part = bus.plug(overheardI2c(ads1115Model, sent), { address: 0x48, values });
    const shared = bus.shared();
    return { clock, part, sent, shared, session: ads1115.connect(shared, { options }) };
  }

  it("asks for each input in turn", async () => {
    const { clock, sent, session } = connected();
    const readings = await clock.run(session.read());
    expect(readings.map(({ value }) => value)).toEqual([3.25, 0.25, -0.1, 1].map((volts) => expect.closeTo(volts, 3)));
    // The shared vectors adc_imu.json: input 0 against ground, 4.096 V, 128 samples per second.
    expect(sent.find((bytes) => bytes !== "01")).toBe("01 C3 83");
  });

  it.each([
    ["differential", [3, -1.1]],
    ["mixed", [3, -0.1, 1]],
    ["common", [2.25, -0.75, -1.1]],
  ])("measures %s", async (inputs, expected) => {
    const { clock, session } = connected({ inputs });
    const readings = await clock.run(session.read());
    expect(readings.map(({ value }) => value)).toEqual(expected.map((volts) => expect.closeTo(volts, 3)));
  });

  it("measures for two users at once, each with its own scale", async () => {
    const { clock, shared, session } = connected();
    const other = ads1115.connect(shared, { options: { fullScale: "0.512", inputs: "single" } });
    const [mine, its] = await clock.run(Promise.all([session.read(), other.read()]));
    expect(mine.map(({ value }) => value)).toEqual([3.25, 0.25, -0.1, 1].map((volts) => expect.closeTo(volts, 3)));
    expect(its.map(({ quality }) => quality)).toEqual(["uncertain", "good", "good", "uncertain"]);
  });

  it("says when it does not answer, and goes on when it is back", async () => {
    const { clock, part, session } = connected();
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject([{ quality: "good" }, {}, {}, {}]);
  });
});
