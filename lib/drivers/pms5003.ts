import { BadData, bad, type ChannelValue, packetFramer, streamDriver, u8, u16be, uncertain } from "./core";
import { sum16 } from "./core/sums";
import { afterWarmUp, type WarmUp } from "./core/warm-up";

const SIZE = 32;
/** Table 1: 0 to 500 µg/m3 is the effective range, 1000 the maximum. */
const EFFECTIVE = 500;
const MAXIMUM = 1000;
const MOST_PARTICLES = 65_535;
/** "Attention": values are stable 30 s after waking, because of the fan. */
const WARM_UP_MS = 30_000;

const mass = [
  ["pm1", 10],
  ["pm2.5", 12],
  ["pm10", 14],
] as const;

/** Particles beyond a diameter in 0.1 litres of air. */
const counts = [
  ["particles0.3", 16],
  ["particles0.5", 18],
  ["particles1", 20],
  ["particles2.5", 22],
  ["particles5", 24],
  ["particles10", 26],
] as const;

const sum = u16be(SIZE - 2);
const errorCode = u8(29);
const isSound = (packet: Uint8Array) => sum(packet) === sum16(packet.subarray(0, SIZE - 2));

/** Tables and appendices are those of the PMS5003 series data manual, V2.3. */
export const pms5003 = streamDriver({
  name: "PMS5003",
  maker: "Plantower",
  measures: "fine dust: PM1, PM2.5, PM10 and particle counts",
  datasheet: "Plantower PMS5003 series data manual, V2.3",
  serial: { baudRate: 9600 }, // appendix I
  // Appendix II: wake up, then send by yourself.
  greeting: [0x42, 0x4d, 0xe4, 0x00, 0x01, 0x01, 0x74, 0x42, 0x4d, 0xe1, 0x00, 0x01, 0x01, 0x71],
  state: (): WarmUp => ({}),
  framer: () => packetFramer({ start: [0x42, 0x4d, 0x00, SIZE - 4], length: SIZE, check: isSound }),
  channels: [
    ...mass.map(([sensor]) => ({ sensor, unit: "ug/m3", range: [0, MAXIMUM] as const })),
    ...counts.map(([sensor]) => ({ sensor, unit: "/dL", range: [0, MOST_PARTICLES] as const })),
  ],
  decode(packet, context) {
    if (packet.length !== SIZE || !isSound(packet)) throw new BadData("checksum error");
    context.state.since ??= context.clock.now();
    // Appendix I, data 13: its low byte is an error code, which the manual does not list.
    const error = errorCode(packet);
    const judge = (value: ChannelValue) =>
      error === 0 ? afterWarmUp(value, context, WARM_UP_MS) : bad(`the part reports error ${error}`);
    return Object.fromEntries([
      // Data 4 to 6: as in the atmosphere. Data 1 to 3 are for industrial air ("CF=1").
      ...mass.map(([sensor, offset]) => [sensor, judge(massOf(u16be(offset)(packet)))]),
      ...counts.map(([sensor, offset]) => [sensor, judge(u16be(offset)(packet))]),
    ]);
  },
});

function massOf(value: number): ChannelValue {
  return value > EFFECTIVE ? uncertain(value, `beyond the effective range of ${EFFECTIVE} ug/m3`) : value;
}
