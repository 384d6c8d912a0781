import { BusError, busError, type SerialPort, type SerialSettings, type SharedBus, wallClock } from "../../bus";
import type { DriverContext, SensorDriver, SensorSession, StreamListener } from "./contract";
import type { Decoded, Described } from "./definition";
import type { Framer } from "./framer";
import { type OptionSpecs, type OptionValues, optionValues } from "./options";
import { BadData, type ChannelInfo, type ChannelReading, judged } from "./values";

/** How long after a failure of the port it is asked for again, ms; the bus itself waits longer and longer. */
const RETRY_MS = 1000;

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
  readonly #silenceMs: number;
  /** What was said last of every channel, since it was read. */
  readonly #latest = new Map<string, ChannelReading>();
  readonly #listeners = new Set<StreamListener>();
  /** Leaves the port; missing when it is not open. */
  #leave: (() => void) | undefined;
  #attaching: Promise<void> | undefined;
  #isWatching = false;
  #isClosed = false;
  /** Settles with the next message, and when the port is lost or the session closed. */
  #event = Promise.withResolvers<void>();
  #messages = 0;
  #damaged = 0;

  constructor(
    private readonly bus: SharedBus<"serial">,
    private readonly definition: StreamDefinition<O, S>,
    private readonly options: OptionValues<O>,
  ) {
    this.channels = definition.channels;
    this.#silenceMs = definition.silenceMs ?? 5000;
  }

  get damaged(): number {
    return this.#damaged;
  }

  async read(): Promise<ChannelReading[]> {
    await this.#attach();
    if (this.#latest.size === 0) await this.#nextMessage();
    const readings = [...this.#latest.values()];
    this.#latest.clear();
    return readings;
  }

  listen(onReadings: StreamListener["onReadings"], onProblem: StreamListener["onProblem"] = () => {}): () => void {
    const listener = { onReadings, onProblem };
    this.#listeners.add(listener);
    void this.#watch();
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#lost();
  }

  /** Keeps the port open for the listeners, and tells them what is wrong, as long as there are any. */
  async #watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    while (this.#listeners.size > 0) {
      try {
        await this.#attach();
        await this.#nextMessage();
      } catch (error) {
        const problem = busError(error, "gone", this.bus.key);
        for (const { onProblem } of this.#listeners) onProblem(problem);
        // A silent part has been waited for already.
        if (problem.code !== "timeout") await this.bus.clock.wait(RETRY_MS);
      }
    }
    this.#isWatching = false;
  }

  /** Opens the port unless it is open. @throws BusError */
  #attach(): Promise<void> {
    if (this.#isClosed) throw new BusError("gone", `${this.bus.key}: the driver was closed`);
    if (this.#leave) return Promise.resolve();
    this.#attaching ??= this.#open().finally(() => {
      this.#attaching = undefined;
    });
    return this.#attaching;
  }

  async #open(): Promise<void> {
    const { serial, greeting, framer, state } = this.definition;
    const { clock } = this.bus;
    const context = { options: this.options, calibration: undefined, state: state?.() as S, clock };
    const frames = framer();
    await this.bus.hold((grip) =>
      grip.use(async (port: SerialPort) => {
        if (serial) await port.configure(serial);
        if (greeting) await port.write(Uint8Array.from(greeting));
        if (this.#isClosed) return;
        const undo = [
          port.onData((bytes) => {
            const before = frames.damaged;
            const messages = frames.push(bytes);
            this.#damaged += frames.damaged - before;
            for (const message of messages) this.#take(message, context);
          }),
          port.onGone(() => {
            this.bus.reopen(new BusError("gone", `${this.bus.key}: the port was lost`));
            this.#lost();
          }),
        ];
        this.#leave = () => {
          for (const step of undo) step();
        };
      }),
    );
  }

  #lost(): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#tell();
  }

  #take(message: Uint8Array, context: Context<O, S>): void {
    const readings = this.#decoded(message, context);
    if (readings.length === 0) return;
    this.#messages += 1;
    for (const reading of readings) this.#latest.set(reading.sensor, reading);
    this.#tell();
    for (const { onReadings } of this.#listeners) onReadings(readings);
  }

  /** Called out of the port's events, where nobody would catch what it throws. */
  #decoded(message: Uint8Array, context: Context<O, S>): ChannelReading[] {
    try {
      return decodeMessage(this.definition, message, context);
    } catch (error) {
      this.#damaged += 1;
      if (error instanceof BadData) return [];
      const problem = busError(error, "crc", `${this.bus.key}: a message cannot be understood`);
      for (const { onProblem } of this.#listeners) onProblem(problem);
      return [];
    }
  }

  #tell(): void {
    this.#event.resolve();
    this.#event = Promise.withResolvers();
  }

  async #nextMessage(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.bus.clock.after(this.#silenceMs, resolve);
    const before = this.#messages;
    await Promise.race([this.#event.promise, late]);
    cancel();
    if (this.#messages > before) return;
    throw this.#leave
      ? new BusError("timeout", `${this.bus.key}: no message within ${this.#silenceMs} ms`)
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
