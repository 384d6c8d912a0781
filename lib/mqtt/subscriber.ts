import type { IClientOptions, IPublishPacket, MqttClient, Packet } from "mqtt";
import { Acknowledgements } from "./acknowledgements";
import { Connection, type ConnectionOptions } from "./connection";
import type { ConnectionState, IncomingMessage, Qos, SubscribeOptions, Subscriber } from "./contract";

type Transport = Pick<ConnectionOptions, "address" | "makeClient" | "backoff"> & { readonly options: IClientOptions };

/** A PUBLISH whose acknowledgement we have taken over from mqtt.js. */
type TakenOver = IPublishPacket & { gatewiseQos?: Qos };

/**
 * A subscription with a connection of its own. mqtt.js acknowledges each message before it looks at the next, which would
 * make batches impossible; so it is shown QoS 0 messages, and PUBACK and PUBREC are written here when the consumer says
 * that a batch is in safe hands. PUBREL is answered by mqtt.js.
 */
export class MqttSubscriber implements Subscriber {
  readonly #connection: Connection;
  readonly #acks = new Acknowledgements();
  #ticket = 0;
  #paused = false;
  #closing = false;
  /** The message that came while paused: its `done` is what lets the next bytes in. */
  #held: (() => void) | undefined;

  constructor(
    transport: Transport,
    private readonly subscription: SubscribeOptions,
    private readonly onClosed: (subscriber: MqttSubscriber) => void,
  ) {
    this.#connection = new Connection({
      ...transport,
      onState: (state) => subscription.onState?.(state),
      onConnected: (client) => this.#subscribe(client),
      onPacket: (packet) => this.#onPacket(packet),
      onMessage: (packet, done) => this.#onMessage(packet, done),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get lastHeard(): number {
    return this.#connection.lastHeard;
  }

  get unacknowledged(): number {
    return this.#acks.owed;
  }

  get acknowledged(): number {
    return this.#acks.acknowledged;
  }

  acknowledge(ticket: number): void {
    const packets = this.#acks.upTo(ticket);
    if (packets.length > 0) this.#connection.connected?.stream.write(packets);
  }

  pause(): void {
    this.#paused = true;
    this.#connection.reading = false;
  }

  resume(): void {
    this.#paused = false;
    this.#connection.reading = true;
    const held = this.#held;
    this.#held = undefined;
    held?.();
  }

  abandon(reason: string): void {
    this.#acks.abandon();
    this.#connection.drop(reason);
  }

  async close(): Promise<void> {
    this.#closing = true;
    // A socket that is not read to its end would not close.
    this.resume();
    await this.#connection.close();
    this.onClosed(this);
  }

  #subscribe(client: MqttClient): void {
    const filters = Object.fromEntries(this.subscription.filters.map(({ filter, qos }) => [filter, { qos }]));
    client.subscribe(filters, (error) => {
      if (error && this.#connection.connected) {
        this.#connection.refuse(
          `the broker refused the subscription to ${Object.keys(filters).join(", ")}: ${error.message}`,
        );
      }
    });
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === "connack") {
      // Here and not when the client is ready: a resumed session's messages come right behind.
      this.#acks.reconnected(packet.sessionPresent === true);
      // What was held belongs to the connection before; the broker sends it again if it was of QoS 1 or 2.
      this.#held = undefined;
    } else if (packet.cmd === "publish") {
      if (packet.qos === 0) return;
      (packet as TakenOver).gatewiseQos = packet.qos;
      packet.qos = 0;
    } else if (packet.cmd === "pubrel" && packet.messageId !== undefined) {
      this.#acks.release(packet.messageId);
    }
  }

  #onMessage(packet: IPublishPacket, done: () => void): void {
    if (this.#paused) {
      this.#held = () => this.#onMessage(packet, done);
      return;
    }
    if (!this.#closing) this.#handOver(packet);
    done();
  }

  #handOver(packet: TakenOver): void {
    const qos = packet.gatewiseQos ?? 0;
    const ticket = ++this.#ticket;
    const isNew = qos === 0 || this.#acks.take(ticket, packet.messageId as number, qos);
    const message: IncomingMessage = {
      topic: packet.topic,
      payload: packet.payload as Buffer,
      qos,
      retain: packet.retain,
      dup: packet.dup,
      contentType: packet.properties?.contentType,
      receivedAt: this.#connection.lastHeard,
      ticket,
    };
    if (isNew) this.subscription.onMessage(message);
    else this.subscription.onRepeated?.(ticket);
  }
}
