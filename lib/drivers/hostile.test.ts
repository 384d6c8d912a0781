import fc from "fast-check";
import { expect, it } from "vitest";
import { ads1115 } from "./ads1115";
import { adxl345 } from "./adxl345";
import { ds3231 } from "./ds3231";
import { ina219 } from "./ina219";
import { ina226 } from "./ina226";
import { lis3dh } from "./lis3dh";
import { max6675 } from "./max6675";
import { max30102 } from "./max30102";
import { max31855 } from "./max31855";
import { max31865 } from "./max31865";
import { mcp3208 } from "./mcp3208";
import { mpu6050 } from "./mpu6050";
import { tfluna } from "./tfluna";

const drivers = {
  ads1115,
  adxl345,
  ds3231,
  ina219,
  ina226,
  lis3dh,
  max30102,
  max31855,
  max31865,
  max6675,
  mcp3208,
  mpu6050,
  tfluna,
};

/** Answers of all lengths, lines that are held down, and lines that nobody drives. */
const frames = fc.oneof(
  fc.uint8Array({ minLength: 0, maxLength: 600, size: "max" }),
  fc.nat(2400).map((length) => new Uint8Array(length)),
  fc.nat(2400).map((length) => new Uint8Array(length).fill(0xff)),
);

it.each(Object.keys(drivers) as (keyof typeof drivers)[])("whatever %s sends, no value is none", (id) => {
  fc.assert(
    fc.property(frames, (frame) => {
      const readings = drivers[id].decode(frame);
      expect(readings.length).toBe(drivers[id].channels().length);
      for (const { value, quality, reason } of readings) {
        expect(typeof value !== "number" || Number.isFinite(value)).toBe(true);
        expect(value !== null || quality === "bad").toBe(true);
        expect(quality === "good" || Boolean(reason)).toBe(true);
      }
    }),
  );
});
