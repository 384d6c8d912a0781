import { type AsyncCodec, type Codec, CodecError, type DecodeContext } from "../codec";
import { checkDeviceId, checkSensor, type Reading, SeriesMap } from "../reading";
import type { ArrivalJudge } from "./arrival";
import { type IncomingMessage, MqttError } from "./contract";
import type { TopicPattern } from "./topic-pattern";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Topics remembered; a fleet says the same few things over and over. */
const TOPIC_CAP = 100_000;

/** Turns telemetry messages into judged readings. */
export class TelemetryReader {
  readonly #topics = new SeriesMap<Mutable<DecodeContext>>(TOPIC_CAP);

  constructor(
    private readonly pattern: TopicPattern,
    private readonly codec: Codec | AsyncCodec,
    private readonly arrivals: ArrivalJudge,
  ) {}

  /**
   * The readings of a message; a promise only from an asynchronous codec.
   * @throws MqttError, ReadingError or CodecError saying why the message is refused
   */
  read(message: IncomingMessage): Reading[] | Promise<Reading[]> {
    const context = this.#contextOf(message.topic);
    context.receivedAt = message.receivedAt;
    context.contentType = message.contentType;
    const { codec } = this;
    if (!codec.async) return this.#judged(codec.decode(message.payload, context), message.receivedAt);
    // The context is written over by the next message of the topic, the payload by the next bytes.
    const decoded = codec.decode(Buffer.from(message.payload), { ...context });
    return decoded.then((readings) => this.#judged(readings, message.receivedAt));
  }

  #judged(readings: Reading[], now: number): Reading[] {
    for (let index = 0; index < readings.length; index += 1) {
      readings[index] = this.arrivals.judge(readings[index] as Reading, now);
    }
    return readings;
  }

  #contextOf(topic: string): Mutable<DecodeContext> {
    const known = this.#topics.get(topic);
    if (known) return known;
    const match = this.pattern.match(topic);
    if (!match) throw new MqttError("settings", `the topic does not match ${this.pattern.pattern}`);
    const context: Mutable<DecodeContext> = {
      deviceId: match.deviceId === undefined ? "" : checkDeviceId(match.deviceId, "the topic's device"),
      topic,
      receivedAt: 0,
      sensor: match.sensor === undefined ? undefined : checkSensor(match.sensor, "the topic's sensor"),
      metadata: match.metadata,
      contentType: undefined,
    };
    this.#topics.set(topic, context);
    return context;
  }
}

/** Why a message was refused, without what is only of use to a programmer. */
export function reasonOf(error: unknown): string {
  if (error instanceof CodecError || error instanceof Error) return error.message;
  return String(error);
}
