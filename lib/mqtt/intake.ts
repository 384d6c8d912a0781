import type { Reading } from "../reading";
import { Batcher, type BatcherOptions } from "./batcher";
import type { IncomingMessage, Subscriber } from "./contract";
import type { DeviceMessage } from "./device-message";
import type { MessageReader } from "./telemetry";

export interface IntakeOptions extends Omit<BatcherOptions, "source"> {
  readonly reader: MessageReader;
  readonly source: Pick<Subscriber, "acknowledge" | "pause" | "resume">;
  /** Readings that arrived before are handed over with their mark, or left out and counted. */
  readonly dropDuplicates: boolean;
  readonly onDeviceMessage: (said: DeviceMessage, topic: string) => void;
  /** Called once for each message that is refused. */
  readonly onRefused: (message: IncomingMessage, reason: string) => void;
}

export interface IntakeCounts {
  /** Messages that came, those of them that were refused, and those that came again by QoS 2. */
  received: number;
  refused: number;
  repeated: number;
  /** Readings in the messages that were not refused, and those of them left out as duplicates. */
  readings: number;
  dropped: number;
}

/** From messages to batches in the flow: reads, counts, refuses, batches, and holds the source back while the flow is full. */
export class Intake {
  readonly counts: IntakeCounts = { received: 0, refused: 0, repeated: 0, readings: 0, dropped: 0 };
  readonly #batcher: Batcher;
  /** The source is paused while either wants it. */
  #flowFull = false;
  #decoding = false;

  constructor(private readonly options: IntakeOptions) {
    const { acknowledge } = options.source;
    const source = {
      acknowledge: (ticket: number) => acknowledge.call(options.source, ticket),
      pause: () => this.#hold({ flowFull: true }),
      resume: () => this.#hold({ flowFull: false }),
    };
    this.#batcher = new Batcher({ ...options, source });
  }

  /** Batches in the flow. */
  get underWay(): number {
    return this.#batcher.underWay;
  }

  /** True while the flow keeps the source waiting. */
  get heldBack(): boolean {
    return this.#flowFull;
  }

  /** Takes one message. Never throws. */
  take(message: IncomingMessage): void {
    this.counts.received += 1;
    try {
      const said = this.options.reader.read(message);
      if (Array.isArray(said)) this.#accept(said, message);
      else if (said instanceof Promise) this.#wait(said, message);
      else {
        this.options.onDeviceMessage(said, message.topic);
        this.#batcher.add(NOTHING, message.ticket, message.qos > 0);
      }
    } catch (error) {
      this.#refuse(message, error);
    }
  }

  /** A QoS 2 message that was taken before: it wants its acknowledgement only. */
  takeRepeated(ticket: number): void {
    this.counts.repeated += 1;
    this.#batcher.add(NOTHING, ticket, true);
  }

  /** Forgets the batches in the flow without acknowledging them. */
  abandon(): void {
    this.#batcher.abandon();
  }

  /** Hands over what is collected: for the close of the node. */
  drain(): void {
    this.#batcher.drain();
  }

  #accept(readings: readonly Reading[], message: IncomingMessage): void {
    this.counts.readings += readings.length;
    const wanted = this.options.dropDuplicates ? readings.filter(isFirst) : readings;
    this.counts.dropped += readings.length - wanted.length;
    this.#batcher.add(wanted, message.ticket, message.qos > 0);
  }

  /** An asynchronous codec gets one message at a time: their order is kept and what waits is bounded. */
  #wait(decoded: Promise<Reading[]>, message: IncomingMessage): void {
    // A refused message is shown with its bytes, which are lent only until we return.
    const kept = { ...message, payload: Buffer.from(message.payload) };
    this.#hold({ decoding: true });
    decoded
      .then(
        (readings) => this.#accept(readings, kept),
        (error) => this.#refuse(kept, error),
      )
      .finally(() => this.#hold({ decoding: false }))
      .catch(() => undefined);
  }

  #refuse(message: IncomingMessage, error: unknown): void {
    this.counts.refused += 1;
    this.options.onRefused(message, error instanceof Error ? error.message : String(error));
    this.#batcher.add(NOTHING, message.ticket, message.qos > 0);
  }

  #hold({ flowFull = this.#flowFull, decoding = this.#decoding }): void {
    const before = this.#flowFull || this.#decoding;
    this.#flowFull = flowFull;
    this.#decoding = decoding;
    const now = flowFull || decoding;
    if (now && !before) this.options.source.pause();
    else if (before && !now) this.options.source.resume();
  }
}

const NOTHING: readonly Reading[] = [];

function isFirst(reading: Reading): boolean {
  return reading.marks === undefined || !reading.marks.includes("duplicate");
}
