import { integerOption, numberOption } from "./core";
import { movementOptions, type StepperLines, stepperDriver } from "./core/stepper";

/** Half steps of a four-phase motor: which of the coils A to D have power. One coil changes from each to the next. */
const HALF_STEPS = ["1000", "1100", "0100", "0110", "0010", "0011", "0001", "1001"] as const;

interface Coils {
  readonly coilA: number;
  readonly coilB: number;
  readonly coilC: number;
  readonly coilD: number;
}

export const uln2003 = stepperDriver({
  name: "28BYJ-48 by ULN2003",
  maker: "Kiatronics and others",
  drives: "geared stepper motor with four coils",
  datasheet: "Kiatronics 28BYJ-48 5 V: eight half steps, 5.625 deg / 64",
  options: {
    coilA: integerOption("Line of coil A (IN1)", { default: 5, min: 0, max: 511 }),
    coilB: integerOption("Line of coil B (IN2)", { default: 6, min: 0, max: 511 }),
    coilC: integerOption("Line of coil C (IN3)", { default: 13, min: 0, max: 511 }),
    coilD: integerOption("Line of coil D (IN4)", { default: 19, min: 0, max: 511 }),
    halfSteps: numberOption("Half steps of a turn", {
      ...{ default: 4075.773, min: 1, max: 100_000 },
      hint: "64 by the gear of 25792 / 405; 4096 where it is 64 exactly",
    }),
    // At most about 500 half steps a second without losing some.
    ...movementOptions({ speed: 30, acceleration: 90 }),
  },
  stepsPerTurn: ({ halfSteps }) => halfSteps,
  engage: (lines, position, options) => power(lines, position, options),
  step: (lines, position, _direction, options) => power(lines, position, options),
  release: async (lines, coils) => {
    for (const line of linesOf(coils)) await lines.set(line, false);
  },
});

async function power(lines: StepperLines, position: number, coils: Coils): Promise<void> {
  const pattern = HALF_STEPS[((position % 8) + 8) % 8]!;
  // What goes off goes first: never more than two coils have power.
  for (const level of ["0", "1"]) {
    for (const [coil, line] of linesOf(coils).entries()) {
      if (pattern[coil] === level) await lines.set(line, level === "1");
    }
  }
}

const linesOf = ({ coilA, coilB, coilC, coilD }: Coils) => [coilA, coilB, coilC, coilD];
