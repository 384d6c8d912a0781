import type { AsyncCodec, Codec, DecodeContext } from "../codec";
import { checkDeviceId, checkSensor, type Reading, SeriesMap } from "../reading";
import type { ArrivalJudge } from "./arrival";
import { type IncomingMessage, MqttError } from "./contract";
import { type DeviceMessage, type DeviceMessageKind, readDeviceMessage } from "./device-message";
import type { TopicPattern } from "./topic-pattern";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a topic stands for; worked out once a topic, because a fleet says the same few things over and over. */
type Route =
  | { readonly kind: "telemetry"; readonly context: Mutable<DecodeContext> }
  | { readonly kind: DeviceMessageKind; readonly deviceId: string };

const ROUTE_CAP = 100_000;

export interface Patterns {
  readonly telemetry: TopicPattern;
  readonly status?: TopicPattern;
  readonly alerts?: TopicPattern;
}

/** Turns messages into judged readings, or into what a device says about itself. */
export class MessageReader {
  readonly #routes = new SeriesMap<Route>(ROUTE_CAP);

  constructor(
    private readonly patterns: Patterns,
    private readonly codec: Codec | AsyncCodec,
    private readonly arrivals: ArrivalJudge,
  ) {}

  /**
   * What the message says; a promise only from an asynchronous codec.
   * @throws MqttError, ReadingError or CodecError saying why the message is refused
   */
  read(message: IncomingMessage): Reading[] | Promise<Reading[]> | DeviceMessage {
    const route = this.#routeOf(message.topic);
    if (route.kind !== "telemetry") return readDeviceMessage(route.kind, route.deviceId, message);
    const { context } = route;
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

  #routeOf(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known) return known;
    const route = this.#findRoute(topic);
    this.#routes.set(topic, route);
    return route;
  }

  #findRoute(topic: string): Route {
    for (const kind of ["status", "alerts"] as const) {
      const match = this.patterns[kind]?.match(topic);
      if (match) return { kind, deviceId: checkDeviceId(match.deviceId ?? "", TOPIC_DEVICE) };
    }
    const { telemetry } = this.patterns;
    const match = telemetry.match(topic);
    if (!match) throw new MqttError("settings", `the topic does not match ${telemetry.pattern}`);
    const context: Mutable<DecodeContext> = {
      deviceId: match.deviceId === undefined ? "" : checkDeviceId(match.deviceId, TOPIC_DEVICE),
      topic,
      receivedAt: 0,
      sensor: match.sensor === undefined ? undefined : checkSensor(match.sensor, "the topic's sensor"),
      metadata: match.metadata,
      contentType: undefined,
    };
    return { kind: "telemetry", context };
  }
}

const TOPIC_DEVICE = "the topic's device";
