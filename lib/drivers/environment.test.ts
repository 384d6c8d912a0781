import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bmp280, trimming as bmp280Trimming } from "./bmp280";
import { bmp280Model } from "./bmp280.model";
import { bmp388, trimming as bmp388Trimming } from "./bmp388";
import { bmp388Model } from "./bmp388.model";
import { type ChannelReading, DriverError } from "./core";
import { rig } from "./core/rig";
import { mcp9808 } from "./mcp9808";
import { mlx90614 } from "./mlx90614";
import { mlx90614Model } from "./mlx90614.model";
import { scd41 } from "./scd41";
import { scd41Model } from "./scd41.model";
import { sgp30 } from "./sgp30";
import { sht41 } from "./sht41";
import { sht41Model } from "./sht41.model";
import { tsl2591 } from "./tsl2591";
import { tsl2591Model } from "./tsl2591.model";
import { veml7700 } from "./veml7700";
import { veml7700Model } from "./veml7700.model";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, size: "max" });
const anyFrame = fc.uint8Array({ maxLength: 24, size: "max" });

/** A trimming, or nothing when the part has none. */
function trimmed<C>(parse: (memory: Uint8Array) => C, memory: Uint8Array): C | undefined {
  try {
    return parse(memory);
  } catch (error) {
    if (error instanceof DriverError) return undefined;
    throw error;
  }
}

describe("whatever comes in", () => {
  const decoders: Readonly<Record<string, (frame: Uint8Array, memory: Uint8Array) => ChannelReading[]>> = {
    bmp280: (frame, memory) => {
      const calibration = trimmed(bmp280Trimming, memory);
      return calibration ? bmp280.decode(frame, { calibration }) : [];
    },
    bmp388: (frame, memory) => {
      const calibration = trimmed(bmp388Trimming, memory);
      return calibration ? bmp388.decode(frame, { calibration }) : [];
    },
    mcp9808: (frame) => mcp9808.decode(frame),
    mlx90614: (frame) => mlx90614.decode(frame, { options: { zones: "dual" } }),
    scd41: (frame) => scd41.decode(frame),
    sgp30: (frame) => sgp30.decode(frame, { options: { reportBaseline: true } }),
    sht41: (frame) => sht41.decode(frame),
    tsl2591: (frame) => tsl2591.decode(frame),
    veml7700: (frame) => veml7700.decode(frame),
  };

  it.each(Object.entries(decoders))("%s says a value in its range, or why there is none", (_, decode) => {
    fc.assert(
      fc.property(anyFrame, bytes(24), (frame, memory) => {
        for (const { value, quality, reason } of decode(frame, memory)) {
          if (value === null) expect([quality, typeof reason]).toEqual(["bad", "string"]);
          else if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("whatever is measured, it is read", () => {
  const near = (value: unknown, expected: number, tolerance: number) =>
    expect(Math.abs((value as number) - expected), `${value} instead of ${expected}`).toBeLessThanOrEqual(tolerance);
  const celsius = fc.double({ min: -9.9, max: 59.9, noNaN: true });
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  const pascal = fc.double({ min: 30_100, max: 109_900, noNaN: true });
  const someRuns = { numRuns: 40 };

  it.each([
    ["bmp280", bmp280, bmp280Model],
    ["bmp388", bmp388, bmp388Model],
  ] as const)("by %s", async (_, driver, model) => {
    await fc.assert(
      fc.asyncProperty(celsius, pascal, async (temperature, pressure) => {
        const [first, second] = await rig(driver, model, { temperature, pressure }).read();
        near(first!.value, temperature, 0.01);
        near(second!.value, pressure, 0.5);
      }),
      someRuns,
    );
  });

  it("by sht41 and scd41", async () => {
    await fc.assert(
      fc.asyncProperty(celsius, percent, fc.integer({ min: 400, max: 40_000 }), async (temperature, humidity, co2) => {
        const sht = await rig(sht41, sht41Model, { temperature, humidity }).read();
        const scd = await rig(scd41, scd41Model, { temperature, humidity, co2 }).read();
        expect(scd[0]).toMatchObject({ value: co2, quality: "good" });
        for (const [first, second] of [sht, scd.slice(1)]) {
          near(first!.value, temperature, 0.002);
          near(second!.value, humidity, 0.001);
        }
      }),
      someRuns,
    );
  });

  it("by mlx90614", async () => {
    const surface = fc.double({ min: -70, max: 382, noNaN: true });
    await fc.assert(
      fc.asyncProperty(surface, celsius, async (object, ambient) => {
        const values = { "temperature.object": object, "temperature.ambient": ambient };
        const [first, second] = await rig(mlx90614, mlx90614Model, values).read();
        near(first!.value, object, 0.0101);
        near(second!.value, ambient, 0.0101);
      }),
      someRuns,
    );
  });

  it("by veml7700 and tsl2591, over seven decades", async () => {
    const decades = fc.double({ min: -2, max: Math.log10(60_000), noNaN: true });
    await fc.assert(
      fc.asyncProperty(decades, async (exponent) => {
        const illuminance = 10 ** exponent;
        const [veml] = await rig(veml7700, veml7700Model, { illuminance }).read();
        const [tsl] = await rig(tsl2591, tsl2591Model, { illuminance }).read();
        near(veml!.value, illuminance, 0.006 * illuminance + 0.003);
        near(tsl!.value, illuminance, 0.002 * illuminance + 0.001);
      }),
      someRuns,
    );
  });
});
