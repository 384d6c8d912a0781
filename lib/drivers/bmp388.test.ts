import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { bmp388, trimming } from "./bmp388";
import { bmp388Model } from "./bmp388.model";
import { hex } from "./core";

/** Registers 0x31 to 0x45 of a real part: elixir-sensors/bmp3xx, test/bmp3xx/bmp388/calibration_test.exs. */
const REAL = trimming(hex("236B5849F65CFFCEF42300EA636E79F3F6AA4312C4"));

describe("the conversion", () => {
  /** The same test's expectation: 30.499314453874284 °C, 100876.00634692199 Pa. */
  it("of a real part's measurement", () => {
    expect(bmp388.decode(hex("979F6D 73D885"), { calibration: REAL })).toMatchObject([
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(30.499314453874284, 9) },
      { sensor: "pressure", unit: "Pa", quality: "good", value: expect.closeTo(100876.00634692199, 6) },
    ]);
  });

  /** By the scaling of 9.1: PAR_T1 27427, PAR_T2 18776, PAR_T3 -10, PAR_P1 -164, PAR_P5 25578, PAR_P11 -60 as there. */
  it("of trimming values", () => {
    expect(REAL.T).toEqual([27427 * 256, 18776 / 2 ** 30, -10 / 2 ** 48]);
    expect([REAL.P[0], REAL.P[4], REAL.P[10]]).toEqual([-16548 / 2 ** 20, 25578 * 8, -60 / 2 ** 65]);
    expect(() => trimming(new Uint8Array(21))).toThrow("no trimming values");
    expect(() => trimming(new Uint8Array(21).fill(0xff))).toThrow("no trimming values");
  });

  it("says what was not measured and what cannot be", () => {
    const reason = "the part did not measure";
    expect(bmp388.decode(hex("000080 000080"), { calibration: REAL })).toMatchObject([{ reason }, { reason }]);
    const some = bmp388.decode(hex("000080 73D885"), { calibration: REAL });
    expect(some).toMatchObject([{ quality: "good" }, { quality: "bad", reason }]);
    expect(bmp388.decode(hex("FFFFFF FFFFFF"), { calibration: REAL })).toMatchObject([
      { value: null, reason: expect.stringContaining("out of range: expected -40 to 85 Cel") },
      { value: null, reason: expect.stringContaining("out of range") },
    ]);
    expect(bmp388.decode(hex("979F6D"), { calibration: REAL })[0]!.reason).toContain("incomplete");
  });
});

describe("on a simulated bus", () => {
  function connected(values: Record<string, number>, options = {}) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(bmp388Model, { address: 0x77, values });
    const session = bmp388.connect(bus.shared(), { address: 0x77, options });
    return { part, read: () => clock.run(session.read()) };
  }

  it.each([
    [{}, { temperature: -39.5, pressure: 30_500 }],
    [
      { oversampling: "32", filter: "127" },
      { temperature: 21.37, pressure: 98_765 },
    ],
    [{ oversampling: "1" }, { temperature: 84.9, pressure: 124_900 }],
  ])("measures with %j", async (options, values) => {
    expect(await connected(values, options).read()).toMatchObject([
      { sensor: "temperature", value: expect.closeTo(values.temperature, 3), quality: "good" },
      { sensor: "pressure", value: expect.closeTo(values.pressure, 1), quality: "good" },
    ]);
  });

  it("measures anew each time, and sets the part up again after it was without power", async () => {
    const { part, read } = connected({ temperature: 20, pressure: 100_000 });
    expect(await read()).toEqual(await read());
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await read()).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });

  it("says so when another part answers", async () => {
    const { part, read } = connected({});
    part.corruptNext();
    await expect(read()).rejects.toThrow(
      "another part answers at 0x77: expected id 0x50 or 0x60 in register 0x00, got 0x40",
    );
  });
});
