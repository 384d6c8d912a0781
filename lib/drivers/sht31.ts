import { bytes, command, i2cDriver, sensirionCrc, u16be, wait } from "./core";

/** Sections are those of the SHT3x-DIS datasheet, version 7. */
export const sht31 = i2cDriver({
  name: "SHT31",
  maker: "Sensirion",
  measures: "temperature and humidity",
  datasheet: "Sensirion SHT3x-DIS, version 7, December 2022",
  addresses: [0x44, 0x45], // 3.2
  read: [command(0x2400), wait({ ms: 16 }), bytes(6)], // 4.3 single shot, high repeatability; table 4: 15.5 ms at most
  channels: [
    {
      sensor: "temperature",
      unit: "Cel",
      raw: u16be(0, sensirionCrc),
      value: (raw) => -45 + (175 * raw) / 65535, // 4.13
      range: [-40, 125], // table 2
    },
    {
      sensor: "humidity",
      unit: "%",
      raw: u16be(3, sensirionCrc),
      value: (raw) => (100 * raw) / 65535, // 4.13
      range: [0, 100],
    },
  ],
});
