import { choice, configSchema, flag, group, integer, multiline, quantity, secret, text } from "../../../kit/schema";

const embedded = { mode: "embedded" };
const remote = { mode: "url" };

export const schema = configSchema("broker", {
  family: "protocols",
  summary: "An MQTT broker: one embedded in this Node-RED, or one elsewhere.",
  version: 1,
  config: {
    mode: choice("Broker", { embedded: "Embedded in this Node-RED", url: "Elsewhere, by its URL" }),
    host: text("Listen at", {
      default: "127.0.0.1",
      required: true,
      when: embedded,
      hint: "127.0.0.1 keeps it to this machine; 0.0.0.0 lets devices in, who then need the user and password below",
    }),
    port: integer("Port", { default: 1883, min: 0, max: 65_535, when: embedded, hint: "0 takes any free port" }),
    url: text("URL", {
      default: "mqtt://localhost:1883",
      required: true,
      placeholder: "mqtts://broker.example:8883",
      pattern: "^(mqtts?|wss?)://[^@]+$",
      patternReason: "expected a URL that begins with mqtt://, mqtts://, ws:// or wss://, without a user or password",
      when: remote,
    }),
    protocol: choice("MQTT version", { mqtt311: "3.1.1", mqtt5: "5" }, { when: remote }),
    ...group(
      "Session",
      {
        clientId: text("Client id", {
          maxLength: 200,
          hint: "Of the publishing connection; subscribing nodes append their own id. Empty makes one from this node's id",
        }),
        keepAlive: integer("Keep-alive", { unit: "s", default: 60, min: 0, max: 65_535, hint: "0 turns it off" }),
        persistentSession: flag("Persistent session", {
          hint: "The broker keeps messages of QoS 1 and 2 while this gateway is away",
        }),
        sessionExpiry: integer("Kept for", {
          unit: "s",
          default: 86_400,
          min: 1,
          max: 4_294_967_295,
          when: { mode: "url", protocol: "mqtt5", persistentSession: true },
        }),
      },
      { folded: true },
    ),
    ...group(
      "TLS",
      {
        verifyCertificate: flag("Verify the certificate", {
          default: true,
          when: remote,
          hint: "Turned off, anybody can pose as the broker: for tests only",
        }),
        serverName: text("Server name", {
          when: remote,
          hint: "Where the certificate is for another name than the URL's host",
        }),
      },
      { folded: true },
    ),
    ...group(
      "Last will",
      {
        willTopic: text("Topic", {
          hint: "Published by the broker when this gateway is lost. Empty for none",
          placeholder: "gateways/north/status",
        }),
        willPayload: multiline("Payload", { default: '{"status":"offline"}' }),
        willQos: choice("QoS", { qos0: "0", qos1: "1", qos2: "2" }, { default: "qos1" }),
        willRetain: flag("Retain", { default: true }),
      },
      { folded: true },
    ),
    ...group(
      "Limits",
      {
        receiveMaximum: integer("Receive maximum", {
          unit: "messages",
          default: 1000,
          min: 1,
          max: 65_535,
          when: { mode: "url", protocol: "mqtt5" },
          hint: "Messages of QoS 1 and 2 the broker may send ahead of our acknowledgements",
        }),
        maxWaiting: integer("Waiting at most", {
          unit: "messages",
          default: 10_000,
          min: 1,
          max: 1_000_000,
          hint: "Published and not confirmed yet; more are refused with an error",
        }),
        queueOffline: flag("Queue while offline", {
          default: true,
          hint: "Turned off, publishing without a connection is an error at once",
        }),
        retryMost: quantity("Retry after at most", {
          unit: "s",
          default: 60,
          min: 1,
          max: 3600,
          hint: "The cap of the growing, jittered delay between attempts to connect",
        }),
      },
      { folded: true },
    ),
  },
  credentials: {
    username: secret("User", { shown: true, hint: "Of an embedded broker: what its clients must present" }),
    password: secret("Password"),
    ca: secret("CA certificate", {
      multiline: true,
      when: remote,
      group: "TLS",
      hint: "PEM; trusted instead of the system's authorities",
    }),
    certificate: secret("Client certificate", { multiline: true, when: remote, group: "TLS", hint: "PEM" }),
    key: secret("Client key", { multiline: true, when: remote, group: "TLS", hint: "PEM" }),
    passphrase: secret("Key passphrase", { when: remote, group: "TLS" }),
  },
});
