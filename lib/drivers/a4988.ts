import { choiceOption, integerOption } from "./core";
import { movementOptions, stepperDriver } from "./core/stepper";

/** Not every board has its ENABLE pin connected. */
const NOT_CONNECTED = -1;

/** Also DRV8825, TMC2209 and others with STEP and DIR. Sections are those of Allegro's A4988 datasheet, rev 5. */
export const a4988 = stepperDriver({
  name: "A4988",
  maker: "Allegro",
  drives: "stepper motor by step and direction (also DRV8825, TMC2209)",
  datasheet: "Allegro A4988, rev 5",
  options: {
    stepLine: integerOption("Line of STEP", { default: 20, min: 0, max: 511 }),
    directionLine: integerOption("Line of DIR", { default: 21, min: 0, max: 511 }),
    enableLine: integerOption("Line of ENABLE", {
      ...{ default: NOT_CONNECTED, min: NOT_CONNECTED, max: 511 },
      hint: "-1: not connected",
    }),
    forward: choiceOption("Forward is", { high: "DIR high", low: "DIR low" }),
    fullSteps: integerOption("Full steps of a turn", {
      default: 200,
      min: 1,
      max: 100_000,
      hint: "with the gear, if any",
    }),
    microsteps: choiceOption("Microsteps", { "1": "1", "2": "2", "4": "4", "8": "8", "16": "16", "32": "32" }), // table 1
    ...movementOptions({ speed: 180, acceleration: 360 }),
  },
  stepsPerTurn: ({ fullSteps, microsteps }) => fullSteps * Number(microsteps),
  engage: async (lines, _position, { enableLine }) => {
    if (enableLine !== NOT_CONNECTED) await lines.set(enableLine, true, { activeLow: true });
  },
  step: async (lines, _position, direction, { stepLine, directionLine, forward }) => {
    await lines.set(stepLine, false);
    // Figure 1: DIR 200 ns before STEP, which is high for 1 us: less than a call takes.
    await lines.set(directionLine, (direction === 1) === (forward === "high"));
    await lines.set(stepLine, true);
    await lines.set(stepLine, false);
  },
  release: async (lines, { enableLine }) => {
    if (enableLine !== NOT_CONNECTED) await lines.set(enableLine, false, { activeLow: true });
  },
});
