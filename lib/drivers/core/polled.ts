import { BusError, type BusKind, type Grip, type SharedBus, type Transports, wallClock } from "../../bus";
import type { DeviceSettings, DriverContext, SensorDriver, SensorSession } from "./contract";
import { type Channel, type PolledDefinition, run } from "./definition";
import { type OptionSpecs, type OptionValues, optionValues } from "./options";
import { allBad, BadData, type ChannelReading, judged } from "./values";

/** A driver made from a definition, which stays readable: `decode` works without any bus. */
export interface PolledDriver<K extends BusKind, D, O extends OptionSpecs, C, S> extends SensorDriver<K> {
  readonly options: O;
  readonly definition: PolledDefinition<D, O, C, S>;
  /** The readings in the bytes that the `read` steps bring. */
  decode(frame: Uint8Array, context?: Partial<DriverContext<Partial<OptionValues<O>>, C, S>>): ChannelReading[];
}

/** How one kind of bus is addressed. */
export interface Wiring<K extends BusKind, D> {
  readonly kind: K;
  readonly addresses: readonly number[];
  /** The part as the driver's steps see it while the bus is held. */
  device(grip: Grip<Transports[K]>, settings: DeviceSettings): D;
  /** What tells parts on one bus apart. */
  place(settings: DeviceSettings): number | string;
  /** @throws RangeError for a place where the part cannot be */
  check(settings: DeviceSettings): void;
}

export function polledDriver<K extends BusKind, D, O extends OptionSpecs, C, S>(
  wiring: Wiring<K, D>,
  definition: PolledDefinition<D, O, C, S>,
): PolledDriver<K, D, O, C, S> {
  const { name, maker, measures, datasheet } = definition;
  const specs = definition.options ?? ({} as O);
  return {
    role: "sensor",
    bus: wiring.kind,
    addresses: wiring.addresses,
    options: specs,
    ...{ name, maker, measures, datasheet, definition },
    channels: (options) => channelsOf(definition, optionValues(specs, options)),
    connect(bus, settings = {}) {
      wiring.check(settings);
      return new PolledSession(bus, settings, wiring, definition, optionValues(specs, settings.options));
    },
    decode(frame, { options, ...rest } = {}) {
      const values = optionValues(specs, options);
      const context = { calibration: undefined as C, state: definition.state?.() as S, clock: wallClock, ...rest };
      return decodeFrame(definition, frame, { ...context, options: values });
    },
  };
}

type Context<O extends OptionSpecs, C, S> = DriverContext<OptionValues<O>, C, S>;

class PolledSession<K extends BusKind, D, O extends OptionSpecs, C, S> implements SensorSession {
  readonly channels: readonly Channel<Context<O, C, S>>[];
  readonly readBlock?: SensorSession["readBlock"];
  /** Missing until the part is set up, and after it was lost. */
  #context: Context<O, C, S> | undefined;

  constructor(
    private readonly bus: SharedBus<K>,
    private readonly settings: DeviceSettings,
    private readonly wiring: Wiring<K, D>,
    private readonly definition: PolledDefinition<D, O, C, S>,
    private readonly options: OptionValues<O>,
  ) {
    this.channels = channelsOf(definition, options);
    const { readBlock } = definition;
    if (readBlock) this.readBlock = () => this.#work((device, context) => readBlock(device, context));
  }

  async read(): Promise<ChannelReading[]> {
    return this.#work(async (device, context) => {
      const { definition, channels } = this;
      try {
        return decodeFrame(definition, await run(definition.read, device, context), context, channels);
      } catch (error) {
        if (error instanceof BadData) return allBad(channels, error.message);
        // It answered, so it has its power and its settings: only what came in is lost.
        if (error instanceof BusError && error.code === "crc") return allBad(channels, error.message);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    const { close } = this.definition;
    const context = this.#context;
    this.#context = undefined;
    if (!close || !context) return;
    // A part that cannot be reached cannot be put to rest, and has nobody left to tell.
    await this.#holding((device) => run(close, device, context)).catch(() => undefined);
  }

  /** Runs `work` on the part, which is set up first when it is not. */
  #work<R>(work: (device: D, context: Context<O, C, S>) => Promise<R>): Promise<R> {
    return this.#holding(async (device) => {
      try {
        this.#context ??= await this.#setUp(device);
        return await work(device, this.#context);
      } catch (error) {
        // It may have lost its power and with it its settings.
        this.#context = undefined;
        throw error;
      }
    });
  }

  #holding<R>(work: (device: D) => Promise<R>): Promise<R> {
    const { bus, wiring, settings } = this;
    return bus.withPart(wiring.place(settings), () => bus.hold((grip) => work(wiring.device(grip, settings))));
  }

  async #setUp(device: D): Promise<Context<O, C, S>> {
    const { state, identify, init, calibration } = this.definition;
    const base = { options: this.options, state: state?.() as S, clock: this.bus.clock };
    const context = { ...base, calibration: undefined };
    await identify?.(device, context);
    if (init) await run(init, device, context);
    const bytes = calibration && (await run(calibration.read, device, context));
    return { ...base, calibration: (bytes && calibration.parse(bytes)) as C };
  }
}

function channelsOf<D, O extends OptionSpecs, C, S>(
  { channels }: PolledDefinition<D, O, C, S>,
  options: OptionValues<O>,
): readonly Channel<Context<O, C, S>>[] {
  return typeof channels === "function" ? channels(options) : channels;
}

function decodeFrame<D, O extends OptionSpecs, C, S>(
  definition: PolledDefinition<D, O, C, S>,
  frame: Uint8Array,
  context: Context<O, C, S>,
  channels = channelsOf(definition, context.options),
): ChannelReading[] {
  if (!definition.decode) return channels.map((channel) => judged(channel, () => rawValue(channel, frame, context)));
  try {
    const values = definition.decode(frame, context);
    return channels.flatMap((channel) => {
      const value = values[channel.sensor];
      return value === undefined ? [] : [judged(channel, () => value)];
    });
  } catch (error) {
    if (error instanceof BadData) return allBad(channels, error.message);
    throw error;
  }
}

function rawValue<X>({ sensor, raw, value }: Channel<X>, frame: Uint8Array, context: X) {
  if (!raw) throw new TypeError(`channel ${sensor}: expected "raw", or "decode" in the driver`);
  const number = raw(frame);
  return value ? value(number, context) : number;
}
