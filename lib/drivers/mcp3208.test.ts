import { describe, expect, it } from "vitest";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { overheardSpi } from "./core/overheard";
import { mcp3208 } from "./mcp3208";
import { mcp3208Model } from "./mcp3208.model";

const zeros = "00 00 00 ";

describe("the conversion", () => {
  /** Figure 6-1: the null bit and B11 to B8 end the second byte. 4.2: a step is the reference / 4096. */
  it.each([
    ["FF EF FF", 4095],
    ["00 00 00", 0],
    ["00 08 00", 2048],
    ["FF E0 01", 1],
  ])("of %s", (answer, raw) => {
    const [first] = mcp3208.decode(hex(answer + zeros.repeat(7)), { options: { reference: 4.096 } });
    expect(first).toEqual({ sensor: "input0", unit: "V", quality: "good", value: expect.closeTo(raw * 0.001, 12) });
  });

  it("notices that nobody answers", () => {
    const [first, second] = mcp3208.decode(hex(`FF FF FF ${zeros.repeat(7)}`));
    expect(first).toMatchObject({ value: null, quality: "bad", reason: "nobody answers: the null bit is not 0" });
    expect(second).toMatchObject({ value: 0, quality: "good" });
  });
});

describe("on a simulated bus", () => {
  it("reads every input, asked as figure 6-1 says", async () => {
    const bus = new SimulatedBus("spi");
    const sent: string[] = [];
    const values = { input0: 0, input1: 1, input2: 2, input3: 2.5, input4: 5, input5: 7, input6: -1, input7: 0.5 };
    bus.plug(overheardSpi(mcp3208Model, sent), { chipSelect: 1, options: { reference: 5 }, values });
    const readings = await mcp3208.connect(bus.shared(), { chipSelect: 1, options: { reference: 5 } }).read();
    const shown = readings.map(({ value }) => Math.round((value as number) / (5 / 4096)));
    expect(shown).toEqual([0, 819, 1638, 2048, 4095, 4095, 0, 410]);
    expect(sent.slice(3, 6)).toEqual(["06 C0 00", "07 00 00", "07 40 00"]);
  });

  it("says that nobody answers while it is away", async () => {
    const bus = new SimulatedBus("spi");
    const part = bus.plug(mcp3208Model);
    const session = mcp3208.connect(bus.shared());
    part.unplug();
    expect((await session.read()).every(({ quality }) => quality === "bad")).toBe(true);
    part.plug();
    expect((await session.read()).every(({ quality }) => quality === "good")).toBe(true);
  });
});
