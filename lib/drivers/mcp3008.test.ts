import { describe, expect, it } from "vitest";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { mcp3008 } from "./mcp3008";
import { mcp3008Model } from "./mcp3008.model";

const zeros = "00 00 00 ";

describe("the conversion", () => {
  /** Byte layout of figure 6-1: the shared vectors adc_imu.json. */
  it.each([
    ["00 03 FF", 1023],
    ["FF FA 55", 597],
    ["00 00 00", 0],
    ["00 02 00", 512],
  ])("of %s", (answer, raw) => {
    const [first] = mcp3008.decode(hex(answer + zeros.repeat(7)), { options: { reference: 4.096 } });
    expect(first).toEqual({ sensor: "input0", unit: "V", quality: "good", value: raw * 0.004 });
  });
});

describe("on a simulated bus", () => {
  it("reads every input, with the reference it was told", async () => {
    const bus = new SimulatedBus("spi");
    const values = { input0: 0, input1: 1, input2: 2, input3: 2.5, input4: 5, input5: 7, input6: -1, input7: 0.5 };
    bus.plug(mcp3008Model, { chipSelect: 1, options: { reference: 5 }, values });
    const readings = await mcp3008.connect(bus.shared(), { chipSelect: 1, options: { reference: 5 } }).read();
    const step = 5 / 1024;
    const shown = readings.map(({ value }) => Math.round((value as number) / step));
    expect(shown).toEqual([0, 205, 410, 512, 1023, 1023, 0, 102]);
  });
});
