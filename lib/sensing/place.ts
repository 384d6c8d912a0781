import type { BusKind } from "../bus";
import type { DeviceSettings } from "../drivers/core";

/**
 * Where on its bus a part is, as people write it: "0x76" or "118" on I2C, a chip select on SPI, a ROM id on 1-Wire, a Modbus
 * unit on a serial line. Empty is where the part usually is.
 * @throws RangeError saying what was expected
 */
export function placeOf(kind: BusKind, text: string): DeviceSettings {
  const place = text.trim();
  if (place === "") return {};
  switch (kind) {
    case "i2c":
      return { address: numberIn(place, 0x08, 0x77, "an I2C address from 0x08 to 0x77") };
    case "spi":
      return { chipSelect: numberIn(place, 0, 31, "a chip select from 0 to 31") };
    case "serial":
      return { address: numberIn(place, 1, 247, "a Modbus unit from 1 to 247") };
    case "oneWire":
      if (/^[0-9a-f]{2}-[0-9a-f]{12}$/i.test(place)) return { rom: place.toLowerCase() };
      throw new RangeError(`expected a ROM id like 28-0123456789ab, got "${place}"`);
    case "gpio":
      throw new RangeError(`a part on GPIO has no address: its lines are among its options, got "${place}"`);
  }
}

/** The place as people write it. */
export function placeText(kind: BusKind, { address, chipSelect, rom }: DeviceSettings): string {
  if (kind === "i2c" && address !== undefined) return `0x${address.toString(16).padStart(2, "0")}`;
  return String(rom ?? (kind === "spi" ? chipSelect : address) ?? "");
}

/**
 * Options of a driver as they are stored: a JSON object, empty for none.
 * @throws RangeError when it is something else
 */
export function driverOptions(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === "") return {};
  const options: unknown = JSON.parse(text);
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return { ...options };
  throw new RangeError(`expected the driver's options as an object such as {"oversampling": "4"}, got ${text}`);
}

function numberIn(text: string, low: number, high: number, expected: string): number {
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (number >= low && number <= high) return number;
  throw new RangeError(`expected ${expected}, got "${text}"`);
}
