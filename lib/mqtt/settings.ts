import type { IClientOptions } from "mqtt";
import { MqttError, type Qos } from "./contract";

/** How to reach a broker and who we are there. Empty texts mean "none". */
export interface BrokerSettings {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  /** 4 is MQTT 3.1.1. */
  readonly protocolVersion: 4 | 5;
  /** Client id of the publishing connection; subscribers append their name. */
  readonly clientId: string;
  /** Seconds; 0 turns it off. */
  readonly keepAlive: number;
  /** The broker keeps subscriptions and QoS 1 and 2 messages while we are away. */
  readonly persistentSession: boolean;
  /** Seconds the broker keeps them; MQTT 5 only. */
  readonly sessionExpiry: number;
  readonly username: string;
  readonly password: string;
  /** PEM: authorities to trust instead of the system's, our certificate, its key and the key's passphrase. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly passphrase: string;
  readonly verifyCertificate: boolean;
  /** Name that the server's certificate must have, where it is not the URL's host. */
  readonly serverName: string;
  readonly will?: LastWill;
  /** Most QoS 1 and 2 messages the broker may send ahead of our acknowledgements; MQTT 5 only. */
  readonly receiveMaximum: number;
  /** Most messages that wait for the broker's confirmation or for the connection. */
  readonly maxWaiting: number;
  /** Messages published while there is no connection wait for it instead of being refused. */
  readonly queueOffline: boolean;
}

export interface LastWill {
  readonly topic: string;
  readonly payload: string;
  readonly qos: Qos;
  readonly retain: boolean;
}

export const DEFAULT_SETTINGS: Omit<BrokerSettings, "url" | "clientId"> = {
  protocolVersion: 4,
  keepAlive: 60,
  persistentSession: false,
  sessionExpiry: 86_400,
  username: "",
  password: "",
  ca: "",
  certificate: "",
  key: "",
  passphrase: "",
  verifyCertificate: true,
  serverName: "",
  receiveMaximum: 1000,
  maxWaiting: 10_000,
  queueOffline: true,
};

const PROTOCOLS = new Set(["mqtt:", "mqtts:", "ws:", "wss:"]);
const SECURE = new Set(["mqtts:", "wss:"]);

/**
 * The broker's URL, checked.
 * @throws MqttError when it is no mqtt, mqtts, ws or wss URL, or carries a password, which belongs to the credentials
 */
export function parseBrokerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !PROTOCOLS.has(url.protocol) || url.hostname === "") {
    throw new MqttError(
      "settings",
      `expected a URL such as mqtt://broker.example:1883 (mqtt, mqtts, ws or wss), got "${text}"`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new MqttError(
      "settings",
      "the URL carries a user or password: enter them as credentials, where they are kept secret",
    );
  }
  return url;
}

/**
 * Settings as the client library takes them.
 * @throws MqttError when they contradict one another
 */
export function clientOptions(settings: BrokerSettings, clientId: string, withWill: boolean): IClientOptions {
  const secure = settings.url !== "" && SECURE.has(parseBrokerUrl(settings.url).protocol);
  return {
    clientId,
    protocolVersion: settings.protocolVersion,
    keepalive: settings.keepAlive,
    clean: !settings.persistentSession,
    username: settings.username || undefined,
    password: settings.password || undefined,
    ...(secure ? tlsOptions(settings) : {}),
    ...(settings.protocolVersion === 5 ? { properties: sessionProperties(settings) } : {}),
    ...(withWill && settings.will ? { will: willOf(settings.will) } : {}),
    connectTimeout: 15_000,
    // Ours: restored by Connection, which knows whether the broker kept them.
    resubscribe: false,
    // Which refusals are final is decided by Connection.
    reconnectOnConnackError: true,
    // Ours too, see KeepAlive: the library's would end a connection that we do not read from on purpose.
    timerVariant: { set: () => 0, clear: () => undefined },
    log: () => undefined,
  };
}

function tlsOptions(settings: BrokerSettings): IClientOptions {
  if ((settings.certificate === "") !== (settings.key === "")) {
    throw new MqttError(
      "settings",
      "a client certificate needs its key, and a key its certificate: only one of the two is given",
    );
  }
  return {
    rejectUnauthorized: settings.verifyCertificate,
    ca: settings.ca || undefined,
    cert: settings.certificate || undefined,
    key: settings.key || undefined,
    ...(settings.passphrase ? { passphrase: settings.passphrase } : {}),
    servername: settings.serverName || undefined,
  };
}

function sessionProperties(settings: BrokerSettings): IClientOptions["properties"] {
  return {
    sessionExpiryInterval: settings.persistentSession ? settings.sessionExpiry : 0,
    receiveMaximum: settings.receiveMaximum,
  };
}

function willOf({ topic, payload, qos, retain }: LastWill): NonNullable<IClientOptions["will"]> {
  return { topic, payload: Buffer.from(payload), qos, retain };
}

/** What a failed connection means, in words for whoever has to mend it. Never contains credentials. */
export function explain(error: Error & { readonly code?: string | number }, address: string): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return `nothing listens at ${address}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host of ${address} is not known to the name service`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${address} cannot be reached`;
    case "ECONNRESET":
    case "EPIPE":
      return `${address} closed the connection`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_GET_ISSUER_CERT":
      return `the certificate of ${address} is not signed by a trusted authority: give its CA certificate`;
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${address} has expired`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate of ${address} is for another host: ${error.message}`;
    default:
      if (error.message === "connack timeout") return `${address} does not answer as an MQTT broker does`;
      return error.message || String(error.code ?? "connection failed");
  }
}

/** CONNACK codes after which trying again cannot help: MQTT 3.1.1 table 3.1, MQTT 5 section 3.2.2.2. */
const FINAL_REFUSALS = new Map<number, string>([
  [1, "the broker does not speak this MQTT version"],
  [2, "the broker rejects the client id"],
  [4, "bad user name or password"],
  [5, "not authorized"],
  [0x84, "the broker does not speak this MQTT version"],
  [0x85, "the broker rejects the client id"],
  [0x86, "bad user name or password"],
  [0x87, "not authorized"],
  [0x8a, "banned by the broker"],
  [0x8c, "the broker rejects the authentication method"],
]);

/** Why the broker refused the login for good, or undefined when it may accept it later. */
export function finalRefusal(code: number): string | undefined {
  return FINAL_REFUSALS.get(code);
}
