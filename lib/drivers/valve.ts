import { choiceOption, type GpioDevice, gpioActuator, integerOption, numberOption } from "./core";

interface Wiring {
  readonly open: number;
  readonly close: number;
  readonly activeLow: boolean;
}

/** What the valve is known to be doing. A later position makes an earlier one, which still waits, give up. */
interface Motion {
  position: boolean | undefined;
  turn: number;
}

/** Relays take about 10 ms to let go; until then the other direction stays off. */
const PAUSE_MS = 50;

/** A valve in a pipe. Both directions are never on together, whatever is asked for in between. */
export const valve = gpioActuator({
  name: "Valve",
  maker: "any",
  drives: "water or gas valve: solenoid, motor ball valve, latching",
  datasheet: "none: any valve with one or two inputs",
  options: {
    kind: choiceOption("Kind", {
      solenoid: "Solenoid, open while it has power",
      "solenoid-open": "Solenoid, closed while it has power",
      motor: "Motor, one line for each direction",
      latching: "Latching solenoid, one line for each pulse",
    }),
    line: integerOption("Line", { default: 17, min: 0, max: 511, hint: "of the solenoid, or of the direction open" }),
    closeLine: integerOption("Line for close", { default: 27, min: 0, max: 511 }),
    on: choiceOption("Switched on by", { high: "high level", low: "low level, as most relay modules" }),
    travel: numberOption("Travel time", {
      unit: "s",
      default: 10,
      min: 0.1,
      max: 600,
      hint: "of a motor, a little longer",
    }),
    pulse: numberOption("Pulse", { unit: "ms", default: 50, min: 6, max: 5000, hint: "of a latching solenoid" }),
  },
  state: (): Motion => ({ position: undefined, turn: 0 }),
  outputs: [{ actuator: "valve", type: "boolean", unit: "1", safe: false }],
  set: async (device, _output, value, { options, state }) => {
    const open = value as boolean;
    const activeLow = options.on === "low";
    if (options.kind === "solenoid" || options.kind === "solenoid-open") {
      return device.set(options.line, open === (options.kind === "solenoid"), { activeLow });
    }
    if (options.line === options.closeLine) throw new RangeError("expected two lines, one for each direction");
    if (state.position === open) return;
    const wiring = { open: options.line, close: options.closeLine, activeLow };
    await drive(device, wiring, open, options.kind === "motor" ? options.travel * 1000 : options.pulse, state);
  },
});

/** Gives power to one direction for so long. Resolves early when another position was asked for meanwhile. */
async function drive(device: GpioDevice, wiring: Wiring, open: boolean, ms: number, motion: Motion): Promise<void> {
  const { activeLow } = wiring;
  const [wanted, other] = open ? [wiring.open, wiring.close] : [wiring.close, wiring.open];
  const turn = ++motion.turn;
  motion.position = undefined;
  await device.set(other, false, { activeLow });
  await device.set(wanted, false, { activeLow });
  await device.wait(PAUSE_MS);
  if (motion.turn !== turn) return;
  await device.set(wanted, true, { activeLow });
  await device.wait(ms);
  if (motion.turn !== turn) return;
  await device.set(wanted, false, { activeLow });
  motion.position = open;
}
