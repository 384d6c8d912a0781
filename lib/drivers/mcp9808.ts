import { bitField, choiceOption, DriverError, type I2cDevice, i2cDriver, readRegister, signed, u16be } from "./core";

/** 5.2.4: resolution register, and the typical conversion time. */
const RESOLUTION = {
  "0.0625": { code: 3, ms: 250 },
  "0.125": { code: 2, ms: 130 },
  "0.25": { code: 1, ms: 65 },
  "0.5": { code: 0, ms: 30 },
} as const;

const MANUFACTURER = 0x0054; // 5.1.4
const DEVICE = 0x04; // 5.1.5
const word = u16be(0);

/** Sections are those of Microchip's MCP9808 datasheet, DS25095A. */
export const mcp9808 = i2cDriver({
  name: "MCP9808",
  maker: "Microchip",
  measures: "temperature",
  datasheet: "Microchip MCP9808, DS25095A",
  addresses: [0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f], // 3.5: pins A2 to A0
  options: {
    resolution: choiceOption("Resolution", {
      "0.0625": "0.0625 °C every 250 ms",
      "0.125": "0.125 °C every 130 ms",
      "0.25": "0.25 °C every 65 ms",
      "0.5": "0.5 °C every 30 ms",
    }),
  },
  identify,
  init: async (device, { options }) => {
    const { code, ms } = RESOLUTION[options.resolution];
    await device.write([0x01, 0, 0]); // 5.1.1: it measures all the time
    await device.write([0x08, code]);
    // Until the first conversion is done the register reads 0 °C. The time is a typical one.
    await device.wait(1.5 * ms);
    return undefined;
  },
  read: [readRegister(0x05, 2)],
  channels: [
    {
      sensor: "temperature",
      unit: "Cel",
      // 5.1.3: the upper three bits compare with limits; equation 5-1.
      raw: signed(13, bitField(word, 12, 0)),
      value: (raw) => raw / 16,
      range: [-40, 125], // temperature characteristics
    },
  ],
  close: async (device) => {
    await device.write([0x01, 0x01, 0x00]); // 5.2.1: shutdown
    return undefined;
  },
});

async function identify(device: I2cDevice): Promise<undefined> {
  const manufacturer = word(await device.transfer([0x06], 2));
  const [id] = await device.transfer([0x07], 2);
  if (manufacturer === MANUFACTURER && id === DEVICE) return;
  const hexText = (number: number) => `0x${number.toString(16).toUpperCase().padStart(2, "0")}`;
  throw new DriverError(
    `another part answers at ${hexText(device.address)}: expected manufacturer 0x54 and device 0x04, ` +
      `got ${hexText(manufacturer)} and ${hexText(id!)}`,
  );
}
