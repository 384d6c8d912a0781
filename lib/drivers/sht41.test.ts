import { describe, expect, it } from "vitest";
import { hex } from "./core";
import { rig } from "./core/rig";
import { sht41 } from "./sht41";
import { sht41Model } from "./sht41.model";

describe("the conversion", () => {
  /** elixir-sensors/sht4x, test/sht4x/measurement_test.exs; the shared vectors sht3x.json, "sht4x" (CRC as in crc8.json). */
  it.each([
    ["65E9EA 6DE5A0", 24.67, 47.66, 2],
    ["666693 8000A2", 25, 56.501, 3],
    ["667AAD 72B38F", 25.0534, 50.0063, 4],
  ])("of %s", (frame, temperature, humidity, digits) => {
    expect(sht41.decode(hex(frame))).toMatchObject([
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(temperature, digits) },
      { sensor: "humidity", unit: "%", quality: "good", value: expect.closeTo(humidity, digits) },
    ]);
  });

  /** 4.6: the raw ends are -45 and 130 °C, -6 and 119 %. */
  it("of the ends", () => {
    expect(sht41.decode(hex("000081 000081"))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected -40 to 125 Cel, got -45" },
      { value: 0, quality: "good" },
    ]);
    expect(sht41.decode(hex("FFFFAC FFFFAC"))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected -40 to 125 Cel, got 130" },
      { value: 100, quality: "good" },
    ]);
  });

  it("says what is wrong with a damaged and a short frame", () => {
    expect(sht41.decode(hex("65E9EB 6DE5A0"))).toMatchObject([{ reason: "CRC error" }, { quality: "good" }]);
    expect(sht41.decode(hex("65E9EA"))).toMatchObject([{ quality: "good" }, { reason: expect.stringContaining("6") }]);
  });
});

describe("on a simulated bus", () => {
  it.each(["high", "medium", "low"])("measures with %s precision", async (precision) => {
    const { read } = rig(sht41, sht41Model, { temperature: -12.5, humidity: 3 }, { options: { precision } });
    // A step of the part is 0.0027 °C and 0.0019 % (4.6).
    expect(await read()).toMatchObject([{ value: expect.closeTo(-12.5, 2) }, { value: expect.closeTo(3, 2) }]);
  });

  it("says when it is not there or damaged, and measures again", async () => {
    const { part, read } = rig(sht41, sht41Model, {}, { address: 0x46 });
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    part.corruptNext();
    expect(await read()).toMatchObject([{ quality: "bad", reason: "CRC error" }, { quality: "good" }]);
    expect(await read()).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });
});
