import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexText, recordedBus } from "../../test/support/recorded-bus";
import { SimulatedBus } from "../bus/simulated";
import { ws2812, ws2812Bits, ws2812Byte } from "./ws2812";
import { type Ws2812Strip, ws2812Model } from "./ws2812.model";

/**
 * Three bits for one, the middle one being it: 1x01x01x... with 0x924924 for zero, as periph.io's nrzled computes it, and
 * 100100110100100100110110 for 0x23, the example in the common MSP430 implementation.
 */
it.each([
  [0x00, "92 49 24"],
  [0x23, "93 49 36"],
  [0xff, "DB 6D B6"],
  [0x80, "D2 49 24"],
  [0x01, "92 49 26"],
])("byte %d", (byte, bits) => {
  expect(hexText(ws2812Byte(byte))).toBe(bits);
});

/** WS2812B datasheet, "Composition of 24bit data": G7 to G0, R7 to R0, B7 to B0. */
it("sends green first, between two resets", () => {
  const frame = hexText(ws2812Bits([[0x23, 0xff, 0x00]]));
  const reset = new Array(90).fill("00").join(" ");
  expect(frame).toBe(`${reset} DB 6D B6 93 49 36 92 49 24 ${reset}`);
  expect(ws2812Bits(new Array(430).fill([0, 0, 0])).length).toBeLessThanOrEqual(4096);
});

describe("on a simulated strip", () => {
  function bench(options: Record<string, unknown>) {
    const bus = new SimulatedBus("spi");
    const part = bus.plug(ws2812Model, { chipSelect: 0, options });
    const { shared } = recordedBus(bus);
    return { leds: () => (part.model as unknown as Ws2812Strip).leds, session: ws2812.connect(shared, { options }) };
  }

  it("shows any colours within the strip's times", async () => {
    const colour = fc.integer({ min: 0, max: 0xffffff });
    await fc.assert(
      fc.asyncProperty(fc.array(colour, { minLength: 2, maxLength: 60, size: "max" }), async (colours) => {
        const { leds, session } = bench({ count: colours.length });
        await session.set("colours", colours.map((one) => `#${one.toString(16).padStart(6, "0")}`).join(" "));
        expect(leds()).toEqual(colours.map((one) => [one >> 16, (one >> 8) & 0xff, one & 0xff]));
      }),
    );
  });

  it("is dimmed, and dark when made safe", async () => {
    const { leds, session } = bench({ count: 2, brightness: 20 });
    await session.set("colours", "#ff8000");
    expect(leds()).toEqual([
      [51, 26, 0],
      [51, 26, 0],
    ]);
    await session.makeSafe();
    expect(leds()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });
});
