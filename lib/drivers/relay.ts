import { choiceOption, gpioActuator, integerOption } from "./core";

/** Any switch behind one line: a relay module, a solid-state relay, a transistor with a lamp or a pump. */
export const relay = gpioActuator({
  name: "Relay",
  maker: "any",
  drives: "relay, contactor, lamp or pump on one line",
  datasheet: "none: any module with a logic input",
  options: {
    line: integerOption("Line", { default: 17, min: 0, max: 511, hint: "number of the line on its GPIO chip" }),
    on: choiceOption("Switched on by", { high: "high level", low: "low level, as most relay modules" }),
  },
  outputs: [{ actuator: "relay", type: "boolean", unit: "1", safe: false }],
  set: (device, _output, value, { options }) =>
    device.set(options.line, value as boolean, { activeLow: options.on === "low" }),
});
