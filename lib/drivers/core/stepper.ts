import type { GpioChip, GpioOutput, Grip, SharedBus } from "../../bus";
import type { ActuatorDriver, ActuatorSession, ActuatorValue, OutputInfo } from "./actuator";
import type { DeviceSettings } from "./contract";
import { flagOption, numberOption, type OptionSpecs, type OptionValues, optionValues } from "./options";
import { StepRamp } from "./step-ramp";

/** The lines of a motor while one holds the chip. */
export interface StepperLines {
  /** Sets a line that is not set so already. */
  set(line: number, value: boolean, options?: { readonly activeLow?: boolean }): Promise<void>;
}

/** What a stepper's driver says of itself. */
export interface StepperDefinition<O extends OptionSpecs> {
  readonly name: string;
  readonly maker: string;
  readonly drives: string;
  readonly datasheet: string;
  readonly options: O;
  /** Steps of a turn of the axis. */
  readonly stepsPerTurn: (options: OptionValues<O>) => number;
  /** Before the first step of a movement. */
  readonly engage?: (lines: StepperLines, position: number, options: OptionValues<O>) => Promise<void>;
  /** One step; `position` is the one that it leads to. */
  readonly step: (lines: StepperLines, position: number, direction: 1 | -1, options: OptionValues<O>) => Promise<void>;
  /** Takes the power from the coils. */
  readonly release: (lines: StepperLines, options: OptionValues<O>) => Promise<void>;
}

/** Options of every stepper. Angles are of the axis; 0 is where it stands when the session begins. */
export const movementOptions = ({
  speed,
  acceleration,
}: {
  readonly speed: number;
  readonly acceleration: number;
}) => ({
  speed: numberOption("Speed", { unit: "deg/s", default: speed, min: 0.01, max: 36_000, hint: "at most" }),
  acceleration: numberOption("Acceleration", { unit: "deg/s2", default: acceleration, min: 0.01, max: 360_000 }),
  lowest: numberOption("Lowest position", { unit: "deg", default: -360 }),
  highest: numberOption("Highest position", { unit: "deg", default: 360 }),
  rest: numberOption("Safe position", { unit: "deg", default: 0, hint: "at start, at close and without input" }),
  hold: flagOption("Hold", { default: false, hint: "keeps the coils under power when the axis stands" }),
});
type MovementOptions = ReturnType<typeof movementOptions>;

/**
 * A driver of a stepper from its definition. Each step holds the chip by itself, so that others use its lines meanwhile, and a
 * new position takes effect on the way. A step is never early; timers make it late by up to a millisecond, so that more than
 * about 500 steps a second are not to be had.
 */
export function stepperDriver<const O extends MovementOptions & OptionSpecs>(
  definition: StepperDefinition<O>,
): ActuatorDriver<"gpio"> {
  const { name, maker, drives, datasheet, options: specs } = definition;
  const outputsOf = (options: OptionValues<O>) => [positionOutput(options as OptionValues<MovementOptions>)];
  return {
    role: "actuator",
    bus: "gpio",
    addresses: [],
    options: specs,
    ...{ name, maker, drives, datasheet },
    outputs: (options) => outputsOf(optionValues(specs, options)),
    connect(bus, settings: DeviceSettings = {}) {
      const options = optionValues(specs, settings.options);
      return new StepperSession(bus, definition, options, positionOutput(options as OptionValues<MovementOptions>));
    },
  };
}

function positionOutput({ lowest, highest, rest }: OptionValues<MovementOptions>): OutputInfo {
  if (lowest > highest)
    throw new RangeError(`the lowest position, ${lowest} deg, is above the highest, ${highest} deg`);
  if (rest < lowest || rest > highest) {
    throw new RangeError(`expected a safe position of ${lowest} to ${highest} deg, got ${rest}`);
  }
  return { actuator: "position", type: "number", unit: "deg", range: [lowest, highest], safe: rest };
}

class StepperSession<O extends OptionSpecs> implements ActuatorSession {
  readonly outputs: readonly OutputInfo[];
  readonly #ramp: StepRamp;
  readonly #stepsPerDegree: number;
  readonly #hold: boolean;
  readonly #lines = new Map<number, { readonly output: GpioOutput; value: boolean }>();
  #movement: Promise<void> | undefined;

  constructor(
    private readonly bus: SharedBus<"gpio">,
    private readonly definition: StepperDefinition<O>,
    private readonly options: OptionValues<O>,
    private readonly output: OutputInfo,
  ) {
    const { speed, acceleration, hold } = options as unknown as OptionValues<MovementOptions>;
    this.outputs = [output];
    this.#stepsPerDegree = definition.stepsPerTurn(options) / 360;
    this.#ramp = new StepRamp(speed * this.#stepsPerDegree, acceleration * this.#stepsPerDegree);
    this.#hold = hold;
  }

  /** Resolves when the axis stands at its last target, which another call may have changed. */
  async set(actuator: string, value: ActuatorValue): Promise<void> {
    const { name } = this.definition;
    if (actuator !== this.output.actuator) {
      throw new RangeError(`${name} has no output "${actuator}"; it has ${this.output.actuator}`);
    }
    const [low, high] = this.output.range!;
    if (typeof value !== "number" || !(value >= low && value <= high)) {
      throw new RangeError(`position: expected ${low} to ${high} deg, got ${JSON.stringify(value)}`);
    }
    this.#ramp.target = Math.round(value * this.#stepsPerDegree);
    // Again if the movement before was about to end when the target changed.
    do await this.#move();
    while (this.#ramp.next());
  }

  makeSafe(): Promise<void> {
    return this.set(this.output.actuator, this.output.safe);
  }

  async close(): Promise<void> {
    this.#ramp.stop();
    await this.#movement?.catch(() => undefined);
    await this.#freeLines();
  }

  async #freeLines(): Promise<void> {
    const outputs = [...this.#lines.values()].map(({ output }) => output);
    this.#lines.clear();
    await Promise.allSettled(outputs.map((output) => output.close()));
  }

  #move(): Promise<void> {
    this.#movement ??= this.#steps().finally(() => {
      this.#movement = undefined;
    });
    return this.#movement;
  }

  async #steps(): Promise<void> {
    const { definition, options, bus } = this;
    const ramp = this.#ramp;
    if (!ramp.next()) return;
    try {
      await this.#withLines(async (lines) => definition.engage?.(lines, ramp.position, options));
      let last = bus.clock.now();
      for (let step = ramp.next(); step; step = ramp.next()) {
        const { direction, seconds } = step;
        await bus.clock.wait(Math.max(0, last + seconds * 1000 - bus.clock.now()));
        await this.#withLines((lines) => definition.step(lines, ramp.position + direction, direction, options));
        last = bus.clock.now();
        ramp.take(step);
      }
      if (!this.#hold) await this.#withLines((lines) => definition.release(lines, options));
    } catch (error) {
      ramp.halt();
      await this.#freeLines();
      throw error;
    }
  }

  #withLines(work: (lines: StepperLines) => Promise<void>): Promise<void> {
    return this.bus.hold((grip) => work({ set: (line, value, how) => this.#setLine(grip, line, value, how) }));
  }

  async #setLine(
    grip: Grip<GpioChip>,
    line: number,
    value: boolean,
    { activeLow = false }: { readonly activeLow?: boolean } = {},
  ): Promise<void> {
    const known = this.#lines.get(line);
    if (known?.value === value) return;
    await grip.use(async (chip) => {
      if (known) await known.output.set(value);
      else this.#lines.set(line, { output: await chip.output(line, { initial: value, activeLow }), value });
    });
    if (known) known.value = value;
  }
}
