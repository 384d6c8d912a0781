import { describe, expect, it } from "vitest";
import { hex } from "./core";
import { rig } from "./core/rig";
import { mcp9808 } from "./mcp9808";
import { mcp9808Model } from "./mcp9808.model";

describe("the conversion", () => {
  /**
   * C194 is +25.25 °C in the datasheet's figure 5-5; the others are of lukwol/mcp9808, tests/temperature.rs, which writes the
   * values in whole thousandths.
   */
  it.each([
    ["C194", 25.25],
    ["0000", 0],
    ["000A", 0.625],
    ["1FFF", -0.0625],
    ["1FF5", -0.6875],
    ["0396", 57.375],
    ["1E7F", -24.0625],
    ["1C7A", -56.375],
  ])("of %s", (raw, temperature) => {
    const [reading] = mcp9808.decode(hex(raw));
    if (temperature >= -40) expect(reading).toMatchObject({ sensor: "temperature", unit: "Cel", value: temperature });
    else
      expect(reading).toMatchObject({
        value: null,
        reason: `out of range: expected -40 to 125 Cel, got ${temperature}`,
      });
  });

  /** 5.1.3: the part can express ±256 °C; the three upper bits are no part of the value. */
  it("of the ends and with every limit flag", () => {
    expect(mcp9808.decode(hex("0FFF"))).toMatchObject([{ quality: "bad", reason: expect.stringContaining("255.938") }]);
    expect(mcp9808.decode(hex("1000"))).toMatchObject([{ quality: "bad", reason: expect.stringContaining("-256") }]);
    expect(mcp9808.decode(hex("E194"))).toMatchObject([{ value: 25.25 }]);
    expect(mcp9808.decode(hex("C1"))).toMatchObject([{ reason: "incomplete: expected 2 bytes or more, got 1" }]);
  });
});

describe("on a simulated bus", () => {
  it.each([
    ["0.0625", -12.4375, -12.4375],
    ["0.125", -12.4375, -12.5],
    ["0.5", 99.9, 99.5],
  ])("measures with a resolution of %s", async (resolution, temperature, expected) => {
    const { read } = rig(mcp9808, mcp9808Model, { temperature }, { options: { resolution } });
    expect(await read()).toMatchObject([{ sensor: "temperature", value: expected, quality: "good" }]);
  });

  it("waits for the first conversion, whenever the part is set up", async () => {
    const { part, read, close } = rig(mcp9808, mcp9808Model, { temperature: 30 }, { address: 0x1f });
    expect(await read()).toMatchObject([{ value: 30 }]);
    await close();
    expect(await read()).toMatchObject([{ value: 30 }]);
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await read()).toMatchObject([{ value: 30 }]);
  });

  it("says so when another part answers", async () => {
    const { part, read } = rig(mcp9808, mcp9808Model);
    part.corruptNext();
    await expect(read()).rejects.toThrow(
      "another part answers at 0x18: expected manufacturer 0x54 and device 0x04, got 0x1054 and 0x04",
    );
  });
});
