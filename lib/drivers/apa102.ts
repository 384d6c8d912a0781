import { choiceOption, integerOption, numberOption, spiActuator } from "./core";
import { type Colour, stripColours } from "./core/colours";

/** Where red, green and blue are in what an LED is sent. */
const ORDER = { bgr: [2, 1, 0], brg: [2, 0, 1], rgb: [0, 1, 2], grb: [1, 0, 2] } as const;

/** Also SK9822. Names are those of Shiji's APA102 datasheet. */
export const apa102 = spiActuator({
  name: "APA102",
  maker: "Shiji Lighting",
  drives: "LED strip with clock and data (DotStar, SK9822)",
  datasheet: "Shiji Lighting APA102, 2014",
  mode: 0, // timing diagram: data is taken at the rising edge of the clock, which rests low
  speedHz: 4_000_000,
  options: {
    count: integerOption("LEDs", { default: 30, min: 1, max: 960, hint: "a transfer of Linux has 4096 bytes" }),
    brightness: numberOption("Brightness", { unit: "%", default: 100, min: 0, max: 100 }),
    order: choiceOption("Order of colours", {
      bgr: "blue, green, red",
      brg: "blue, red, green",
      rgb: "red, green, blue",
      grb: "green, red, blue",
    }),
  },
  outputs: [{ actuator: "colours", type: "text", unit: "1", safe: "" }],
  set: async (device, _output, value, { options }) => {
    const { count, brightness, order } = options;
    const colours = stripColours(value as string, count);
    await device.transfer(apa102Frames(colours, Math.round((brightness / 100) * 31), ORDER[order]));
  },
});

/**
 * Start frame, a frame for each LED, end frame. Each LED delays the data by half a clock, so that as many clocks more are
 * needed as half the LEDs (cpldcpu.com, "Understanding the APA102 Superled", 2014); the 32 more before them are what SK9822
 * needs. Zeros, because an LED too many would show ones as white.
 * @param brightness of the LEDs' current, 0 to 31
 */
export function apa102Frames(colours: readonly Colour[], brightness: number, order: readonly number[] = ORDER.bgr) {
  const leds = colours.flatMap((colour) => [0xe0 | brightness, ...order.map((index) => colour[index]!)]);
  const end = 4 + Math.ceil(colours.length / 16);
  return Uint8Array.from([0, 0, 0, 0, ...leds, ...new Array<number>(end).fill(0)]);
}
