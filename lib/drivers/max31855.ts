import { bad, bitField, type ChannelValue, exchange, signed, spiDriver, u32be, uncertain } from "./core";

const word = u32be(0);
const thermocouple = signed(14, bitField(word, 31, 18)); // table 2
const internal = signed(12, bitField(word, 15, 4));

/** Tables are those of Maxim's MAX31855 datasheet, 19-5793 rev 5. */
export const max31855 = spiDriver({
  name: "MAX31855",
  maker: "Analog Devices (Maxim)",
  measures: "thermocouple temperature",
  datasheet: "Maxim MAX31855, 19-5793 rev 5",
  mode: 0,
  speedHz: 4_000_000, // serial-interface timing: at most 5 MHz
  read: [exchange(0, 0, 0, 0)],
  channels: [
    { sensor: "temperature", unit: "Cel", range: [-270, 1800] }, // table 1, over all types
    { sensor: "junction", unit: "Cel", range: [-55, 125] }, // table 1
  ],
  decode: (frame) => {
    const bits = word(frame);
    // Table 3: D17 and D3 always read 0.
    if (bits & 0x0002_0008) return { temperature: bad(NOBODY), junction: bad(NOBODY) };
    if (bits === 0) return { temperature: uncertain(0, HELD_LOW), junction: uncertain(0, HELD_LOW) };
    return { temperature: fault(bits) ?? thermocouple(frame) / 4, junction: internal(frame) / 16 }; // tables 4 and 5
  },
});

const NOBODY = "nobody answers: bits that are always 0 read 1";
const HELD_LOW = "every bit reads 0: the data line may be held low";

/** Table 3: D16 says that there is a fault, D2 to D0 which. */
function fault(bits: number): ChannelValue | undefined {
  if (bits & 0x1) return bad("open circuit");
  if (bits & 0x2) return bad("short to GND");
  if (bits & 0x4) return bad("short to VCC");
  return bits & 0x0001_0000 ? bad("fault of unknown kind") : undefined;
}
