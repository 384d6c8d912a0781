import { type BusClock, BusError, type Grip, type SerialPort, type SerialSettings } from "../../bus";
import type { PolledDefinition, Step } from "./definition";
import type { Framer } from "./framer";
import type { OptionSpecs } from "./options";
import { type PolledDriver, polledDriver } from "./polled";

export interface AskOptions {
  /** 1000 when missing. */
  readonly timeoutMs?: number;
  /** How long the line has to be silent before the question, ms. */
  readonly silenceBefore?: (settings: SerialSettings) => number;
  /** How long a silence ends an answer, whole or not, ms; without it, only the timeout does. */
  readonly silenceAfter?: (settings: SerialSettings) => number;
}

/** A part on a serial line that answers when it is asked. Every method rejects with BusError. */
export interface SerialDevice {
  readonly clock: BusClock;
  write(bytes: Iterable<number>): Promise<void>;
  /**
   * Sends a question and resolves with the first message that the framer finds in what comes back.
   * @throws BusError, code crc when something came back but no message was in it, timeout when nothing did
   */
  ask(question: Iterable<number>, framer: Framer, options?: AskOptions): Promise<Uint8Array>;
  /** Others may use the line meanwhile when it takes longer than 5 ms. */
  wait(ms: number): Promise<void>;
}

export interface SerialDefinition<O extends OptionSpecs, C, S> extends PolledDefinition<SerialDevice, O, C, S> {
  /** For parts of one fixed speed; without it the line's own settings stay. */
  readonly serial?: SerialSettings;
}

export type SerialDriver<O extends OptionSpecs, C, S> = PolledDriver<"serial", SerialDevice, O, C, S>;

/** A driver of a part on a serial line that is asked for its values. For parts that speak by themselves see `streamDriver`. */
export function serialDriver<const O extends OptionSpecs = Record<never, never>, C = undefined, S = undefined>(
  definition: SerialDefinition<O, C, S>,
): SerialDriver<O, C, S> {
  const { serial } = definition;
  const wiring = {
    kind: "serial" as const,
    addresses: [],
    device: (grip: Grip<SerialPort>) => serialDevice(grip, serial),
    place: () => 0,
    check: () => {},
  };
  return polledDriver(wiring, definition);
}

export function serialDevice(grip: Grip<SerialPort>, settings?: SerialSettings): SerialDevice {
  const { clock } = grip;
  const ready = async (port: SerialPort) => {
    if (settings) await port.configure(settings);
    return port;
  };
  return {
    clock,
    write: (bytes) => grip.use(async (port) => (await ready(port)).write(Uint8Array.from(bytes))),
    ask: (question, framer, { timeoutMs = 1000, silenceBefore, silenceAfter } = {}) =>
      grip.use(async (port) => {
        await ready(port);
        if (silenceBefore) await clock.wait(silenceBefore(port.settings));
        const silenceMs = silenceAfter?.(port.settings);
        return answer(port, clock, Uint8Array.from(question), framer, { timeoutMs, silenceMs });
      }, timeoutMs + 1000),
    wait: (ms) => grip.wait(ms),
  };
}

/** Asks a fixed question; the message that answers it joins the frame. */
export const ask =
  (question: readonly number[], framer: () => Framer, options?: AskOptions): Step<SerialDevice, unknown> =>
  (device) =>
    device.ask(question, framer(), options);

interface Limits {
  readonly timeoutMs: number;
  readonly silenceMs?: number;
}

async function answer(
  port: SerialPort,
  clock: BusClock,
  question: Uint8Array,
  framer: Framer,
  { timeoutMs, silenceMs }: Limits,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const heard: number[] = [];
  const giveUp = () => reject(heard.length > 0 ? damaged(heard) : noAnswer(timeoutMs));
  let stopListening = () => {};
  const undo = [
    port.onData((bytes) => {
      heard.push(...bytes.subarray(0, SHOWN_BYTES - heard.length));
      const [first] = framer.push(bytes);
      if (first) resolve(first);
      stopListening();
      if (silenceMs === undefined) return;
      stopListening = clock.after(silenceMs, () => {
        // When the process was busy its timers come before what waits to be read.
        stopListening = clock.after(BUSY_MS, giveUp);
      });
    }),
    port.onGone((error) => reject(new BusError("gone", `the port was lost: ${error.message}`, { cause: error }))),
    clock.after(timeoutMs, giveUp),
    () => stopListening(),
  ];
  try {
    // Whatever comes first ends it: a write may hang, too.
    await Promise.race([port.write(question), promise]);
    return await promise;
  } finally {
    for (const step of undo) step();
  }
}

const BUSY_MS = 10;
/** So many bytes of a damaged answer are shown. */
const SHOWN_BYTES = 16;

const noAnswer = (timeoutMs: number) => new BusError("timeout", `no answer within ${timeoutMs} ms`);

function damaged(heard: readonly number[]): BusError {
  const bytes = heard.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
  return new BusError("crc", `what came in is damaged, or of another speed: ${bytes}`);
}
