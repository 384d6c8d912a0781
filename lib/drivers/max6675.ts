import { bad, bitField, exchange, spiDriver, u16be, uncertain } from "./core";

const word = u16be(0);
const temperature = bitField(word, 14, 3); // table 1

/** Tables are those of Maxim's MAX6675 datasheet, 19-2235 rev 3. */
export const max6675 = spiDriver({
  name: "MAX6675",
  maker: "Analog Devices (Maxim)",
  measures: "type K thermocouple temperature",
  datasheet: "Maxim MAX6675, 19-2235 rev 3",
  mode: 0,
  speedHz: 4_000_000, // timing characteristics: at most 4.3 MHz
  // A selection begins a new conversion at its end, and stops the one that runs: sooner than 0.22 s the value is the old one.
  read: [exchange(0, 0)],
  channels: [{ sensor: "temperature", unit: "Cel", range: [0, 1024] }],
  decode: (frame) => {
    const bits = word(frame);
    // Table 1: the dummy sign bit D15 and the device id D1 are always 0.
    if (bits & 0x8002) return { temperature: bad("nobody answers: bits that are always 0 read 1") };
    if (bits & 0x0004) return { temperature: bad("open circuit") };
    const quarters = temperature(frame);
    return { temperature: quarters === 0xfff ? uncertain(1023.75, "at the end of what it can measure") : quarters / 4 };
  },
});
