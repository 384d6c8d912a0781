import { type Broker, remoteBroker } from "../../lib/mqtt/broker";
import type { ConnectionState, IncomingMessage, Publisher, Qos, Subscriber } from "../../lib/mqtt/contract";
import { type BrokerSettings, DEFAULT_SETTINGS } from "../../lib/mqtt/settings";
import { until } from "./mosquitto";

/** Reconnects fast enough for a test. */
const QUICK = { baseMs: 20, capMs: 100 };

let names = 0;
const opened: Broker[] = [];

/** A broker by its URL, closed by `closeAll`. */
export function connectTo(url: string, more: Partial<BrokerSettings> = {}): Broker {
  names += 1;
  const broker = remoteBroker({ ...DEFAULT_SETTINGS, url, clientId: `test${names}`, ...more }, QUICK);
  opened.push(broker);
  return broker;
}

export const publisherTo = (url: string, more: Partial<BrokerSettings> = {}): Publisher =>
  connectTo(url, more).publisher({ consumer: "out" });

export interface Listener {
  readonly subscriber: Subscriber;
  readonly messages: IncomingMessage[];
  readonly repeated: number[];
  readonly states: ConnectionState[];
}

export async function listen(broker: Broker, filter: string, qos: Qos = 0, consumer = "in"): Promise<Listener> {
  const messages: IncomingMessage[] = [];
  const repeated: number[] = [];
  const states: ConnectionState[] = [];
  const subscriber = broker.subscribe({
    consumer,
    filters: [{ filter, qos }],
    // The payload is only lent: what looks at it later keeps a copy.
    onMessage: (message) => void messages.push({ ...message, payload: Buffer.from(message.payload) }),
    onRepeated: (ticket) => void repeated.push(ticket),
    onState: (state) => void states.push(state),
  });
  await until("connected", () => subscriber.state.kind === "connected");
  return { subscriber, messages, repeated, states };
}

export const texts = (listener: Listener): string[] => listener.messages.map(({ payload }) => payload.toString());
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes greetings until the listener hears one, and waits until none is under way: then the subscription stands. */
export async function settle(publisher: Publisher, listener: Listener, topic: string): Promise<void> {
  let sent = 0;
  await until("the subscription stands", async () => {
    await publisher.publish(topic, Buffer.from(`greeting ${++sent}`), { qos: 1, retain: false });
    listener.subscriber.acknowledge(Number.MAX_SAFE_INTEGER);
    return listener.messages.length > 0;
  });
  await until("the last greeting came", () => texts(listener).includes(`greeting ${sent}`));
  listener.subscriber.acknowledge(Number.MAX_SAFE_INTEGER);
  listener.messages.length = 0;
}

/** A test's afterEach. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((broker) => broker.close()));
}
