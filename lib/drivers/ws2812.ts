import { choiceOption, integerOption, numberOption, spiActuator } from "./core";
import { type Colour, stripColours } from "./core/colours";

/** Three SPI bits of 417 ns make one of the strip's, which is 1.25 us long. */
const SPEED_HZ = 2_400_000;
/** Low for 280 us ends the data with WS2812B of 2017 and later; the datasheet of 2013 says 50 us. */
const RESET_US = 300;
const RESET_BYTES = Math.ceil((RESET_US * SPEED_HZ) / 8e6);
/** Where red, green and blue are in what an LED is sent. */
const ORDER = { grb: [1, 0, 2], rgb: [0, 1, 2] } as const;

/** Also SK6812 without white. Names are those of Worldsemi's WS2812B datasheet. */
export const ws2812 = spiActuator({
  name: "WS2812B",
  maker: "Worldsemi",
  drives: "LED strip with one data line, by SPI's output (NeoPixel, SK6812)",
  datasheet: "Worldsemi WS2812B, 2013 and V5",
  mode: 0,
  speedHz: SPEED_HZ,
  options: {
    count: integerOption("LEDs", { default: 30, min: 1, max: 430, hint: "a transfer of Linux has 4096 bytes" }),
    brightness: numberOption("Brightness", { unit: "%", default: 100, min: 0, max: 100 }),
    order: choiceOption("Order of colours", { grb: "green, red, blue", rgb: "red, green, blue" }),
  },
  outputs: [{ actuator: "colours", type: "text", unit: "1", safe: "" }],
  set: async (device, _output, value, { options }) => {
    const { count, brightness, order } = options;
    const dimmed = stripColours(value as string, count).map((colour) =>
      colour.map((part) => Math.round((part * brightness) / 100)),
    );
    await device.transfer(ws2812Bits(dimmed as unknown as readonly Colour[], ORDER[order]));
  },
});

/** The data between two resets; the one before it because the line may rest high. */
export function ws2812Bits(colours: readonly Colour[], order: readonly number[] = ORDER.grb): Uint8Array {
  const frame = new Uint8Array(2 * RESET_BYTES + 9 * colours.length);
  let at = RESET_BYTES;
  for (const colour of colours) {
    for (const index of order) {
      frame.set(ws2812Byte(colour[index]!), at);
      at += 3;
    }
  }
  return frame;
}

/** A byte, highest bit first: 110 is a one (high for 0.83 us: T1H 0.8 us), 100 a zero (0.42 us: T0H 0.4 us). */
export function ws2812Byte(byte: number): Uint8Array {
  let bits = 0;
  for (let bit = 7; bit >= 0; bit--) bits = (bits << 3) | ((byte >> bit) & 1 ? 0b110 : 0b100);
  return Uint8Array.of(bits >> 16, (bits >> 8) & 0xff, bits & 0xff);
}
