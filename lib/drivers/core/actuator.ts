import type { BusKind, GpioChip, GpioOutput, Grip, I2cBus, SharedBus, SpiBus, SpiOptions, Transports } from "../../bus";
import type { DeviceSettings } from "./contract";
import { run, type Steps } from "./definition";
import { type I2cDevice, i2cDevice } from "./i2c";
import { type OptionSpecs, type OptionValues, optionValues } from "./options";
import { type SpiDevice, spiDevice } from "./spi";

export type ActuatorValue = number | boolean | string;

/** One thing that an actuator sets. */
export interface OutputInfo {
  /** Name of the output: "relay", "channel0", "text". */
  readonly actuator: string;
  readonly type: "number" | "boolean" | "text";
  /** UCUM code; "1" for boolean and text. */
  readonly unit: string;
  /** For numbers: what may be set, limits included. */
  readonly range?: readonly [low: number, high: number];
  /** What does no harm: off, closed, dark. */
  readonly safe: ActuatorValue;
}

export interface ActuatorContext<O, S> {
  readonly options: O;
  /** The driver's own memory of this part; new at every set-up. */
  readonly state: S;
}

export interface ActuatorDefinition<D, O extends OptionSpecs, S> {
  readonly name: string;
  readonly maker: string;
  /** In a few words: "12-bit voltage output". */
  readonly drives: string;
  readonly datasheet?: string;
  readonly options?: O;
  readonly state?: () => S;
  /** Done once after power-up or loss, before anything is set. */
  readonly init?: Steps<D, ActuatorContext<OptionValues<O>, S>>;
  readonly outputs: readonly OutputInfo[] | ((options: OptionValues<O>) => readonly OutputInfo[]);
  /** Sets one output to a value that has been checked. */
  readonly set: (
    device: D,
    output: { readonly actuator: string; readonly index: number },
    value: ActuatorValue,
    context: ActuatorContext<OptionValues<O>, S>,
  ) => Promise<void>;
}

export interface ActuatorDriver<K extends BusKind = BusKind> {
  readonly role: "actuator";
  readonly bus: K;
  readonly name: string;
  readonly maker: string;
  readonly drives: string;
  readonly datasheet?: string;
  readonly addresses: readonly number[];
  readonly options: OptionSpecs;
  outputs(options?: Readonly<Record<string, unknown>>): readonly OutputInfo[];
  /** Nothing is sent before the first value. @throws RangeError for an address or options that are not valid */
  connect(bus: SharedBus<K>, settings?: DeviceSettings): ActuatorSession;
}

export interface ActuatorSession {
  readonly outputs: readonly OutputInfo[];
  /**
   * Sets an output and resolves when the part has it.
   * @throws RangeError for an output or a value that the part does not have
   * @throws BusError when it cannot be reached
   */
  set(actuator: string, value: ActuatorValue): Promise<void>;
  /** Sets every output to its safe value. @throws BusError, after all have been tried */
  makeSafe(): Promise<void>;
  /** Leaves the outputs as they are. Never rejects. */
  close(): Promise<void>;
}

/**
 * GPIO lines as an actuator's steps see them; a line is requested at its first use and kept until close. One that has failed
 * is given back, and requested anew at its next use.
 */
export interface GpioDevice {
  set(line: number, value: boolean, options?: { readonly activeLow?: boolean }): Promise<void>;
  wait(ms: number): Promise<void>;
}

interface ActuatorWiring<K extends BusKind, D> {
  readonly kind: K;
  readonly addresses: readonly number[];
  /** Makes the part of a session, which is given a grip for each use. */
  open(settings: DeviceSettings): {
    device(grip: Grip<Transports[K]>): D;
    /** What tells parts on one bus apart; missing where sessions never have one in common. */
    readonly place?: number | string;
    close(): Promise<void>;
  };
}

/** An actuator on I2C. */
export function i2cActuator<const O extends OptionSpecs = Record<never, never>, S = undefined>(
  definition: ActuatorDefinition<I2cDevice, O, S> & { readonly addresses: readonly number[] },
): ActuatorDriver<"i2c"> {
  const { addresses } = definition;
  return actuator(definition, {
    kind: "i2c",
    addresses,
    open: ({ address = addresses[0]! }) => ({
      place: address,
      device: (grip: Grip<I2cBus>) => i2cDevice(grip, address),
      close: async () => {},
    }),
  });
}

/** An actuator on SPI. */
export function spiActuator<const O extends OptionSpecs = Record<never, never>, S = undefined>(
  definition: ActuatorDefinition<SpiDevice, O, S> & Pick<SpiOptions, "mode" | "speedHz">,
): ActuatorDriver<"spi"> {
  const { mode, speedHz } = definition;
  return actuator(definition, {
    kind: "spi",
    addresses: [],
    open: ({ chipSelect = 0 }) => ({
      place: chipSelect,
      device: (grip: Grip<SpiBus>) => spiDevice(grip, { mode, speedHz, chipSelect }),
      close: async () => {},
    }),
  });
}

/** An actuator on GPIO lines; which lines is one of its options. */
export function gpioActuator<const O extends OptionSpecs = Record<never, never>, S = undefined>(
  definition: ActuatorDefinition<GpioDevice, O, S>,
): ActuatorDriver<"gpio"> {
  return actuator(definition, { kind: "gpio", addresses: [], open: () => gpioLines() });
}

function gpioLines() {
  const lines = new Map<number, { readonly chip: GpioChip; readonly output: GpioOutput }>();
  /** A line that has failed may not be there any more, or say so when it is given back. */
  const release = async (line: number) => {
    const held = lines.get(line);
    lines.delete(line);
    await held?.output.close().catch(() => undefined);
  };
  return {
    device: (grip: Grip<GpioChip>): GpioDevice => ({
      wait: (ms) => grip.wait(ms),
      set: (line, value, { activeLow = false } = {}) =>
        grip.use(async (chip) => {
          const held = lines.get(line);
          if (held?.chip !== chip) {
            // When the chip was opened anew, the lines of the old one went with it.
            await release(line);
            lines.set(line, { chip, output: await chip.output(line, { initial: value, activeLow }) });
            return;
          }
          try {
            await held.output.set(value);
          } catch (error) {
            // A call that hung may fail long after the line was requested anew.
            if (lines.get(line) === held) await release(line);
            throw error;
          }
        }),
    }),
    close: async () => {
      await Promise.all([...lines.keys()].map(release));
    },
  };
}

function actuator<K extends BusKind, D, O extends OptionSpecs, S>(
  definition: ActuatorDefinition<D, O, S>,
  wiring: ActuatorWiring<K, D>,
): ActuatorDriver<K> {
  const { name, maker, drives, datasheet } = definition;
  const specs = definition.options ?? ({} as O);
  return {
    role: "actuator",
    bus: wiring.kind,
    addresses: wiring.addresses,
    options: specs,
    ...{ name, maker, drives, datasheet },
    outputs: (options) => outputsOf(definition, optionValues(specs, options)),
    connect: (bus, settings = {}) =>
      new Session(bus, settings, wiring, definition, optionValues(specs, settings.options)),
  };
}

class Session<K extends BusKind, D, O extends OptionSpecs, S> implements ActuatorSession {
  readonly outputs: readonly OutputInfo[];
  readonly #part: ReturnType<ActuatorWiring<K, D>["open"]>;
  #context: ActuatorContext<OptionValues<O>, S> | undefined;

  constructor(
    private readonly bus: SharedBus<K>,
    settings: DeviceSettings,
    wiring: ActuatorWiring<K, D>,
    private readonly definition: ActuatorDefinition<D, O, S>,
    private readonly options: OptionValues<O>,
  ) {
    this.outputs = outputsOf(definition, options);
    this.#part = wiring.open(settings);
  }

  async set(actuator: string, value: ActuatorValue): Promise<void> {
    const index = this.outputs.findIndex((output) => output.actuator === actuator);
    const output = this.outputs[index];
    if (!output) {
      const known = this.outputs.map((one) => one.actuator).join(", ");
      throw new RangeError(`${this.definition.name} has no output "${actuator}"; it has ${known}`);
    }
    const checked = checkedOutput(output, value);
    await this.#holding(async (device) => {
      try {
        this.#context ??= await this.#setUp(device);
        await this.definition.set(device, { actuator, index }, checked, this.#context);
      } catch (error) {
        this.#context = undefined;
        throw error;
      }
    });
  }

  async makeSafe(): Promise<void> {
    const settled = await Promise.allSettled(this.outputs.map(({ actuator, safe }) => this.set(actuator, safe)));
    const failed = settled.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  async close(): Promise<void> {
    this.#context = undefined;
    await this.#part.close();
  }

  #holding<R>(work: (device: D) => Promise<R>): Promise<R> {
    const { device, place } = this.#part;
    const hold = () => this.bus.hold((grip) => work(device(grip)));
    return place === undefined ? hold() : this.bus.withPart(place, hold);
  }

  async #setUp(device: D): Promise<ActuatorContext<OptionValues<O>, S>> {
    const { state, init } = this.definition;
    const context = { options: this.options, state: state?.() as S };
    if (init) await run(init, device, context);
    return context;
  }
}

function outputsOf<D, O extends OptionSpecs, S>(
  { outputs }: ActuatorDefinition<D, O, S>,
  options: OptionValues<O>,
): readonly OutputInfo[] {
  return typeof outputs === "function" ? outputs(options) : outputs;
}

/** @throws RangeError for a value that the output does not take */
function checkedOutput({ actuator, type, range, unit }: OutputInfo, value: ActuatorValue): ActuatorValue {
  const expected = { number: "number", boolean: "boolean", text: "string" }[type];
  if (typeof value !== expected) throw new RangeError(`${actuator}: expected a ${type}, got ${JSON.stringify(value)}`);
  if (typeof value !== "number") return value;
  const [low, high] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (!Number.isFinite(value) || value < low || value > high) {
    throw new RangeError(`${actuator}: expected ${low} to ${high} ${unit}, got ${value}`);
  }
  return value;
}
