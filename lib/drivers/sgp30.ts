import { BusError } from "../bus";
import {
  BadData,
  type ChannelValue,
  DriverError,
  flagOption,
  type I2cDevice,
  i2cDriver,
  numberOption,
  sensirionCrc,
  textOption,
  u16be,
  uncertain,
} from "./core";
import { ask, askWord, tell } from "./core/sensirion";

/** 6.3: after Init_air_quality the part gives fixed values of 400 ppm and 0 ppb for 15 s. */
const WARM_UP_MS = 15_000;
/** 6.3: its compensation counts on a measurement each second; more than this apart they are too rare. */
const LONGEST_GAP_MS = 1500;

/** Table 1: output ranges. */
const RANGE = { co2: [400, 60_000], tvoc: [0, 60_000] } as const;

const field = { co2: u16be(0, sensirionCrc), tvoc: u16be(3, sensirionCrc) };

/** Names of commands and sections are those of Sensirion's SGP30 datasheet, version 1.0. */
export const sgp30 = i2cDriver({
  name: "SGP30",
  maker: "Sensirion",
  measures: "volatile organic compounds (TVOC) and equivalent carbon dioxide; to be read each second",
  datasheet: "Sensirion SGP30, version 1.0, May 2020",
  addresses: [0x58],
  options: {
    humidity: numberOption("Absolute humidity", {
      unit: "g/m3",
      default: 0,
      min: 0,
      max: 255,
      hint: "0: as delivered",
    }),
    baseline: textOption("Baseline", {
      default: "",
      pattern: "^([0-9a-fA-F]{4}-[0-9a-fA-F]{4})?$",
      expected: "a reading of the baseline, like 8A1F-8E63",
      hint: "of the same part, not older than a week; empty: it begins to learn anew",
    }),
    reportBaseline: flagOption("Report the baseline", { default: false }),
  },
  state: (): State => ({ startedAt: 0, lastAt: 0, doubt: undefined }),
  identify: async (device) => {
    const version = await askWord(device, 0x202f, 10); // Get_feature_set_version
    const type = version >> 12;
    if (type !== 0) throw new DriverError(`another part answers at 0x58: expected product type 0, got ${type}`);
    return undefined;
  },
  init: async (device, { options, state, clock }) => {
    // After a disturbance of the bus the part still knows what it learnt, which Init_air_quality takes away.
    const baseline = (await learntBaseline(device)) ?? options.baseline;
    await tell(device, 0x2003); // Init_air_quality
    state.startedAt = clock.now();
    state.lastAt = state.startedAt;
    await device.wait(10);
    if (baseline !== "") {
      const [co2, tvoc] = baseline.split("-").map((word) => Number.parseInt(word, 16));
      // 6.3: written in the other order than it is read.
      await tell(device, 0x201e, tvoc!, co2!); // Set_baseline
      await device.wait(10);
    }
    if (options.humidity > 0) {
      await tell(device, 0x2061, Math.min(0xffff, Math.round(options.humidity * 256))); // Set_humidity
      await device.wait(10);
    }
    return undefined;
  },
  read: [
    async (device, { state, clock }) => {
      state.doubt = doubtAt(clock.now(), state);
      state.lastAt = clock.now();
      return ask(device, 0x2008, 2, 12); // Measure_air_quality
    },
    async (device, { options }) => (options.reportBaseline ? ask(device, 0x2015, 2, 10) : undefined), // Get_baseline
  ],
  channels: ({ reportBaseline }) => [
    { sensor: "co2", unit: "[ppm]", range: RANGE.co2 },
    { sensor: "tvoc", unit: "[ppb]", range: RANGE.tvoc },
    ...(reportBaseline ? [{ sensor: "baseline", unit: "1" }] : []),
  ],
  decode: (frame, { options, state: { doubt } }) => {
    const doubted = (value: number): ChannelValue => (doubt ? uncertain(value, doubt) : value);
    return {
      co2: doubted(field.co2(frame)),
      tvoc: doubted(field.tvoc(frame)),
      baseline: options.reportBaseline ? baselineText(frame, 6) : undefined,
    };
  },
});

interface State {
  /** When the part was set up, and when it last measured, ms since the epoch. */
  startedAt: number;
  lastAt: number;
  /** Why its values are uncertain. */
  doubt: string | undefined;
}

function doubtAt(now: number, { startedAt, lastAt }: State): string | undefined {
  if (now - startedAt < WARM_UP_MS) return "warming up";
  if (now - lastAt <= LONGEST_GAP_MS) return undefined;
  return `measured ${((now - lastAt) / 1000).toFixed(1)} s after the time before: the part has to measure each second`;
}

/** What the part has learnt since it got its power; undefined when that is nothing, or it does not say so yet. */
async function learntBaseline(device: I2cDevice): Promise<string | undefined> {
  try {
    return baselineText(await ask(device, 0x2015, 2, 10), 0); // Get_baseline
  } catch (error) {
    if (error instanceof BadData || (error instanceof BusError && error.code === "nack")) return undefined;
    throw error;
  }
}

/** Both words at an offset; undefined when they are zero, as they are when there is no baseline yet. */
function baselineText(frame: Uint8Array, offset: number): string | undefined {
  const words = [u16be(offset, sensirionCrc)(frame), u16be(offset + 3, sensirionCrc)(frame)];
  if (words.every((word) => word === 0)) return undefined;
  return words.map((word) => word.toString(16).toUpperCase().padStart(4, "0")).join("-");
}
