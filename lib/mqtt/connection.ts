import type { Socket } from "node:net";
import type { IClientOptions, IPublishPacket, MqttClient, Packet } from "mqtt";
import { type BackoffOptions, backoffDelay, RECONNECT_BACKOFF } from "./backoff";
import type { ConnectionState } from "./contract";
import { KeepAlive } from "./keep-alive";
import { explain, finalRefusal } from "./settings";

export interface ConnectionOptions {
  /** For people, without credentials. */
  readonly address: string;
  /** Makes the client, which begins to connect at once. */
  readonly makeClient: (options: IClientOptions) => Promise<MqttClient>;
  readonly options: IClientOptions;
  readonly onState: (state: ConnectionState) => void;
  /** Called when the client library is ready to subscribe and publish; messages of a resumed session may come before. */
  readonly onConnected?: (client: MqttClient) => void;
  /** Called with every packet before the client library sees it. */
  readonly onPacket?: (packet: Packet) => void;
  /** Called with every message; the next one comes after `done`. */
  readonly onMessage?: (packet: IPublishPacket, done: () => void) => void;
  readonly backoff?: BackoffOptions;
}

/** A connection that lasted this long was a good one: the next failure starts the backoff anew. */
const SETTLED_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2000;
const DISCONNECT_REASONS: Readonly<Record<number, string>> = {
  142: "another client took over our client id",
  139: "the broker is shutting down",
  141: "the broker heard nothing from us within the keep-alive",
  147: "we did not acknowledge fast enough (receive maximum exceeded)",
  151: "the broker's quota is exceeded",
};

/**
 * One MQTT connection that comes back: mqtt.js carries the protocol, this class decides when to try again, when to stop
 * trying, whether the broker is alive, and says where things stand. There is never more than one socket at a time.
 */
export class Connection {
  #state: ConnectionState = { kind: "connecting", attempt: 0 };
  #client: MqttClient | undefined;
  #attempt = 0;
  #accepted = false;
  #connectedAt = 0;
  #retryInMs = 0;
  #reason = "";
  #closed = false;
  readonly #keepAlive: KeepAlive;
  #keepAliveTimer: NodeJS.Timeout | undefined;

  constructor(private readonly given: ConnectionOptions) {
    this.#keepAlive = new KeepAlive({
      seconds: given.options.keepalive ?? 0,
      ping: () => this.#client?.sendPing(),
      onSilent: (ms) => this.drop(`the broker was silent for ${Math.round(ms / 1000)} s`),
      now: Date.now,
    });
    this.#open().catch((error) => this.#refuse(error instanceof Error ? error.message : String(error)));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get lastHeard(): number {
    return this.#connectedAt === 0 ? 0 : this.#keepAlive.lastHeard;
  }

  /** The client from the CONNACK that accepted us to the end of that connection. */
  get connected(): MqttClient | undefined {
    return this.#accepted ? this.#client : undefined;
  }

  /** The client in any state, for what may wait for the connection; undefined until the library is loaded. */
  get client(): MqttClient | undefined {
    return this.#client;
  }

  /** While nothing is read on purpose. */
  set reading(reading: boolean) {
    this.#keepAlive.paused = !reading;
  }

  /** Ends the socket, with a reason to show; the connection then comes back as after any loss. */
  drop(reason: string): void {
    this.#reason = reason;
    this.#client?.stream.destroy();
  }

  /** Says that the broker will not have us, and tries no more. */
  refuse(reason: string): void {
    this.#refuse(reason);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#setState({ kind: "closed" });
    clearInterval(this.#keepAliveTimer);
    const client = this.#client;
    if (client) await endClient(client);
  }

  async #open(): Promise<void> {
    const client = await this.given.makeClient({ ...this.given.options, reconnectPeriod: this.#nextDelay() });
    // An error event without a listener would end the process, also after the close.
    client.on("error", (error) => this.#onError(error));
    if (this.#closed) {
      client.end(true);
      return;
    }
    this.#client = client;
    client.on("packetreceive", (packet) => this.#onPacket(packet));
    client.on("connect", () => this.#onConnect(client));
    client.on("close", () => this.#onClose(client));
    client.on("reconnect", () => this.#setState({ kind: "connecting", attempt: this.#attempt }));
    const { onMessage } = this.given;
    if (onMessage) client.handleMessage = onMessage;
  }

  #onPacket(packet: Packet): void {
    this.#keepAlive.lastHeard = Date.now();
    if (packet.cmd === "connack") this.#onConnack(packet.reasonCode ?? packet.returnCode ?? 0);
    else if (packet.cmd === "disconnect" && packet.reasonCode) {
      this.#reason =
        DISCONNECT_REASONS[packet.reasonCode] ?? `the broker disconnected us with reason ${packet.reasonCode}`;
    }
    this.given.onPacket?.(packet);
  }

  #onConnack(code: number): void {
    this.#accepted = code === 0;
    const refusal = finalRefusal(code);
    if (refusal !== undefined) this.#refuse(`login refused: ${refusal}`);
  }

  #onConnect(client: MqttClient): void {
    if (this.#closed) return;
    this.#connectedAt = Date.now();
    this.#reason = "";
    // Acknowledgements are small and the broker waits for them: they must not wait for Nagle's algorithm.
    (client.stream as Partial<Socket>).setNoDelay?.(true);
    this.#setState({ kind: "connected", since: this.#connectedAt });
    this.#startKeepAlive();
    this.given.onConnected?.(client);
  }

  #startKeepAlive(): void {
    clearInterval(this.#keepAliveTimer);
    this.#keepAlive.begin();
    if (this.#keepAlive.intervalMs === 0) return;
    this.#keepAliveTimer = setInterval(() => this.#keepAlive.tick(), this.#keepAlive.intervalMs);
    this.#keepAliveTimer.unref();
  }

  #onError(error: Error): void {
    if (this.#state.kind !== "refused") this.#reason = explain(error, this.given.address);
  }

  /** mqtt.js has set its timer to `#retryInMs` by now; what is set here is the delay after the next loss. */
  #onClose(client: MqttClient): void {
    this.#accepted = false;
    clearInterval(this.#keepAliveTimer);
    if (this.#closed || this.#state.kind === "refused") return;
    const wasConnected = this.#state.kind === "connected";
    const reason =
      this.#reason ||
      (wasConnected ? "the connection was closed" : "the broker closed the connection before it was established");
    this.#setState({ kind: "waiting", reason, retryAt: Date.now() + this.#retryInMs });
    const settled = wasConnected && Date.now() - this.#connectedAt >= SETTLED_MS;
    this.#attempt = settled ? 0 : this.#attempt + 1;
    client.options.reconnectPeriod = this.#nextDelay();
  }

  #nextDelay(): number {
    this.#retryInMs = backoffDelay(this.#attempt, this.given.backoff ?? RECONNECT_BACKOFF);
    return this.#retryInMs;
  }

  #refuse(reason: string): void {
    if (this.#closed || this.#state.kind === "refused") return;
    this.#setState({ kind: "refused", reason });
    clearInterval(this.#keepAliveTimer);
    this.#client?.end(true);
  }

  #setState(state: ConnectionState): void {
    if (this.#closed && state.kind !== "closed") return;
    if (this.#state.kind === "refused" && state.kind !== "closed") return;
    this.#state = state;
    this.given.onState(state);
  }
}

/** DISCONNECT and a closed socket, or a destroyed one when the broker does not answer. */
async function endClient(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      client.stream?.destroy();
      resolve();
    }, CLOSE_TIMEOUT_MS);
    // Forced when there is no connection: there is nobody to say good-bye to, and mqtt.js would wait for it.
    client.end(!client.connected, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
