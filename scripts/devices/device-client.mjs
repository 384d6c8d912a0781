import { randomBytes } from "node:crypto";
import mqtt from "mqtt";
import { shownUrl } from "./arguments.mjs";

/** The "every second" of the complaint below. */
const RECONNECT_MS = 1000;
const CONNECT_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3000;

/**
 * A device's MQTT connection. Others see by the retained `devices/{id}/status` whether it is online; when it goes away
 * without a word, the broker says offline for it.
 */
export class DeviceClient {
  sent = 0;
  #client;

  constructor(url, id) {
    this.url = url;
    this.id = id;
    this.status = `devices/${id}/status`;
    this.telemetry = `devices/${id}/telemetry`;
  }

  get connected() {
    return this.#client?.connected ?? false;
  }

  connect() {
    if (this.#client) return;
    const client = mqtt.connect(this.url.href, {
      clientId: `${this.id}-${randomBytes(4).toString("hex")}`.slice(-64),
      will: { topic: this.status, payload: JSON.stringify({ status: "offline" }), qos: 1, retain: true },
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepalive: 20,
      resubscribe: false,
    });
    client.on("connect", () => {
      trouble = undefined;
      client.publish(this.status, JSON.stringify({ status: "online" }), { qos: 1, retain: true });
    });
    client.on("error", (error) => complain(this.url, error));
    this.#client = client;
  }

  /** Resolves when the device is connected. Rejects when the broker refuses it, or cannot be reached in time. */
  async ready(timeoutMs) {
    this.connect();
    const client = this.#client;
    if (client.connected) return;
    let timer;
    await new Promise((resolve, reject) => {
      let last;
      client.once("connect", resolve);
      client.on("error", (error) => {
        last = error;
        // CONNACK codes, of MQTT 3.1.1 or 5: to ask again would get the same answer.
        if (typeof error.code === "number") reject(new Error(`the broker refused the connection: ${error.message}`));
      });
      timer = setTimeout(() => {
        const reason = last?.message || last?.code || "no answer";
        reject(new Error(`the broker did not accept a connection within ${timeoutMs / 1000} s: ${reason}`));
      }, timeoutMs);
    }).finally(() => clearTimeout(timer));
  }

  /** Publishes a telemetry message; resolves when the broker has confirmed it. Rejects while not connected. */
  async publish(payload) {
    if (!this.connected) throw new Error("not connected");
    await this.#client.publishAsync(this.telemetry, payload, { qos: 1 });
    this.sent += 1;
  }

  /** Goes off the network without a word, as a device without power does. */
  drop() {
    this.#client?.end(true);
    this.#client = undefined;
  }

  /** Says goodbye, as a device that is switched off does. */
  async stop() {
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    const goodbye = async () => {
      if (client.connected) {
        await client.publishAsync(this.status, JSON.stringify({ status: "offline" }), { qos: 1, retain: true });
      }
      await client.endAsync(!client.connected);
    };
    const deadline = new Promise((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS).unref());
    await Promise.race([goodbye().catch(() => client.end(true)), deadline]);
  }
}

/** What is wrong with the broker: all devices of a process share it, so it is said once for all. */
let trouble;

function complain(url, error) {
  const text = error.message || error.code || String(error);
  if (text === trouble) return;
  trouble = text;
  console.error(`${shownUrl(url)}: ${text}; trying again every second`);
}
