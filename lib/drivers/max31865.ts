import { bad, choiceOption, DriverError, numberOption, type SpiDevice, spiDriver, u8, u16be } from "./core";
import { platinumTemperature } from "./core/platinum";

const rtd = u16be(0);
const faultStatus = u8(2);

/** Configuration register 00h, table 2. */
const BIAS = 0x80;
const ONE_SHOT = 0x20;
const THREE_WIRE = 0x10;
const FAULT_CYCLE = 0x04;
const CLEAR_FAULT = 0x02;

/** The element: its resistance at 0 °C, ohm. */
const R0 = { pt100: 100, pt1000: 1000 } as const;

/** Tables are those of Maxim's MAX31865 datasheet, 19-6478 rev 3. */
export const max31865 = spiDriver({
  name: "MAX31865",
  maker: "Analog Devices (Maxim)",
  measures: "platinum resistance temperature",
  datasheet: "Maxim MAX31865, 19-6478 rev 3",
  mode: 1, // "Serial interface": CPHA 1
  speedHz: 4_000_000, // AC characteristics: at most 5 MHz
  options: {
    element: choiceOption("Element", { pt100: "Pt100", pt1000: "Pt1000" }),
    reference: numberOption("Reference resistor", {
      unit: "Ohm",
      default: 430,
      min: 10,
      max: 100_000,
      hint: "430 on most Pt100 boards, 4300 on Pt1000 boards",
    }),
    wires: choiceOption("Wires", { "2": "2", "3": "3", "4": "4" }, { default: "4" }),
    mains: choiceOption("Mains filter", { "50": "50 Hz", "60": "60 Hz" }),
  },
  // No id register: what is written to the fault thresholds is read back.
  identify: async (device) => {
    await device.transfer([0x83, 0xff, 0xff, 0x00, 0x00]);
    const back = await device.transfer([0x03, 0, 0, 0, 0]);
    if (back[1] !== 0xff || back[2] !== 0xff || back[3] !== 0 || back[4] !== 0) {
      throw new DriverError("no MAX31865 answers: the fault thresholds do not keep what is written to them");
    }
    return undefined;
  },
  read: async (device, { options }) => {
    const setting = (options.wires === "3" ? THREE_WIRE : 0) | (options.mains === "50" ? 1 : 0);
    await configure(device, BIAS | CLEAR_FAULT | setting);
    await device.wait(11); // "Configuration register", bias: 10.5 time constants of the input filter, plus 1 ms
    await configure(device, BIAS | FAULT_CYCLE | setting);
    await device.wait(1); // "Fault detection cycle": 100 us
    await configure(device, BIAS | ONE_SHOT | setting);
    await device.wait(options.mains === "50" ? 66 : 55); // "Configuration register", 1-shot: 62.5 and 52 ms
    const answer = await device.transfer([0x01, 0, 0]);
    const status = await device.transfer([0x07, 0]);
    await configure(device, setting); // The bias current would warm the element.
    return Uint8Array.of(answer[1]!, answer[2]!, status[1]!);
  },
  channels: [
    { sensor: "temperature", unit: "Cel", range: [-200.1, 850.1] }, // IEC 60751, and a few steps of the converter
    { sensor: "resistance", unit: "Ohm" },
  ],
  decode: (frame, { options }) => {
    const problem = faultOf(rtd(frame), faultStatus(frame));
    if (problem) return { temperature: bad(problem), resistance: bad(problem) };
    const resistance = ((rtd(frame) >> 1) * options.reference) / 32768; // "RTD resistance registers"
    return { temperature: platinumTemperature(resistance / R0[options.element]), resistance };
  },
});

async function configure(device: SpiDevice, value: number): Promise<void> {
  await device.transfer([0x80, value]);
}

/** Table 7, and D0 of the RTD registers, which says that any of its bits is set. */
function faultOf(raw: number, status: number): string | undefined {
  if (raw === 0xffff && status === 0xff) return "nobody answers: every bit reads 1";
  if (status & 0x04) return "overvoltage or undervoltage at an input";
  if (status & 0x20) return "REFIN- is above 0.85 of the bias: the element or a wire is open";
  if (status & 0x10) return "REFIN- is below 0.85 of the bias while FORCE- is open: short circuit";
  if (status & 0x08) return "RTDIN- is below 0.85 of the bias while FORCE- is open: short circuit";
  if (status & 0xc0 || raw >> 1 === 0x7fff) return "the element is open or the reference resistor too small";
  return raw & 1 ? "fault of unknown kind" : undefined;
}
