/**
 * What the `broker` config node gives to the nodes that speak MQTT.
 *
 * Every consumer has a connection of its own, made on first use and named after it, because back-pressure stops a whole
 * connection: a flow that is slow to read must neither hold up another flow nor keep a publisher from its PUBACKs.
 */
export interface BrokerService {
  /** Where it connects to, without credentials: "mqtts://broker.example:8883", "embedded 127.0.0.1:1883". */
  readonly address: string;
  /** Who the broker knows us as, which is what its access rules go by: the user, or without one the client id. */
  readonly identity: string;
  /** The node's reconnect, last will, session and TLS settings apply to both kinds of connection. */
  subscribe(options: SubscribeOptions): Subscriber;
  /** One connection shared by all publishers of this broker. `close` of each handle ends it with the last one. */
  publisher(options: PublisherOptions): Publisher;
}

export type Qos = 0 | 1 | 2;

/** An arrived PUBLISH. The payload is a view of the socket's chunk: decode it or copy it, do not keep it. */
export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Sent again by the broker because an earlier delivery was not acknowledged. */
  readonly dup: boolean;
  /** MQTT 5 content type, when the sender gave one. */
  readonly contentType?: string;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** Ever increasing number of this subscriber's messages; what `acknowledge` takes. */
  readonly ticket: number;
}

export interface SubscribeOptions {
  /** Stable name of the consumer, such as the node's id: makes its client id, so that a session finds it again. */
  readonly consumer: string;
  readonly filters: ReadonlyArray<{ readonly filter: string; readonly qos: Qos }>;
  /** Called once a message, in order. Must not throw. */
  readonly onMessage: (message: IncomingMessage) => void;
  /** A QoS 2 message came again that `onMessage` has had: only its new ticket wants to be acknowledged. */
  readonly onRepeated?: (ticket: number) => void;
  /** Called when the connection or the subscription changes state. */
  readonly onState?: (state: ConnectionState) => void;
}

export interface Subscriber {
  readonly state: ConnectionState;
  /** When the last packet of any kind came from the broker, ms since the epoch; 0 when none has. */
  readonly lastHeard: number;
  /** Messages of QoS 1 and 2 taken from the broker and not acknowledged yet. */
  readonly unacknowledged: number;
  /** Those acknowledged since the start. */
  readonly acknowledged: number;
  /** PUBACK or PUBREC for every message up to and with this ticket, in one write. Tickets of an ended connection are ignored. */
  acknowledge(ticket: number): void;
  /** No message comes after this until `resume`; TCP then holds the broker back. The keep-alive goes on. */
  pause(): void;
  resume(): void;
  /**
   * Gives up the messages that are not acknowledged: ends the connection, so that the broker sends them again on the next
   * one. It does for a persistent session; with a clean one they are lost.
   */
  abandon(reason: string): void;
  /** Ends the connection in good order; resolves when the socket is closed. */
  close(): Promise<void>;
}

export interface PublisherOptions {
  readonly consumer: string;
  readonly onState?: (state: ConnectionState) => void;
}

export interface Publisher {
  readonly state: ConnectionState;
  readonly lastHeard: number;
  /** Messages accepted and not yet confirmed, over all publishers of the connection. */
  readonly waiting: number;
  /**
   * Resolves when the broker has confirmed (QoS 1 and 2) or the bytes went to the socket (QoS 0).
   * @throws MqttError "queue full" when the broker's limit of waiting messages is reached, "offline" when it is not
   * connected and queueing is off, "closed" when the publisher was closed before the confirmation came
   */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void>;
  close(): Promise<void>;
}

export interface PublishOptions {
  readonly qos: Qos;
  readonly retain: boolean;
  readonly contentType?: string;
}

/** Where a connection stands. `reason` is for people: what happened and, where it is known, what to do. */
export type ConnectionState =
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "connected"; readonly since: number }
  | { readonly kind: "waiting"; readonly reason: string; readonly retryAt: number }
  /** The broker refused the login or the subscription: nothing is retried until the settings change. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "closed" };

export type MqttErrorCode = "offline" | "queue full" | "closed" | "refused" | "too large" | "settings";

/** What went wrong between us and a broker. */
export class MqttError extends Error {
  override readonly name = "MqttError";
  constructor(
    readonly code: MqttErrorCode,
    message: string,
  ) {
    super(message);
  }
}
