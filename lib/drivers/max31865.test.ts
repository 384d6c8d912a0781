import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { platinumRatio, platinumTemperature } from "./core/platinum";
import { max31865 } from "./max31865";
import { max31865Model } from "./max31865.model";

/** IEC 60751, table of Pt100: the shared vectors max31865.json. With a reference of 400 ohm. */
const PT100 = [
  [-200, 18.52, "0BDA"],
  [-100, 60.26, "2690"],
  [-50, 80.31, "3364"],
  [0, 100, "4000"],
  [25, 109.73, "463A"],
  [50, 119.4, "4C6A"],
  [100, 138.51, "58A4"],
  [200, 175.86, "708C"],
  [400, 247.09, "9E22"],
  [850, 390.48, "F9E8"],
] as const;

describe("the conversion", () => {
  it.each(PT100)("of a Pt100 at %d °C", (temperature, ohm, register) => {
    const [measured, resistance] = max31865.decode(hex(`${register}00`), { options: { reference: 400 } });
    // The vectors cut the code off: up to one step of 0.0122 ohm, which is 0.035 °C, at 850 °C 0.042 °C.
    expect(measured!.quality).toBe("good");
    expect(Math.abs((measured!.value as number) - temperature)).toBeLessThan(temperature === 850 ? 0.042 : 0.035);
    expect(resistance!.value).toBeCloseTo(ohm, 1);
    expect(platinumRatio(temperature) * 100).toBeCloseTo(ohm, 2);
  });

  it("finds the temperature of every resistance again", () => {
    fc.assert(
      fc.property(fc.double({ min: -200, max: 850, noNaN: true }), (celsius) => {
        expect(platinumTemperature(platinumRatio(celsius))).toBeCloseTo(celsius, 7);
      }),
    );
  });

  it("of a Pt1000", () => {
    const options = { element: "pt1000", reference: 4000 } as const;
    expect(max31865.decode(hex("58A400"), { options })).toMatchObject([{ value: expect.closeTo(100, 1) }, {}]);
  });

  /** Table 5: the ratio to the reference resistor. */
  it.each([
    ["0666", 0.025],
    ["2000", 0.125],
    ["4000", 0.25],
    ["8000", 0.5],
    ["C000", 0.75],
  ])("of the register %s", (register, ratio) => {
    const [, resistance] = max31865.decode(hex(`${register}00`), { options: { reference: 400 } });
    expect(resistance!.value).toBeCloseTo(ratio * 400, 1);
  });

  /** Table 7. */
  it.each([
    ["FFFE 00", "the element is open or the reference resistor too small"],
    ["FFFF 20", "REFIN- is above 0.85 of the bias: the element or a wire is open"],
    ["4001 10", "REFIN- is below 0.85 of the bias while FORCE- is open: short circuit"],
    ["4001 08", "RTDIN- is below 0.85 of the bias while FORCE- is open: short circuit"],
    ["4001 04", "overvoltage or undervoltage at an input"],
    ["4001 00", "fault of unknown kind"],
    ["FFFF FF", "nobody answers: every bit reads 1"],
  ])("of the fault %s", (frame, reason) => {
    expect(max31865.decode(hex(frame))).toMatchObject([
      { value: null, quality: "bad", reason },
      { value: null, quality: "bad", reason },
    ]);
  });

  it("of a resistance that no platinum has", () => {
    expect(max31865.decode(hex("0000 00"))).toMatchObject([{ quality: "bad", reason: /out of range/ }, { value: 0 }]);
  });
});

describe("on a simulated bus", () => {
  it("measures, finds an open element, and says when no MAX31865 answers", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("spi", clock);
    const part = bus.plug(max31865Model, { values: { temperature: -40 } });
    const session = max31865.connect(bus.shared());
    expect(await clock.run(session.read())).toMatchObject([
      { value: expect.closeTo(-40, 1), quality: "good" },
      { value: expect.closeTo(84.27, 1) },
    ]);
    bus.plug(max31865Model, { chipSelect: 1, values: { fault: 0x20 } });
    const open = max31865.connect(bus.shared(), { chipSelect: 1 });
    expect(await clock.run(open.read())).toMatchObject([{ quality: "bad", reason: /REFIN-/ }, {}]);
    part.unplug();
    expect(await clock.run(session.read())).toMatchObject([{ quality: "bad", reason: /nobody/ }, {}]);
    const late = max31865.connect(bus.shared());
    await expect(clock.run(late.read())).rejects.toMatchObject({ name: "DriverError" });
    part.plug();
    expect(await clock.run(late.read())).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });
});
