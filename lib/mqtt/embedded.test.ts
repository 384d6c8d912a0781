import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { freePort, until } from "../../test/support/mosquitto";
import { type Broker, localBroker, remoteBroker } from "./broker";
import type { Publisher } from "./contract";
import type { EmbeddedOptions } from "./embedded";
import { DEFAULT_SETTINGS } from "./settings";

const QUICK = { baseMs: 20, capMs: 100 };
const opened: Broker[] = [];
const log: string[] = [];
let names = 0;

const settings = (more = {}) => {
  names += 1;
  return { ...DEFAULT_SETTINGS, url: "", clientId: `e${names}`, ...more };
};

function embed(port: number, more: Partial<EmbeddedOptions> = {}): Broker {
  const where = {
    host: "127.0.0.1",
    username: "",
    password: "",
    log: (line: string) => void log.push(line),
    port,
    ...more,
  };
  const broker = localBroker(settings(), where, QUICK);
  opened.push(broker);
  return broker;
}

function outside(host: string, port: number, more = {}): Broker {
  const broker = remoteBroker({ ...settings(more), url: `mqtt://${host}:${port}` }, QUICK);
  opened.push(broker);
  return broker;
}

const portOf = async (broker: Broker): Promise<number> => {
  await until("the embedded broker listens", () => broker.embedded?.state.kind === "listening");
  const state = broker.embedded?.state;
  return state?.kind === "listening" ? state.port : 0;
};
const say = (publisher: Publisher, topic: string, text: string): Promise<void> =>
  publisher.publish(topic, Buffer.from(text), { qos: 1, retain: false });

afterEach(async () => {
  await Promise.all(opened.splice(0).map((broker) => broker.close()));
  log.length = 0;
});

describe("the embedded broker", () => {
  it("carries messages between clients in the process and outside", async () => {
    const inside = embed(0);
    const port = await portOf(inside);
    const heard: string[] = [];
    const subscriber = inside.subscribe({
      consumer: "in",
      filters: [{ filter: "t/#", qos: 1 }],
      onMessage: ({ topic, payload, ticket }) => {
        heard.push(`${topic} ${payload}`);
        subscriber.acknowledge(ticket);
      },
    });
    const near = inside.publisher({ consumer: "out" });
    const far = outside("127.0.0.1", port).publisher({ consumer: "out" });
    await until("the subscription stands", async () => {
      await say(near, "t/near", "1");
      return heard.length > 0;
    });
    await say(far, "t/far", "2");
    await until("it came", () => heard.includes("t/far 2"));
    expect(heard).toContain("t/near 1");
  });

  it("is one for all broker nodes of the same port, and ends with the last", async () => {
    const port = await freePort();
    const first = embed(port);
    const second = embed(port);
    expect(second.embedded).toBe(first.embedded);
    await portOf(first);
    await first.close();
    const still = outside("127.0.0.1", port).publisher({ consumer: "out" });
    await say(still, "x", "1");
    await second.close();
    await until("it is gone", () => still.state.kind === "waiting");
    await until("the port is free", () => canListen(port));
  });

  it("refuses to share a port with other credentials", async () => {
    const port = await freePort();
    embed(port);
    expect(() => embed(port, { username: "a", password: "b" })).toThrow("another user or password");
  });

  it("says that its port is in use, lives, and takes the port when it is free", async () => {
    const port = await freePort();
    const squatter: Server = createServer().listen(port, "127.0.0.1");
    await once(squatter, "listening");
    const broker = embed(port);
    await until("it failed", () => broker.embedded?.state.kind === "failed");
    expect(broker.embedded?.state).toMatchObject({ reason: `port ${port} is in use by another program` });
    const publisher = broker.publisher({ consumer: "out" });
    await until("its clients know", () => publisher.state.kind === "waiting");
    expect((publisher.state as { reason: string }).reason).toContain("in use");
    squatter.close();
    await portOf(broker);
    await say(publisher, "x", "1");
    expect(publisher.state.kind).toBe("connected");
  });

  it("lets nobody in from another machine without a password", async () => {
    const own = Object.values(networkInterfaces())
      .flat()
      .find((address) => address && !address.internal && address.family === "IPv4");
    if (!own) return;
    const open = embed(0, { host: "0.0.0.0" });
    const publisher = outside(own.address, await portOf(open)).publisher({ consumer: "out" });
    await until("it is refused", () => publisher.state.kind === "refused");
    expect((publisher.state as { reason: string }).reason).toBe("login refused: not authorized");
  });

  it("asks for its user and password", async () => {
    const broker = embed(0, { username: "device", password: "right" });
    const port = await portOf(broker);
    const login = (username: string, password: string) =>
      outside("127.0.0.1", port, { username, password }).publisher({ consumer: "out" });
    await say(login("device", "right"), "x", "1");
    for (const [username, password] of [
      ["device", "wrong"],
      ["device", ""],
      ["other", "right"],
      ["", ""],
    ] as const) {
      await expect(say(login(username, password), "x", "1")).rejects.toThrow(
        "login refused: bad user name or password",
      );
    }
  });

  it("takes a CONNECT that comes byte by byte", async () => {
    const port = await portOf(embed(0));
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const answers: Buffer[] = [];
    socket.on("data", (chunk) => answers.push(chunk));
    // MQTT 3.1.1, section 3.1: protocol "MQTT", level 4, clean session, keep-alive 30 s, client id "test". CONNACK, section 3.2: 20 02 00 00.
    for (const byte of Buffer.from("101000044d5154540402001e000474657374", "hex")) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until("the broker accepts", () => Buffer.concat(answers).toString("hex") === "20020000");
    socket.destroy();
  });

  it("outlives hostile bytes", async () => {
    const broker = embed(0);
    const port = await portOf(broker);
    const sent = [
      "GET / HTTP/1.1\r\n\r\n",
      "\x10\xff\xff\xff\xff\xff",
      "\x10\xff\xff\xff\x7f",
      "\x30\x05hello",
      "\0\0\0\0",
      "\x10\x02ab",
      "",
    ];
    for (const bytes of sent) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.end(Buffer.from(bytes, "latin1"));
      await once(socket, "close");
    }
    const reasons = () => log.filter((line) => line.includes("turned away"));
    // The last two have a good head, of a packet that the parser then refuses, and nothing at all.
    await until("the others are turned away", () => reasons().length === sent.length - 2);
    expect(reasons()[2]).toContain("268435455 bytes");
    await say(broker.publisher({ consumer: "out" }), "x", "1");
  });
});

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  const outcome = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  server.close();
  return outcome;
}
