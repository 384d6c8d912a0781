import type { IClientOptions, MqttClient } from "mqtt";
import { Connection, type ConnectionOptions } from "./connection";
import {
  type ConnectionState,
  MqttError,
  type Publisher,
  type PublisherOptions,
  type PublishOptions,
} from "./contract";

type Transport = Pick<ConnectionOptions, "address" | "makeClient" | "backoff"> & { readonly options: IClientOptions };

export interface PublishingLimits {
  readonly maxWaiting: number;
  readonly queueOffline: boolean;
}

interface Pending {
  readonly topic: string;
  readonly payload: Buffer;
  readonly options: PublishOptions;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The connection that all publishers of a broker share; it is made for the first and ended with the last. */
export class PublishingConnection {
  readonly #connection: Connection;
  readonly #handles = new Set<Handle>();
  /** Not confirmed yet. mqtt.js does not settle its callbacks when it ends, so they are settled here. */
  readonly #pending = new Set<Pending>();
  /** Published before the library was loaded. */
  #early: Pending[] = [];

  constructor(
    transport: Transport,
    private readonly limits: PublishingLimits,
    private readonly onEnd: () => void,
  ) {
    this.#connection = new Connection({
      ...transport,
      onState: (state) => this.#onState(state),
      onConnected: (client) => this.#sendEarly(client),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get lastHeard(): number {
    return this.#connection.lastHeard;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  open(options: PublisherOptions): Publisher {
    const handle = new Handle(this, options);
    this.#handles.add(handle);
    return handle;
  }

  async leave(handle: Handle): Promise<void> {
    if (!this.#handles.delete(handle) || this.#handles.size > 0) return;
    await this.end();
  }

  async end(): Promise<void> {
    this.onEnd();
    await this.#connection.close();
    this.#rejectAll(new MqttError("closed", "the connection was closed before the broker had confirmed the message"));
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    const obstacle = this.#obstacle(payload);
    if (obstacle) return Promise.reject(obstacle);
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      const pending: Pending = { topic, payload: bytes, options, resolve, reject };
      this.#pending.add(pending);
      const client = this.#connection.client;
      if (client) this.#send(client, pending);
      else this.#early.push(pending);
    });
  }

  #obstacle(payload: Uint8Array): MqttError | undefined {
    const { state } = this;
    if (state.kind === "closed") return new MqttError("closed", "the connection is closed");
    if (state.kind === "refused") return new MqttError("refused", state.reason);
    if (state.kind !== "connected" && !this.limits.queueOffline) {
      return new MqttError(
        "offline",
        state.kind === "waiting" ? `not connected: ${state.reason}` : "not connected yet",
      );
    }
    if (this.#pending.size >= this.limits.maxWaiting) {
      return new MqttError("queue full", `${this.#pending.size} messages wait for the broker already`);
    }
    const most = this.#connection.connected?.serverProperties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    if (payload.byteLength + 64 > most) {
      return new MqttError(
        "too large",
        `the payload has ${payload.byteLength} bytes, the broker takes packets of ${most}`,
      );
    }
    return undefined;
  }

  #sendEarly(client: MqttClient): void {
    const early = this.#early;
    this.#early = [];
    for (const pending of early) this.#send(client, pending);
  }

  #send(client: MqttClient, pending: Pending): void {
    const { qos, retain, contentType } = pending.options;
    const properties = contentType && client.options.protocolVersion === 5 ? { contentType } : undefined;
    client.publish(pending.topic, pending.payload, { qos, retain, properties }, (error) => {
      if (!this.#pending.delete(pending)) return;
      if (error) pending.reject(error);
      else pending.resolve();
    });
  }

  #onState(state: ConnectionState): void {
    if (state.kind === "refused") this.#rejectAll(new MqttError("refused", state.reason));
    for (const handle of this.#handles) handle.options.onState?.(state);
  }

  #rejectAll(error: MqttError): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    this.#early = [];
    for (const { reject } of pending) reject(error);
  }
}

class Handle implements Publisher {
  #open = true;

  constructor(
    private readonly shared: PublishingConnection,
    readonly options: PublisherOptions,
  ) {}

  get state(): ConnectionState {
    return this.#open ? this.shared.state : { kind: "closed" };
  }

  get lastHeard(): number {
    return this.shared.lastHeard;
  }

  get waiting(): number {
    return this.shared.waiting;
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    if (!this.#open) return Promise.reject(new MqttError("closed", "the publisher is closed"));
    return this.shared.publish(topic, payload, options);
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.shared.leave(this);
  }
}
