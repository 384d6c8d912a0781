import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { statusOf } from "../../../test/support/hooks";
import { freePort } from "../../../test/support/mosquitto";
import { startFlow, stopFlow, until } from "../../../test/support/red";
import telemetryOut from "../telemetry-out/telemetry-out";
import broker from "./broker";

const out = { id: "out", type: "gatewise-telemetry-out", broker: "b", wires: [] };

describe("the broker node", () => {
  afterEach(stopFlow);

  it("embeds a broker that the nodes linked to it use", async () => {
    const port = await freePort();
    await startFlow([broker, telemetryOut], [{ id: "b", type: "gatewise-broker", z: "", port }, out]);
    await until(() => statusOf("out") === "connected", "the node is connected");
    await until(() => statusOf("b") === `listens at 127.0.0.1:${port}`, "the broker node says where it listens");
  });

  it("lives on when its port is in use, says so on the nodes too, and takes the port when it is free", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as { port: number };
    await startFlow([broker, telemetryOut], [{ id: "b", type: "gatewise-broker", z: "", port }, out]);
    await until(() => statusOf("out").includes(`port ${port} is in use`), "the problem is told");
    await until(() => statusOf("b") === `port ${port} is in use by another program`, "the broker node says it");
    squatter.close();
    await until(() => statusOf("out") === "connected", "the node is connected", 15_000);
  });

  it("closes with its flow so that the next one gets the port", async () => {
    const port = await freePort();
    for (let deploy = 0; deploy < 3; deploy += 1) {
      await startFlow([broker, telemetryOut], [{ id: "b", type: "gatewise-broker", z: "", port }, out]);
      await until(() => statusOf("out") === "connected", "the node is connected");
      await stopFlow();
    }
    await startFlow([broker, telemetryOut], [out]);
  });

  it.each([
    [{ mode: "url", url: "http://x" }, "expected a URL"],
    [{ mode: "url", url: "mqtt://user:pw@x" }, "without a user or password"],
    [{ port: 99_999 }, "65535"],
    [{ host: "" }, "must not be empty"],
  ])("refuses %j and tells the nodes why", async (config, reason) => {
    await startFlow([broker, telemetryOut], [{ id: "b", type: "gatewise-broker", z: "", ...config }, out]);
    await until(() => statusOf("b").includes(reason), "the broker node is red");
    expect(statusOf("out")).toContain("Broker:");
    expect(statusOf("out")).not.toContain("pw@");
  });

  it("keeps credentials out of what it shows", async () => {
    const credentials = { b: { username: "gateway", password: "s3cret", certificate: "CERT", key: "" } };
    const node = { id: "b", type: "gatewise-broker", z: "", mode: "url", url: "mqtts://127.0.0.1:1" };
    await startFlow([broker, telemetryOut], [node, out], credentials);
    await until(() => statusOf("b").includes("needs its key"), "the broker node is red");
    expect(statusOf("b") + statusOf("out")).not.toMatch(/s3cret|CERT/);
  });
});
