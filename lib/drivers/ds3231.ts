import { bad, bitField, type ChannelValue, i2cDriver, s16be, u8 } from "./core";

const CONTROL = 0x0e;
const STATUS = 0x0f;
const isStopped = bitField(u8(STATUS), 7, 7); // OSF
const temperature = s16be(0x11);

/** Sections and figures are those of Maxim's DS3231 datasheet, 19-5170 rev 10. */
export const ds3231 = i2cDriver({
  name: "DS3231",
  maker: "Analog Devices (Maxim)",
  measures: "time and temperature",
  datasheet: "Maxim DS3231, 19-5170 rev 10",
  addresses: [0x68], // "I2C serial data bus"
  read: async (device) => {
    const [control, status] = await device.transfer([CONTROL], 2);
    // By itself it measures its temperature every 64 s; CONV does it now, unless BSY says that it does already.
    if ((status! & 0x04) === 0) await device.write([CONTROL, control! | 0x20]);
    const deadline = device.clock.now() + 250; // "Electrical characteristics": 200 ms at most
    while (device.clock.now() < deadline) {
      await device.wait(20);
      const [now, busy] = await device.transfer([CONTROL], 2);
      if ((now! & 0x20) === 0 && (busy! & 0x04) === 0) break;
    }
    return device.transfer([0x00], 0x13); // figure 1
  },
  channels: [
    { sensor: "temperature", unit: "Cel", range: [-40, 85] },
    { sensor: "time", unit: "s", range: [946_684_800, 7_258_118_400] }, // 2000 to 2199
  ],
  decode: (frame) => ({
    temperature: Math.floor(temperature(frame) / 64) / 4, // "Temperature registers": ten bits, left-justified
    time: isStopped(frame) ? bad("the clock was stopped: its time is not set") : unixTime(frame), // "Status register"
  }),
});

/** Figure 1, as seconds since 1970 in UTC. */
function unixTime(frame: Uint8Array): ChannelValue {
  const [second, minute, hours, , date, century, year] = frame;
  const month = decimal(century! & 0x1f);
  const fields = [
    decimal(second! & 0x7f),
    decimal(minute! & 0x7f),
    hour(hours!),
    decimal(date! & 0x3f),
    month,
    decimal(year!),
  ];
  const [s, min, h, day, mon, yy] = fields as [number, number, number, number, number, number];
  const isTime = s < 60 && min < 60 && h < 24 && day >= 1 && day <= 31 && mon >= 1 && mon <= 12;
  if (!isTime) return bad("the registers hold no time");
  return Date.UTC(2000 + yy + (century! & 0x80 ? 100 : 0), mon - 1, day, h, min, s) / 1000;
}

/** Bit 6 is set for twelve hours, then bit 5 is PM. */
function hour(register: number): number {
  if ((register & 0x40) === 0) return decimal(register & 0x3f);
  const twelve = decimal(register & 0x1f);
  if (!(twelve >= 1 && twelve <= 12)) return Number.NaN;
  return (twelve % 12) + (register & 0x20 ? 12 : 0);
}

/** Two binary-coded digits; NaN for what is none. */
function decimal(bcd: number): number {
  const [tens, ones] = [bcd >> 4, bcd & 0x0f];
  return tens > 9 || ones > 9 ? Number.NaN : 10 * tens + ones;
}
