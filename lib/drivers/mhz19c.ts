import { ask, BadData, choiceOption, packetFramer, serialDriver, u16be, uncertain } from "./core";
import { sum8 } from "./core/sums";
import { afterWarmUp, type WarmUp } from "./core/warm-up";

/** Every message has nine bytes; the last makes the sum of bytes 1 to 8 zero. */
const SIZE = 9;
const READ = 0x86;

/** Command 0x99, "detection range setting", and the range in ppm. */
const RANGES = { "2000": 2000, "5000": 5000, "10000": 10_000 } as const;

/** Table 1: preheat time. */
const WARM_UP_MS = 60_000;

const isSound = (message: Uint8Array) => message.length === SIZE && sum8(message.subarray(1)) === 0;
const concentration = u16be(2);

export function mhz19Message(...bytes: readonly number[]): number[] {
  const message = [...bytes, 0, 0, 0, 0, 0].slice(0, SIZE - 1);
  return [...message, -sum8(Uint8Array.from(message.slice(1))) & 0xff];
}

/**
 * Command names are those of the MH-Z19C user's manual, V1.0, and of the MH-Z19B's, V1.6, which describes the same commands.
 * The temperature that some copies send in byte 4 is in neither, and that of the board: it is left out.
 */
export const mhz19c = serialDriver({
  name: "MH-Z19C",
  maker: "Winsen",
  measures: "carbon dioxide (CO2)",
  datasheet: "Winsen MH-Z19C user's manual, V1.0",
  serial: { baudRate: 9600 },
  options: {
    range: choiceOption(
      "Range",
      { "2000": "to 2000 ppm", "5000": "to 5000 ppm", "10000": "to 10 000 ppm" },
      { default: "5000" },
    ),
    selfCalibration: choiceOption(
      "Self-calibration",
      { keep: "as the part has it", on: "on", off: "off" },
      { hint: "takes the lowest value of each day for 400 ppm: off in greenhouses, stables and rooms never aired" },
    ),
  },
  state: (): WarmUp => ({}),
  init: async (device, { options, state }) => {
    state.since = device.clock.now();
    const range = RANGES[options.range];
    await device.write(mhz19Message(0xff, 0x01, 0x99, 0, 0, 0, range >> 8, range & 0xff));
    if (options.selfCalibration !== "keep") {
      // The part needs a moment between commands, and answers some of them: the framer passes that over.
      await device.wait(50);
      await device.write(mhz19Message(0xff, 0x01, 0x79, options.selfCalibration === "on" ? 0xa0 : 0));
    }
    await device.wait(50);
    return undefined;
  },
  read: [
    ask(mhz19Message(0xff, 0x01, READ), () => packetFramer({ start: [0xff, READ], length: SIZE, check: isSound })),
  ],
  channels: ({ range }) => [{ sensor: "co2", unit: "[ppm]", range: [0, RANGES[range]] }],
  decode(message, context) {
    if (!isSound(message) || message[1] !== READ) throw new BadData("checksum error");
    const ppm = concentration(message);
    // Table 1: it measures from 400 ppm, about what fresh air has.
    if (ppm < 400) return { co2: uncertain(ppm, "below 400 ppm: it needs calibration") };
    return { co2: afterWarmUp(ppm, context, WARM_UP_MS) };
  },
});
