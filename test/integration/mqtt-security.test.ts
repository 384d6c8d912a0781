import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { BrokerSettings } from "../../lib/mqtt/settings";
import { freePort, lineTo, makeCertificates, passwordFile, startMosquitto, until } from "../support/mosquitto";
import { closeAll, connectTo, listen, pause, publisherTo, settle } from "../support/mqtt";
import { missing } from "../support/needs";

afterEach(closeAll);

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
      await closeAll();
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
