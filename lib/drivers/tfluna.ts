import { BusError } from "../bus";
import { bad, type ChannelValue, DriverError, type I2cDevice, i2cDriver, s16le, u16le, uncertain } from "./core";

/** Appendix III of the manual, I2C register table. */
const DISTANCE = 0x00;
const TICK = 0x06;
const MODE = 0x23;
const TRIGGER_MODE = 1;
const TRIGGER = 0x24;
const SIGNATURE = 0x3c;

/** 6.3: what was written takes up to so long to be in force. */
const SETTLING_MS = 100;
/** The manual does not say how long a measurement takes after its trigger; 500 in a second are the most (6.5). */
const MEASURING_MS = 20;
const TRIES = 10;

/** 6.4: amplitudes outside these make a distance that is none; above `UNUSUAL` none should be. */
const WEAKEST = 100;
const UNUSUAL = 30_000;
const AMBIENT_LIGHT = 32_768;
const OVEREXPOSED = 65_535;
/** Table of the main characteristics: 0.2 to 8 m. */
const NEAREST = 200;
const FARTHEST = 8000;

const field = { distance: u16le(0), signal: u16le(2), temperature: s16le(4) };

/** The part measures when it is asked to: 6.3 advises so, because otherwise it may change its registers while they are read. */
export const tfluna = i2cDriver({
  name: "TF-Luna",
  maker: "Benewake",
  measures: "distance by laser, up to 8 m",
  datasheet: "Benewake TF-Luna product manual, SJ-PM-TF-Luna A05",
  addresses: [0x10], // 6.3: the factory's; any from 0x08 to 0x77 can be set
  identify: async (device) => {
    const found = await device.transfer([SIGNATURE], 4);
    if (String.fromCharCode(...found) === "LUNA") return undefined;
    const got = [...found].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
    throw new DriverError(`another part answers: expected the signature "LUNA" in register 0x3C, got ${got}`);
  },
  read: async (device) => {
    await ensureTriggerMode(device);
    return measure(device);
  },
  channels: [
    { sensor: "distance", unit: "mm", range: [0, FARTHEST] },
    { sensor: "signal", unit: "1", range: [0, OVEREXPOSED] },
    { sensor: "temperature", unit: "Cel", range: [-25, 125] }, // of the chip
  ],
  decode: (frame) => {
    const signal = field.signal(frame);
    return {
      // Appendix III: in cm, and in hundredths of a degree.
      distance: distanceOf(10 * field.distance(frame), signal),
      signal,
      temperature: field.temperature(frame) / 100,
    };
  },
});

function distanceOf(distance: number, signal: number): ChannelValue {
  if (signal < WEAKEST) return bad(`no target, or a dark one: signal ${signal}, below ${WEAKEST}`);
  if (signal === OVEREXPOSED) return bad("overexposed: the target is too bright or too near");
  if (signal > AMBIENT_LIGHT) return bad(`blinded by the light around: signal ${signal}`);
  if (distance < NEAREST) return uncertain(distance, `nearer than the ${NEAREST} mm from which it measures`);
  return signal > UNUSUAL ? uncertain(distance, `unusually strong signal ${signal}`) : distance;
}

/** After power-up the part measures by itself. The setting is not saved, so that its memory does not wear. */
async function ensureTriggerMode(device: I2cDevice): Promise<void> {
  const [mode] = await device.transfer([MODE], 1);
  if (mode === TRIGGER_MODE) return;
  await device.write([MODE, TRIGGER_MODE]);
  await device.wait(SETTLING_MS);
}

/** The first eight registers, once their time stamp is another one. @throws BusError, code timeout */
async function measure(device: I2cDevice): Promise<Uint8Array> {
  const before = u16le(0)(await device.transfer([TICK], 2));
  // Time stamps recur after 65.5 s: another trigger tells an equal one from an old one.
  for (let tries = 0; tries < TRIES; tries++) {
    await device.write([TRIGGER, 1]);
    await device.wait(MEASURING_MS);
    const frame = await device.transfer([DISTANCE], 8);
    if (u16le(TICK)(frame) !== before) return frame;
  }
  throw new BusError("timeout", `no measurement within ${TRIES * MEASURING_MS} ms`);
}
