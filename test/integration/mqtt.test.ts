import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Line, lineTo, type Mosquitto, startMosquitto, until } from "../support/mosquitto";
import { closeAll, connectTo, listen, pause, publisherTo, settle, texts } from "../support/mqtt";
import { missing } from "../support/needs";

afterEach(closeAll);

describe.skipIf(missing("mosquitto"))("a connection to mosquitto", () => {
  let mosquitto: Mosquitto;
  let line: Line;
  beforeAll(async () => {
    mosquitto = await startMosquitto("allow_anonymous true\nmax_inflight_messages 20");
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
    // Longer than mosquitto waits for a ping: the new connection must be kept alive as the first was.
    await pause(2500);
    expect(listener.subscriber.state.kind).toBe("connected");
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
