import type { IClientOptions, MqttClient } from "mqtt";
import type { BackoffOptions } from "../backoff/backoff";
import type { BrokerService, Publisher, PublisherOptions, SubscribeOptions, Subscriber } from "./contract";
import { type EmbeddedBroker, type EmbeddedOptions, embeddedBroker } from "./embedded";
import { PublishingConnection } from "./publisher";
import { type BrokerSettings, clientOptions, parseBrokerUrl } from "./settings";
import { MqttSubscriber } from "./subscriber";

export interface Broker extends BrokerService {
  /** The broker in this process, where it is one. */
  readonly embedded: EmbeddedBroker | undefined;
  close(): Promise<void>;
}

interface Reach {
  readonly address: string;
  readonly makeClient: (options: IClientOptions) => Promise<MqttClient>;
}

/**
 * A broker reached by its URL.
 * @throws MqttError when the settings are wrong
 */
export function remoteBroker(settings: BrokerSettings, backoff?: BackoffOptions): Broker {
  const url = parseBrokerUrl(settings.url);
  clientOptions(settings, settings.clientId, true);
  const makeClient = async (options: IClientOptions): Promise<MqttClient> => {
    const { connect } = await import("mqtt");
    return connect(settings.url, options);
  };
  return new ConnectedBroker(
    settings,
    { address: `${url.protocol}//${url.host}`, makeClient },
    backoff,
    undefined,
    async () => undefined,
  );
}

/**
 * A broker in this process; its clients in this process speak to it through memory.
 * @throws MqttError when another one with other credentials has the port
 */
export function localBroker(settings: BrokerSettings, where: EmbeddedOptions, backoff?: BackoffOptions): Broker {
  const { broker, release } = embeddedBroker(where);
  const makeClient = async (options: IClientOptions): Promise<MqttClient> => {
    const { MqttClient } = await import("mqtt");
    await broker.started;
    return new MqttClient(() => broker.connect(), options);
  };
  const reach: Reach = { address: `embedded ${where.host}:${where.port}`, makeClient };
  // aedes speaks MQTT 3.1.1.
  return new ConnectedBroker({ ...settings, url: "", protocolVersion: 4 }, reach, backoff, broker, release);
}

class ConnectedBroker implements Broker {
  #publishing: PublishingConnection | undefined;
  readonly #subscribers = new Set<MqttSubscriber>();

  constructor(
    private readonly settings: BrokerSettings,
    private readonly reach: Reach,
    private readonly backoff: BackoffOptions | undefined,
    readonly embedded: EmbeddedBroker | undefined,
    private readonly release: () => Promise<void>,
  ) {}

  get address(): string {
    return this.reach.address;
  }

  get identity(): string {
    // An embedded broker has one user for all its clients: that says nothing of who we are.
    const isOwn = this.embedded === undefined && this.settings.username !== "";
    return isOwn ? this.settings.username : this.settings.clientId;
  }

  subscribe(subscription: SubscribeOptions): Subscriber {
    const clientId = `${this.settings.clientId}-${subscription.consumer}`;
    const subscriber = new MqttSubscriber(this.#transport(clientId, false), subscription, (closed) =>
      this.#subscribers.delete(closed),
    );
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  publisher(options: PublisherOptions): Publisher {
    this.#publishing ??= new PublishingConnection(this.#transport(this.settings.clientId, true), this.settings, () => {
      this.#publishing = undefined;
    });
    return this.#publishing.open(options);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscribers].map((subscriber) => subscriber.close()));
    await this.#publishing?.end();
    await this.release();
  }

  #transport(clientId: string, withWill: boolean) {
    return { ...this.reach, backoff: this.backoff, options: clientOptions(this.settings, clientId, withWill) };
  }
}
