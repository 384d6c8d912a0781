import { ConfigError, type ConfigOf, type CredentialsOf, defineNode } from "../../../kit";
import { type Broker, localBroker, remoteBroker } from "../../../lib/mqtt/broker";
import type { Qos } from "../../../lib/mqtt/contract";
import type { EmbeddedState } from "../../../lib/mqtt/embedded";
import type { BrokerSettings } from "../../../lib/mqtt/settings";
import { schema } from "./schema";

type Config = ConfigOf<typeof schema>;
type Credentials = CredentialsOf<typeof schema>;

export default defineNode(schema, (context) => {
  const { config, credentials, status } = context;
  const backoff = { baseMs: 1000, capMs: config.retryMost * 1000 };
  const settings = settingsOf(config, credentials, context.id);
  const open = (): Broker => {
    if (config.mode === "url") return remoteBroker(settings, backoff);
    const { username = "", password = "" } = credentials;
    return localBroker(
      settings,
      { host: config.host, port: config.port, username, password, log: context.guard(onLog) },
      backoff,
    );
  };
  const onLog = (message: string): void => context.log(message);
  const showEmbedded = (state: EmbeddedState): void => {
    if (state.kind === "listening") status.ok(`listens at ${config.host}:${state.port}`);
    else if (state.kind === "failed") status.error(state.reason);
    else status.busy("starting");
  };

  let broker: Broker;
  try {
    broker = open();
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
  const stopWatching = broker.embedded?.watch(context.guard(showEmbedded));
  return {
    service: broker,
    async close() {
      stopWatching?.();
      await broker.close();
    },
  };
});

function settingsOf(config: Config, credentials: Credentials, id: string): BrokerSettings {
  const { username = "", password = "", ca = "", certificate = "", key = "", passphrase = "" } = credentials;
  return {
    url: config.url,
    protocolVersion: config.protocol === "mqtt5" ? 5 : 4,
    clientId: config.clientId.trim() || `gatewise-${id}`,
    keepAlive: config.keepAlive,
    persistentSession: config.persistentSession,
    sessionExpiry: config.sessionExpiry,
    username,
    password,
    ca,
    certificate,
    key,
    passphrase,
    verifyCertificate: config.verifyCertificate,
    serverName: config.serverName,
    receiveMaximum: config.receiveMaximum,
    maxWaiting: config.maxWaiting,
    queueOffline: config.queueOffline,
    ...(config.willTopic.trim() === ""
      ? {}
      : {
          will: {
            topic: config.willTopic,
            payload: config.willPayload,
            qos: qosOf(config.willQos),
            retain: config.willRetain,
          },
        }),
  };
}

function qosOf(choice: Config["willQos"]): Qos {
  return Number(choice.slice(3)) as Qos;
}
