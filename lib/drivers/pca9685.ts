import { choiceOption, i2cActuator, numberOption } from "./core";
import {
  COUNTS,
  driveOption,
  oscillatorOption,
  outputRegisters,
  PCA9685,
  prescale,
  setOutputs,
  setUp,
} from "./core/pca9685";

const CHANNELS = Array.from({ length: 16 }, (_, index) => index);
/** 7.3.5: what PRE_SCALE can express. */
const frequencyOption = (frequency: number) =>
  numberOption("Frequency", { unit: "Hz", default: frequency, min: 24, max: 1526 });

/** Sixteen outputs of a share of the time each. Sections are those of NXP's PCA9685 datasheet, rev 4. */
export const pca9685 = i2cActuator({
  ...PCA9685,
  name: "PCA9685",
  drives: "16 PWM outputs, 12 bit: dimmers, fans, proportional valves",
  options: { frequency: frequencyOption(200), drive: driveOption, oscillator: oscillatorOption },
  init: async (device, { options }) => {
    await setUp(device, options);
    return undefined;
  },
  outputs: CHANNELS.map((channel) => ({
    actuator: `channel${channel}`,
    type: "number",
    unit: "%",
    range: [0, 100],
    safe: 0,
  })),
  // 7.3.3: each output begins at another time of the period, so that the supply is not loaded by all at once.
  set: (device, { index }, value) =>
    setOutputs(
      device,
      index,
      outputRegisters(Math.round(((value as number) / 100) * COUNTS), (index * COUNTS) / CHANNELS.length),
    ),
});

/** Sixteen servos. */
export const pca9685Servo = i2cActuator({
  ...PCA9685,
  name: "PCA9685 servos",
  drives: "16 hobby servos by angle",
  options: {
    travel: numberOption("Travel", { unit: "deg", default: 180, min: 1, max: 360 }),
    shortest: numberOption("Pulse at 0 deg", { unit: "us", default: 1000, min: 300, max: 3000 }),
    longest: numberOption("Pulse at full travel", {
      ...{ unit: "us", default: 2000, min: 300, max: 3000 },
      hint: "shorter than at 0 deg turns the other way round",
    }),
    rest: numberOption("Safe angle", {
      ...{ unit: "deg", default: 0, min: 0, max: 360 },
      hint: "at start, at close and without input; at most the travel",
    }),
    frequency: numberOption("Frequency", { unit: "Hz", default: 50, min: 40, max: 330 }),
    oscillator: oscillatorOption,
  },
  init: async (device, { options }) => {
    await setUp(device, { ...options, drive: "push-pull" });
    return undefined;
  },
  outputs: ({ travel, rest }) =>
    CHANNELS.map((channel) => ({
      actuator: `servo${channel}`,
      type: "number",
      unit: "deg",
      range: [0, travel],
      safe: Math.min(rest, travel),
    })),
  set: (device, { index }, value, { options }) => {
    const { travel, shortest, longest, frequency, oscillator } = options;
    const pulse = shortest + ((longest - shortest) * (value as number)) / travel;
    // The period that the part has, not the one that was asked for: PRE_SCALE is a whole number (7.3.5).
    const countUs = ((prescale(frequency, oscillator) + 1) * 1e6) / oscillator;
    return setOutputs(device, index, outputRegisters(Math.min(COUNTS - 1, Math.round(pulse / countUs))));
  },
});

/** Eight DC motors, each by an H-bridge (DRV8833, L298N) whose two inputs are neighbouring channels. */
export const pca9685Motor = i2cActuator({
  ...PCA9685,
  name: "PCA9685 motors",
  drives: "8 DC motors by H-bridges, forward and backward",
  options: {
    stop: choiceOption("At 0 %", { coast: "Coasts", brake: "Brakes" }),
    frequency: frequencyOption(1000),
    oscillator: oscillatorOption,
  },
  init: async (device, { options }) => {
    await setUp(device, { ...options, drive: "push-pull" });
    return undefined;
  },
  outputs: CHANNELS.slice(0, 8).map((motor) => ({
    actuator: `motor${motor}`,
    type: "number",
    unit: "%",
    range: [-100, 100],
    safe: 0,
  })),
  set: (device, { index }, value, { options }) => {
    const speed = value as number;
    const counts = Math.round((Math.abs(speed) / 100) * COUNTS);
    const [off, on] = [outputRegisters(0), outputRegisters(COUNTS)];
    if (counts === 0) {
      const both = options.stop === "brake" ? on : off;
      return setOutputs(device, 2 * index, both, both);
    }
    // In one transfer, so that there is no moment with both inputs on.
    const drive = outputRegisters(counts);
    return speed > 0 ? setOutputs(device, 2 * index, drive, off) : setOutputs(device, 2 * index, off, drive);
  },
});
