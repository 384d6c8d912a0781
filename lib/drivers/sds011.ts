import { BusError } from "../bus";
import { BadData, choiceOption, packetFramer, type SerialDevice, serialDriver, u16le } from "./core";
import { sum8 } from "./core/sums";
import { afterWarmUp, type WarmUp } from "./core/warm-up";

/** Commands by their number in the protocol. */
const REPORTING = 0x02;
const QUERY = 0x04;
const WORK = 0x06;
const PERIOD = 0x08;

/** 4): values are stable 30 s after waking. */
const WARM_UP_MS = 30_000;
/** Specification, 5, in µg/m3. */
const RANGE = [0, 999.9] as const;

/** A command of 19 bytes to whichever part is on the line, FFFF. */
export function sds011Command(...data: readonly number[]): number[] {
  const body = [...data, ...new Array<number>(13 - data.length).fill(0), 0xff, 0xff];
  return [0xaa, 0xb4, ...body, sum8(Uint8Array.from(body)), 0xab];
}

/** Ten bytes: head, kind, six of data, the sum of those, tail. */
const isSound = (message: Uint8Array) =>
  message.length === 10 && message[8] === sum8(message.subarray(2, 8)) && message[9] === 0xab;

const framer = (...start: readonly number[]) => packetFramer({ start: [0xaa, ...start], length: 10, check: isSound });

/** Sections are those of Nova's "Laser Dust Sensor Control Protocol", V1.3. */
export const sds011 = serialDriver({
  name: "SDS011",
  maker: "Nova Fitness",
  measures: "fine dust: PM2.5 and PM10",
  datasheet: "Nova SDS011 specification, V1.3, and Laser Dust Sensor Control Protocol, V1.3",
  serial: { baudRate: 9600 }, // 1
  options: {
    laser: choiceOption(
      "Laser and fan",
      { always: "always on", measuring: "on for 30 s before each measurement" },
      { hint: "the laser lasts about 8000 hours" },
    ),
  },
  state: (): WarmUp => ({}),
  init: async (device, { state }) => {
    await tell(device, WORK, 1, 1);
    state.since = device.clock.now();
    await tell(device, REPORTING, 1, 1);
    await tell(device, PERIOD, 1, 0);
    return undefined;
  },
  read: async (device, { options }) => {
    if (options.laser === "always") return query(device);
    await tell(device, WORK, 1, 1);
    await device.wait(WARM_UP_MS);
    try {
      return await query(device);
    } finally {
      await tell(device, WORK, 1, 0);
    }
  },
  channels: [
    { sensor: "pm2.5", unit: "ug/m3", range: RANGE },
    { sensor: "pm10", unit: "ug/m3", range: RANGE },
  ],
  decode(message, context) {
    if (!isSound(message) || message[1] !== 0xc0) throw new BadData("checksum error");
    // 2): tenths of a µg/m3.
    const [fine, coarse] = [2, 4].map((offset) => u16le(offset)(message) / 10) as [number, number];
    const settled = (value: number) => afterWarmUp(value, context, WARM_UP_MS);
    return { "pm2.5": settled(fine), pm10: settled(coarse) };
  },
  close: async (device) => {
    await tell(device, WORK, 1, 0);
    return undefined;
  },
});

const query = (device: SerialDevice) => device.ask(sds011Command(QUERY), framer(0xc0));

/** Every command is confirmed. A part that sleeps may miss the first. */
async function tell(device: SerialDevice, ...data: readonly [command: number, ...rest: number[]]): Promise<void> {
  const confirmed = () => device.ask(sds011Command(...data), framer(0xc5, data[0]));
  await confirmed().catch((error: unknown) => {
    if (error instanceof BusError && (error.code === "timeout" || error.code === "crc")) return confirmed();
    throw error;
  });
}
