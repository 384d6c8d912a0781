import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Broker, remoteBroker } from "../../lib/mqtt/broker";
import type { ConnectionState, IncomingMessage, Publisher, Qos, Subscriber } from "../../lib/mqtt/contract";
import { type BrokerSettings, DEFAULT_SETTINGS } from "../../lib/mqtt/settings";
import {
  freePort,
  type Line,
  lineTo,
  type Mosquitto,
  makeCertificates,
  passwordFile,
  startMosquitto,
  until,
} from "../support/mosquitto";
import { missing } from "../support/needs";

const QUICK = { baseMs: 20, capMs: 100 };

let names = 0;
const opened: Broker[] = [];

function connectTo(url: string, more: Partial<BrokerSettings> = {}): Broker {
  names += 1;
  const broker = remoteBroker({ ...DEFAULT_SETTINGS, url, clientId: `test${names}`, ...more }, QUICK);
  opened.push(broker);
  return broker;
}

const publisherTo = (url: string, more: Partial<BrokerSettings> = {}): Publisher =>
  connectTo(url, more).publisher({ consumer: "out" });

interface Listener {
  readonly subscriber: Subscriber;
  readonly messages: IncomingMessage[];
  readonly repeated: number[];
  readonly states: ConnectionState[];
}

async function listen(broker: Broker, filter: string, qos: Qos = 0, consumer = "in"): Promise<Listener> {
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

const texts = (listener: Listener): string[] => listener.messages.map(({ payload }) => payload.toString());
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes greetings until the listener hears one, and waits until none is under way: then the subscription stands. */
async function settle(publisher: Publisher, listener: Listener, topic: string): Promise<void> {
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

afterEach(async () => {
  await Promise.all(opened.splice(0).map((broker) => broker.close()));
});

describe.skipIf(missing("mosquitto"))("a connection to mosquitto", () => {
  let mosquitto: Mosquitto;
  let line: Line;
  beforeAll(async () => {
    mosquitto = await startMosquitto("allow_anonymous true\nmax_inflight_messages 20\nmax_queued_messages 10000");
    line = await lineTo(mosquitto.port);
  });
  afterAll(async () => {
    await line.close();
    await mosquitto.remove();
  });

  it.each([4, 5] as const)("carries messages both ways, protocol version %i", async (protocolVersion) => {
    const broker = connectTo(mosquitto.url, { protocolVersion });
    const listener = await listen(broker, `v${protocolVersion}/#`, 2);
    const publisher = broker.publisher({ consumer: "out" });
    await settle(publisher, listener, `v${protocolVersion}/x`);
    for (const qos of [0, 1, 2] as const) {
      const options = { qos, retain: false, contentType: "text/plain" };
      await publisher.publish(`v${protocolVersion}/a/b`, Buffer.from(`qos ${qos}`), options);
    }
    await until("all three came", () => listener.messages.length === 3);
    expect(texts(listener)).toEqual(["qos 0", "qos 1", "qos 2"]);
    expect(listener.messages.map(({ qos }) => qos)).toEqual([0, 1, 2]);
    expect(listener.messages[0]).toMatchObject({ topic: `v${protocolVersion}/a/b`, retain: false, dup: false });
    expect(listener.messages[0]?.contentType).toBe(protocolVersion === 5 ? "text/plain" : undefined);
  });

  it.each([
    [4, 1],
    [4, 2],
    [5, 1],
    [5, 2],
  ] as const)(
    "MQTT %i, QoS %i: what was not acknowledged comes again to the consumer's successor",
    async (protocolVersion, qos) => {
      const topic = `redeliver/${protocolVersion}/${qos}`;
      const settings = { protocolVersion, persistentSession: true, clientId: `session-${protocolVersion}-${qos}` };
      const publisher = publisherTo(mosquitto.url);
      const first = connectTo(mosquitto.url, settings);
      const before = await listen(first, topic, qos);
      await settle(publisher, before, topic);
      for (const text of ["1", "2", "3", "4"])
        await publisher.publish(topic, Buffer.from(text), { qos, retain: false });
      await until("all four came", () => before.messages.length === 4);
      before.subscriber.acknowledge(before.messages[1]?.ticket as number);
      expect(before.subscriber.unacknowledged).toBe(2);
      // The last messages of the connection: once the broker has taken this, it has taken the acknowledgements.
      await first.close();

      const after = await listen(connectTo(mosquitto.url, settings), topic, qos);
      await until("two came again", () => after.messages.length === 2);
      expect(texts(after)).toEqual(["3", "4"]);
      expect(after.messages.every(({ dup }) => dup)).toBe(true);
      after.subscriber.acknowledge(after.messages[1]?.ticket as number);
      await publisher.publish(topic, Buffer.from("5"), { qos, retain: false });
      await until("the next came", () => after.messages.length === 3);
      expect(texts(after)).toEqual(["3", "4", "5"]);
    },
  );

  it.each([4, 5] as const)(
    "hands a QoS 2 message over once though the line broke before it was acknowledged, MQTT %i",
    async (protocolVersion) => {
      const topic = `once/${protocolVersion}`;
      const publisher = publisherTo(mosquitto.url);
      const listener = await listen(connectTo(line.url, { persistentSession: true, protocolVersion }), topic, 2);
      await settle(publisher, listener, topic);
      await publisher.publish(topic, Buffer.from("only"), { qos: 2, retain: false });
      await until("it came", () => listener.messages.length === 1);
      line.cut();
      await until("it was sent again", () => listener.repeated.length === 1);
      listener.subscriber.acknowledge(listener.repeated[0] as number);
      await publisher.publish(topic, Buffer.from("next"), { qos: 2, retain: false });
      await until("the next came", () => listener.messages.length === 2);
      expect(texts(listener)).toEqual(["only", "next"]);
      expect(listener.subscriber.unacknowledged).toBe(1);
    },
  );

  it("gets no more than the broker's window ahead of its acknowledgements", async () => {
    const publisher = publisherTo(mosquitto.url);
    const listener = await listen(connectTo(mosquitto.url), "window", 1);
    await settle(publisher, listener, "window");
    const sent = Array.from({ length: 50 }, (_, index) => String(index));
    await Promise.all(sent.map((text) => publisher.publish("window", Buffer.from(text), { qos: 1, retain: false })));
    await until("the window of 20 is full", () => listener.messages.length === 20);
    await pause(100);
    expect(listener.messages).toHaveLength(20);
    await until("the rest came", () => {
      listener.subscriber.acknowledge(listener.messages.at(-1)?.ticket as number);
      return listener.messages.length === 50;
    });
    expect(texts(listener)).toEqual(sent);
  });

  it("holds the broker back while paused, keeps the connection alive, and loses nothing of QoS 1", async () => {
    const publisher = publisherTo(mosquitto.url);
    const listener = await listen(connectTo(mosquitto.url, { keepAlive: 1 }), "slow", 1);
    await settle(publisher, listener, "slow");
    listener.subscriber.pause();
    const payload = Buffer.alloc(10_000, "x");
    await Promise.all(Array.from({ length: 500 }, () => publisher.publish("slow", payload, { qos: 1, retain: false })));
    // Three times the keep-alive: a client that does not ping is cut off by mosquitto, one that waits for the answer by itself.
    await pause(3000);
    expect(listener.messages).toHaveLength(0);
    listener.subscriber.resume();
    await until("all came", () => {
      listener.subscriber.acknowledge(listener.messages.at(-1)?.ticket ?? 0);
      return listener.messages.length === 500;
    });
    expect(listener.states.map(({ kind }) => kind)).toEqual(["connected"]);
  });

  it("notices a broker that is gone without a word, and comes back by another way", async () => {
    const publisher = publisherTo(mosquitto.url);
    const listener = await listen(connectTo(line.url, { keepAlive: 1 }), "silent", 1);
    await settle(publisher, listener, "silent");
    line.freeze();
    await until("the silence is noticed", () => listener.states.some(({ kind }) => kind === "waiting"));
    expect(listener.states.find(({ kind }) => kind === "waiting")).toMatchObject({
      reason: expect.stringContaining("silent for"),
    });
    await until("it is back", () => listener.subscriber.state.kind === "connected");
    await settle(publisher, listener, "silent");
  });

  it("shares messages out among the members of a group", async () => {
    const publisher = publisherTo(mosquitto.url);
    const join = (consumer: string) =>
      listen(connectTo(mosquitto.url, { protocolVersion: 5 }), "$share/group/shared/#", 0, consumer);
    const members = [await join("a"), await join("b")];
    await until("both subscriptions stand", async () => {
      await publisher.publish("shared/greeting", Buffer.from("hello"), { qos: 0, retain: false });
      return members.every(({ messages }) => messages.length > 0);
    });
    for (let index = 0; index < 20; index += 1) {
      await publisher.publish("shared/work", Buffer.from(`${index}`), { qos: 0, retain: false });
    }
    const work = (): number[] =>
      members.flatMap(({ messages }) =>
        messages.filter(({ topic }) => topic === "shared/work").map(({ payload }) => Number(payload)),
      );
    await until("all came", () => work().length >= 20);
    expect(work().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it("leaves a last will when it dies, and none when it closes", async () => {
    const listener = await listen(connectTo(mosquitto.url), "wills/#");
    await settle(publisherTo(mosquitto.url), listener, "wills/hello");
    const will = { topic: "wills/gone", qos: 1, retain: false } as const;
    const leaving = connectTo(line.url, { will: { ...will, payload: "closed" } });
    await leaving.publisher({ consumer: "out" }).publish("wills/up", Buffer.from("1"), { qos: 1, retain: false });
    await leaving.close();
    const dying = publisherTo(line.url, { will: { ...will, payload: "died" } });
    await dying.publish("wills/up", Buffer.from("2"), { qos: 1, retain: false });
    line.cut();
    await until("the will came", () => texts(listener).includes("died"));
    expect(texts(listener)).not.toContain("closed");
  });

  it("refuses to publish beyond its bound of waiting messages", async () => {
    const publisher = publisherTo(mosquitto.url, { maxWaiting: 5 });
    const publish = (): Promise<void> => publisher.publish("bound", Buffer.from("x"), { qos: 1, retain: false });
    const results = await Promise.allSettled(Array.from({ length: 8 }, publish));
    expect(results.map(({ status }) => status)).toEqual([...Array(5).fill("fulfilled"), ...Array(3).fill("rejected")]);
    expect(String((results[7] as PromiseRejectedResult).reason)).toContain("5 messages wait");
    expect(publisher.waiting).toBe(0);
  });

  it("comes back after the broker was away, with its subscription and what waited, and as one client", async () => {
    const listener = await listen(connectTo(mosquitto.url, { persistentSession: false }), "back/#", 1);
    const publisher = publisherTo(mosquitto.url);
    await settle(publisher, listener, "back/x");
    await mosquitto.stop();
    await until(
      "the loss is noticed",
      () => listener.subscriber.state.kind === "waiting" && publisher.state.kind === "waiting",
    );
    const waiting = publisher.publish("back/later", Buffer.from("kept"), { qos: 1, retain: true });
    expect(publisher.waiting).toBe(1);
    await mosquitto.start();
    await waiting;
    await until("it came", () => texts(listener).includes("kept"));
    expect(listener.states.at(-1)?.kind).toBe("connected");
    const [clients] = await sysValues(mosquitto, "$SYS/broker/clients/connected");
    // The listener, the publisher and the one that asks.
    expect(clients).toBe(3);
  });
});

async function sysValues(mosquitto: Mosquitto, topic: string): Promise<number[]> {
  const listener = await listen(connectTo(mosquitto.url), topic);
  await until("mosquitto counted its clients", () => listener.messages.length > 1, 25_000);
  return [Number(listener.messages.at(-1)?.payload)];
}

describe.skipIf(missing("mosquitto"))("a secured mosquitto", () => {
  it("is reached with a client certificate, and only with the right authority", async () => {
    let files: ReturnType<typeof makeCertificates> | undefined;
    const secure = await startMosquitto((dir) => {
      files = makeCertificates(dir);
      return [
        "require_certificate true",
        "use_identity_as_username true",
        `cafile ${files.ca}`,
        `certfile ${files.serverCert}`,
        `keyfile ${files.serverKey}`,
      ].join("\n");
    });
    const pem = (name: keyof NonNullable<typeof files>): string => readFileSync(files?.[name] ?? "", "utf8");
    try {
      const url = `mqtts://localhost:${secure.port}`;
      const certificate = { certificate: pem("clientCert"), key: pem("clientKey") };
      const listener = await listen(connectTo(url, { ca: pem("ca"), ...certificate, protocolVersion: 5 }), "tls/#");
      await settle(publisherTo(url, { ca: pem("ca"), ...certificate }), listener, "tls/x");

      const failure = async (settings: Partial<BrokerSettings>): Promise<string> => {
        const publisher = publisherTo(url, settings);
        await until("it failed", () => publisher.state.kind === "waiting");
        return (publisher.state as { reason: string }).reason;
      };
      expect(await failure(certificate)).toContain("not signed by a trusted authority");
      expect(await failure({ ca: pem("ca") })).toMatch(/certificate required|handshake failure|closed the connection/i);
      const unverified = await listen(connectTo(url, { ...certificate, verifyCertificate: false }), "tls/#");
      expect(unverified.subscriber.state.kind).toBe("connected");
    } finally {
      await secure.remove();
    }
  });

  it.each([4, 5] as const)("is left alone after a wrong password, MQTT %i", async (protocolVersion) => {
    const secured = await startMosquitto(
      (dir) => `allow_anonymous false\npassword_file ${passwordFile(dir, "gateway", "right")}`,
    );
    const line = await lineTo(secured.port);
    try {
      const good = publisherTo(line.url, { username: "gateway", password: "right", protocolVersion });
      await good.publish("x", Buffer.from("x"), { qos: 1, retain: false });
      const bad = publisherTo(line.url, { username: "gateway", password: "wrong", protocolVersion });
      await expect(bad.publish("x", Buffer.from("x"), { qos: 1, retain: false })).rejects.toThrow(
        /login refused: (not authorized|bad user)/,
      );
      expect(bad.state.kind).toBe("refused");
      await until("only the good one is connected", () => line.connections === 1);
      // Several times the backoff's cap.
      await pause(500);
      expect(line.connections).toBe(1);
      await expect(bad.publish("x", Buffer.from("x"), { qos: 0, retain: false })).rejects.toThrow("login refused");
    } finally {
      await line.close();
      await secured.remove();
    }
  });
});

describe.skipIf(missing("mosquitto"))("mosquitto behind a web server's ports", () => {
  it.each(["ws", "wss"])("is reached by %s", async (protocol) => {
    const port = await freePort();
    let ca = "";
    const web = await startMosquitto((dir) => {
      const files = makeCertificates(dir);
      ca = readFileSync(files.ca, "utf8");
      const tls = protocol === "wss" ? [`certfile ${files.serverCert}`, `keyfile ${files.serverKey}`] : [];
      return ["allow_anonymous true", `listener ${port} 127.0.0.1`, "protocol websockets", ...tls].join("\n");
    });
    try {
      const broker = connectTo(`${protocol}://localhost:${port}/mqtt`, { ca });
      const listener = await listen(broker, "web/#", 1);
      await settle(broker.publisher({ consumer: "out" }), listener, "web/x");
    } finally {
      await Promise.all(opened.splice(0).map((broker) => broker.close()));
      await web.remove();
    }
  });
});

describe("broker settings", () => {
  it.each([
    ["http://localhost", "mqtt, mqtts, ws or wss"],
    ["localhost:1883", "mqtt, mqtts, ws or wss"],
    ["mqtt://user:secret@localhost", "credentials"],
  ])("refuses the URL %s", (url, reason) => {
    expect(() => connectTo(url)).toThrow(reason);
  });

  it("refuses a certificate without its key", () => {
    expect(() => connectTo("mqtts://localhost", { certificate: "x" })).toThrow("needs its key");
  });

  it("says what is wrong when nothing listens", async () => {
    const publisher = publisherTo("mqtt://127.0.0.1:1");
    await until("it failed", () => publisher.state.kind === "waiting");
    expect((publisher.state as { reason: string }).reason).toBe("nothing listens at mqtt://127.0.0.1:1");
  });
});
