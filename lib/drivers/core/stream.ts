import { BusError, type SerialPort, type SerialSettings, type SharedBus, wallClock } from "../../bus";
import type { DriverContext, SensorDriver, SensorSession } from "./contract";
import type { Decoded, Described } from "./definition";
import type { Framer } from "./framer";
import { type OptionSpecs, type OptionValues, optionValues } from "./options";
import { BadData, type ChannelInfo, type ChannelReading, judged } from "./values";

type Context<O extends OptionSpecs, S> = DriverContext<OptionValues<O>, undefined, S>;

/** A part that speaks by itself: GNSS receivers, particle counters. */
export interface StreamDefinition<O extends OptionSpecs, S> extends Described<O> {
  /** For parts of one fixed speed; without it the line's own settings stay. */
  readonly serial?: SerialSettings;
  /** Makes the driver's own memory, whenever the port is opened. */
  readonly state?: () => S;
  /** Sent when the port is opened: wakes the part, sets what it says. */
  readonly greeting?: readonly number[];
  readonly framer: () => Framer;
  readonly channels: readonly ChannelInfo[];
  /**
   * The values in one message; none for messages that say nothing of interest.
   * @throws BadData for a damaged one, which is counted and not passed on
   */
  readonly decode: (message: Uint8Array, context: Context<O, S>) => Decoded;
  /** How long the part may be silent, ms; 5000 when missing. */
  readonly silenceMs?: number;
}

export interface StreamDriver<O extends OptionSpecs, S> extends SensorDriver<"serial"> {
  readonly options: O;
  readonly definition: StreamDefinition<O, S>;
  /** The readings in one message. @throws BadData for a damaged one */
  decode(
    message: Uint8Array,
    context?: Partial<DriverContext<Partial<OptionValues<O>>, undefined, S>>,
  ): ChannelReading[];
}

/** A driver of a part that sends its values by itself over a serial line. */
export function streamDriver<const O extends OptionSpecs = Record<never, never>, S = undefined>(
  definition: StreamDefinition<O, S>,
): StreamDriver<O, S> {
  const { name, maker, measures, datasheet, channels } = definition;
  const specs = definition.options ?? ({} as O);
  return {
    role: "sensor",
    bus: "serial",
    addresses: [],
    options: specs,
    ...{ name, maker, measures, datasheet, definition },
    channels: (options) => {
      optionValues(specs, options);
      return channels;
    },
    connect: (bus, settings) => new StreamSession(bus, definition, optionValues(specs, settings?.options)),
    decode(message, { options, ...rest } = {}) {
      const context = { calibration: undefined, state: definition.state?.() as S, clock: wallClock, ...rest };
      return decodeMessage(definition, message, { ...context, options: optionValues(specs, options) });
    },
  };
}

class StreamSession<O extends OptionSpecs, S> implements SensorSession {
  readonly channels: readonly ChannelInfo[];
  readonly #latest = new Map<string, ChannelReading>();
  readonly #listeners = new Set<(readings: ChannelReading[]) => void>();
  #port: { readonly detach: () => void } | undefined;
  #arrival = Promise.withResolvers<void>();
  #damaged = 0;

  constructor(
    private readonly bus: SharedBus<"serial">,
    private readonly definition: StreamDefinition<O, S>,
    private readonly options: OptionValues<O>,
  ) {
    this.channels = definition.channels;
  }

  /** Messages that came damaged. */
  get damaged(): number {
    return this.#damaged;
  }

  /** What was said last of every channel since the read before; waits for a message when there was none. */
  async read(): Promise<ChannelReading[]> {
    await this.#attach();
    const { silenceMs = 5000 } = this.definition;
    if (this.#latest.size === 0) await this.#nextMessage(silenceMs);
    const readings = [...this.#latest.values()];
    this.#latest.clear();
    return readings;
  }

  listen(listener: (readings: ChannelReading[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#port?.detach();
    this.#port = undefined;
  }

  async #attach(): Promise<void> {
    if (this.#port) return;
    const { serial, greeting, framer, state } = this.definition;
    await this.bus.hold((grip) =>
      grip.use(async (port: SerialPort) => {
        if (serial) await port.configure(serial);
        if (greeting) await port.write(Uint8Array.from(greeting));
        const clock = this.bus.clock;
        const context = { options: this.options, calibration: undefined, state: state?.() as S, clock };
        const frames = framer();
        const undo = [
          port.onData((bytes) => {
            for (const message of frames.push(bytes)) this.#take(message, context);
          }),
          port.onGone(() => this.#lost()),
        ];
        this.#port = {
          detach: () => {
            for (const step of undo) step();
          },
        };
      }),
    );
  }

  #lost(): void {
    this.#port?.detach();
    this.#port = undefined;
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  #take(message: Uint8Array, context: Context<O, S>): void {
    try {
      const readings = decodeMessage(this.definition, message, context);
      if (readings.length === 0) return;
      for (const reading of readings) this.#latest.set(reading.sensor, reading);
      for (const listener of this.#listeners) listener(readings);
      this.#arrival.resolve();
      this.#arrival = Promise.withResolvers();
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      this.#damaged += 1;
    }
  }

  async #nextMessage(silenceMs: number): Promise<void> {
    await Promise.race([this.#arrival.promise, this.bus.clock.wait(silenceMs)]);
    if (this.#latest.size > 0) return;
    throw this.#port
      ? new BusError("timeout", `${this.bus.key}: no message within ${silenceMs} ms`)
      : new BusError("gone", `${this.bus.key}: the port was lost`);
  }
}

function decodeMessage<O extends OptionSpecs, S>(
  definition: StreamDefinition<O, S>,
  message: Uint8Array,
  context: Context<O, S>,
): ChannelReading[] {
  const values = definition.decode(message, context);
  return definition.channels.flatMap((channel) => {
    const value = values[channel.sensor];
    return value === undefined ? [] : [judged(channel, () => value)];
  });
}
