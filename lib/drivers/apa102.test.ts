import { describe, expect, it } from "vitest";
import { hexText, recordedBus } from "../../test/support/recorded-bus";
import { SimulatedBus } from "../bus/simulated";
import { apa102, apa102Frames } from "./apa102";
import { type Apa102Strip, apa102Model } from "./apa102.model";

describe("the frames", () => {
  /** Datasheet: 32 zeros, then 111, five bits of brightness, blue, green, red; the same bytes as OLA's SPIOutputTest. */
  it.each([
    [
      [
        [1, 10, 100],
        [1, 10, 100],
      ],
      31,
      "00 00 00 00 FF 64 0A 01 FF 64 0A 01",
    ],
    [
      [
        [255, 128, 0],
        [10, 20, 30],
      ],
      31,
      "00 00 00 00 FF 00 80 FF FF 1E 14 0A",
    ],
    [[[0, 0, 0]], 0, "00 00 00 00 E0 00 00 00"],
    [[[0, 0, 0]], 15, "00 00 00 00 EF 00 00 00"],
  ] as const)("of %j at %d", (colours, brightness, start) => {
    const frames = hexText(apa102Frames(colours, brightness));
    expect(frames.startsWith(start)).toBe(true);
    expect(frames.slice(start.length)).toMatch(/^( 00){5}$/);
  });

  /** OLA's SPIOutputTest: one byte to latch up to 16 LEDs, two for 17; here behind the four that SK9822 needs. */
  it.each([
    [16, 5],
    [17, 6],
    [960, 64],
  ])("of %d LEDs end with %d bytes", (count, bytes) => {
    const frames = apa102Frames(new Array(count).fill([255, 255, 255]), 31);
    expect(frames).toHaveLength(4 + 4 * count + bytes);
    expect(frames.length).toBeLessThanOrEqual(4096);
  });
});

describe("on a simulated strip", () => {
  function bench(options: Record<string, unknown>) {
    const bus = new SimulatedBus("spi");
    const part = bus.plug(apa102Model, { chipSelect: 0, options });
    const { log, shared } = recordedBus(bus);
    return {
      log,
      leds: () => (part.model as unknown as Apa102Strip).leds,
      session: apa102.connect(shared, { options }),
    };
  }

  it("lights every LED, the last one too", async () => {
    const { leds, session } = bench({ count: 300, brightness: 50 });
    await session.set("colours", "#ff8000");
    expect(leds()).toEqual(new Array(300).fill([16, 255, 128, 0]));
    await session.set("colours", "#010203 off*298 #0a0b0c");
    expect([leds()[0], leds()[1], leds()[299]]).toEqual([
      [16, 1, 2, 3],
      [16, 0, 0, 0],
      [16, 10, 11, 12],
    ]);
    await session.makeSafe();
    expect(leds()).toEqual(new Array(300).fill([16, 0, 0, 0]));
  });

  it("sends other orders, and nothing for what is no colour", async () => {
    const { log, session } = bench({ count: 1, order: "grb" });
    await expect(session.set("colours", "bright")).rejects.toThrow(RangeError);
    await session.set("colours", "#010203");
    expect(log).toEqual(["00 00 00 00 FF 02 01 03 00 00 00 00 00"]);
  });
});
