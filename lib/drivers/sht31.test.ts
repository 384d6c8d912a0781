import { expect, it } from "vitest";
import { hex } from "./core";
import { sht31 } from "./sht31";

/** Frames of Sensirion's formulas and CRC (SHT3x datasheet 4.12, 4.13), from the shared vectors sht3x.json. */
it.each([
  ["6666938000A2", 25, 50.0008],
  ["6B12EF5A3C30", 28.1937, 35.2483],
  ["5EB93C7C8074", 19.7528, 48.6336],
])("decodes %s", (frame, temperature, humidity) => {
  const readings = sht31.decode(hex(frame));
  expect(readings).toMatchObject([
    { sensor: "temperature", unit: "Cel", quality: "good" },
    { sensor: "humidity", unit: "%", quality: "good" },
  ]);
  expect(readings[0]!.value).toBeCloseTo(temperature, 4);
  expect(readings[1]!.value).toBeCloseTo(humidity, 4);
});

it("says what is wrong with a damaged, a saturated and a short frame", () => {
  expect(sht31.decode(hex("6666948000A2"))).toMatchObject([
    { value: null, quality: "bad", reason: "CRC error" },
    { quality: "good" },
  ]);
  expect(sht31.decode(hex("FFFFAC000081"))).toMatchObject([
    { value: null, quality: "bad", reason: "out of range: expected -40 to 125 Cel, got 130" },
    { value: 0, quality: "good" },
  ]);
  expect(sht31.decode(hex("666693"))).toMatchObject([
    { quality: "good" },
    { quality: "bad", reason: "incomplete: expected 6 bytes or more, got 3" },
  ]);
});
