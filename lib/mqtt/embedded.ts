import { timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import type { Aedes, AuthenticateError, Client } from "aedes" with { "resolution-mode": "import" };
import { admit } from "./admission";
import { backoffDelay } from "./backoff";
import { MqttError } from "./contract";

export interface EmbeddedOptions {
  /** Address to listen at; 127.0.0.1 keeps the broker to this machine. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What clients from other machines must present; with none, only clients of this machine are let in. */
  readonly username: string;
  readonly password: string;
  readonly log: (message: string) => void;
}

export type EmbeddedState =
  | { readonly kind: "starting" }
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; readonly reason: string };

type Authenticated = (error: AuthenticateError | null, success: boolean | null) => void;

/** aedes' reason for a refused login, MQTT 3.1.1 table 3.1. */
const BAD_USERNAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

const shared = new Map<string, { broker: EmbeddedBroker; users: number }>();

/**
 * The broker of a host and port: one for all who ask, because several flows share it. `release` closes it with the last.
 * @throws MqttError when it runs with other credentials
 */
export function embeddedBroker(options: EmbeddedOptions): { broker: EmbeddedBroker; release: () => Promise<void> } {
  // A port of 0 is a new port each time: there is nothing to share.
  const key = options.port === 0 ? `${options.host}:0:${Math.random()}` : `${options.host}:${options.port}`;
  const entry = shared.get(key) ?? { broker: new EmbeddedBroker(options), users: 0 };
  if (!entry.broker.hasCredentials(options)) {
    throw new MqttError("settings", `another broker node embeds a broker at ${key} with another user or password`);
  }
  shared.set(key, entry);
  entry.users += 1;
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    entry.users -= 1;
    if (entry.users > 0) return;
    shared.delete(key);
    await entry.broker.close();
  };
  return { broker: entry.broker, release };
}

/** An MQTT 3.1.1 broker in this process. Retained messages and sessions live in memory. */
export class EmbeddedBroker {
  #aedes: Aedes | undefined;
  #server: Server | undefined;
  #state: EmbeddedState = { kind: "starting" };
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #sockets = new Set<Socket>();
  readonly #local = new WeakSet<Duplex>();
  readonly #watchers = new Set<(state: EmbeddedState) => void>();
  /** Settles when the first attempt to listen has succeeded or failed. */
  readonly started: Promise<void>;

  constructor(private readonly options: EmbeddedOptions) {
    this.started = this.#start().catch((error) => this.#fail(error));
  }

  get state(): EmbeddedState {
    return this.#state;
  }

  get clients(): number {
    return this.#aedes?.connectedClients ?? 0;
  }

  hasCredentials(other: EmbeddedOptions): boolean {
    return this.options.username === other.username && this.options.password === other.password;
  }

  /** Calls back now and at each change; returns a function that stops it. */
  watch(watcher: (state: EmbeddedState) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#state);
    return () => void this.#watchers.delete(watcher);
  }

  /** A client's end of a connection within the process; it fails at once while the broker does not listen. */
  connect(): Duplex {
    const [ours, theirs] = duplexPair();
    const { state } = this;
    if (!this.#aedes || state.kind !== "listening") {
      const reason = state.kind === "failed" ? state.reason : "the embedded broker is starting";
      setImmediate(() => ours.destroy(Object.assign(new Error(reason), { code: "EMBEDDED" })));
      return ours;
    }
    // The pair passes on bytes and ends, but not that one side was destroyed.
    ours.on("close", () => theirs.destroy());
    theirs.on("close", () => setImmediate(() => ours.destroy()));
    this.#local.add(theirs);
    this.#aedes.handle(theirs);
    return ours;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#watchers.clear();
    await this.started;
    await new Promise<void>((resolve) => (this.#aedes ? this.#aedes.close(resolve) : resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (this.#server?.listening ? this.#server.close(() => resolve()) : resolve()));
  }

  async #start(): Promise<void> {
    const { Aedes } = await import("aedes");
    const aedes = await Aedes.createBroker({
      authenticate: (client, username = "", password = Buffer.alloc(0), done) =>
        this.#authenticate(client, username, password, done),
    });
    aedes.on("connectionError", (_client, error) => this.options.log(`embedded broker: ${error.message}`));
    aedes.on("clientError", (client, error) =>
      this.options.log(`embedded broker: client ${client.id}: ${error.message}`),
    );
    (aedes as NodeJS.EventEmitter).on("error", (error: Error) => this.options.log(`embedded broker: ${error.message}`));
    this.#aedes = aedes;
    await this.#listen(0);
  }

  /** Resolves after the first attempt; a port in use is tried again until it is free or the broker closed. */
  async #listen(attempt: number): Promise<void> {
    if (this.#closed) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once("error", resolve);
      server.listen(this.options.port, this.options.host, () => resolve(undefined));
    });
    if (this.#closed) {
      server.close();
      return;
    }
    if (error) {
      this.#fail(error);
      this.#retry = setTimeout(
        () => void this.#listen(attempt + 1),
        backoffDelay(attempt, { baseMs: 2000, capMs: 30_000 }),
      );
      this.#retry.unref();
      return;
    }
    server.on("error", (problem) => this.options.log(`embedded broker: ${problem.message}`));
    this.#server = server;
    const address = server.address();
    this.#setState({
      kind: "listening",
      port: typeof address === "object" && address ? address.port : this.options.port,
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    const { remoteAddress } = socket;
    admit(
      socket,
      () => this.#aedes?.handle(socket),
      (reason) => this.options.log(`embedded broker: ${remoteAddress ?? "somebody"} is turned away: ${reason}`),
    );
  }

  #authenticate(client: Client, username: string, password: Buffer, done: Authenticated): void {
    const refusal = this.#local.has(client.conn) ? undefined : this.#refusalOf(client, username, password);
    if (refusal) done(refusal, null);
    else done(null, true);
  }

  #refusalOf(client: Client, username: string, password: Buffer): AuthenticateError | undefined {
    const wanted = this.options;
    if (wanted.username === "" && wanted.password === "") {
      if (isLoopback((client.conn as Socket).remoteAddress)) return undefined;
      return refusal(NOT_AUTHORIZED, "without a user and password only clients of this machine are let in");
    }
    // Both are compared always, so that the time taken does not tell which of them was wrong.
    const known = Number(equals(username, wanted.username)) & Number(equals(password, wanted.password));
    return known === 1 ? undefined : refusal(BAD_USERNAME_OR_PASSWORD, "bad user name or password");
  }

  #fail(error: NodeJS.ErrnoException): void {
    const { host, port } = this.options;
    const reason =
      error.code === "EADDRINUSE"
        ? `port ${port} is in use by another program`
        : error.code === "EADDRNOTAVAIL"
          ? `this machine has no address ${host}`
          : error.code === "EACCES"
            ? `port ${port} may not be used by this user`
            : error.message;
    this.options.log(`embedded broker at ${host}:${port}: ${reason}`);
    this.#setState({ kind: "failed", reason });
  }

  #setState(state: EmbeddedState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}

function refusal(returnCode: number, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode }) as AuthenticateError;
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === "::1" || /^(?:::ffff:)?127\./.test(address));
}

function equals(given: string | Buffer, wanted: string): boolean {
  const a = typeof given === "string" ? Buffer.from(given) : given;
  const b = Buffer.from(wanted);
  // timingSafeEqual wants equal lengths; a length may be told.
  return a.length === b.length && timingSafeEqual(a, b);
}
