import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { program } from "./needs";

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  /** Stops the broker; its configuration and, with persistence, its sessions stay for `start`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** Stops it and deletes everything. */
  remove(): Promise<void>;
}

/** Below the ports that Linux gives to outgoing connections, one of which could take the port before its server does. */
const FIRST_PORT = 10_240;
const PORTS = 32_768 - FIRST_PORT;
const given = new Set<number>();

/** A port that nothing listens at, and that this process has not been given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Waits until the condition holds, looking every 10 ms; throws after the deadline with what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * A real mosquitto of our own on a free port. `config` makes the rest of its configuration file; `dir` is its directory.
 */
export async function startMosquitto(
  config: string | ((dir: string) => string) = "allow_anonymous true",
): Promise<Mosquitto> {
  const dir = mkdtempSync(join(tmpdir(), "gatewise-mosquitto-"));
  const port = await freePort();
  const file = join(dir, "mosquitto.conf");
  const rest = typeof config === "string" ? config : config(dir);
  // Started by root mosquitto would become a user of its own, who cannot read the test's files.
  const head = [
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    "sys_interval 1",
    "log_type error",
    "log_type warning",
    // Of what a subscriber has not taken, mosquitto by default drops all beyond 1000 messages, also of QoS 1: a test that
    // is held up for a second would lose them.
    "max_queued_messages 0",
  ];
  writeFileSync(file, [...head, rest, ""].join("\n"));
  let child: ChildProcess | undefined;
  const broker: Mosquitto = {
    port,
    dir,
    url: `mqtt://127.0.0.1:${port}`,
    async start() {
      const started = spawn(program("mosquitto"), ["-c", file], { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
      child = started;
      let errors = "";
      started.stderr?.on("data", (chunk) => {
        errors += chunk;
      });
      await until(
        `mosquitto listens at ${port}`,
        () => {
          if (started.exitCode !== null) throw new Error(`mosquitto ended: ${errors}`);
          return listens(port);
        },
        10_000,
      );
    },
    async stop(signal = "SIGTERM") {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null) return;
      const ended = once(running, "exit");
      running.kill(signal);
      await ended;
    },
    async remove() {
      await broker.stop("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await broker.start();
  return broker;
}

/** Writes a password file with one user. */
export function passwordFile(dir: string, user: string, password: string): string {
  const path = join(dir, "passwords");
  execFileSync("mosquitto_passwd", ["-b", "-c", path, user, password], { stdio: "ignore" });
  return path;
}

/** A line to a port of this machine that a test can cut, as an excavator would: no DISCONNECT is sent. */
export interface Line {
  readonly port: number;
  readonly url: string;
  readonly connections: number;
  cut(): void;
  /** From now on nothing comes through, and nobody is told: a dead router, a gateway without power. */
  freeze(): void;
  close(): Promise<void>;
}

export async function lineTo(port: number): Promise<Line> {
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        if (!frozen.has(socket)) other.destroy();
      });
      socket.on("error", () => undefined);
      socket.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const own = (server.address() as { port: number }).port;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: own,
    url: `mqtt://127.0.0.1:${own}`,
    get connections() {
      return sockets.size / 2;
    },
    cut,
    freeze() {
      for (const socket of sockets) {
        frozen.add(socket);
        socket.unpipe();
        socket.pause();
      }
    },
    async close() {
      server.close();
      cut();
      await once(server, "close");
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** A CA, a certificate for localhost and one for a client, made by openssl; the texts are PEM. */
export function makeCertificates(
  dir: string,
): Record<"ca" | "serverCert" | "serverKey" | "clientCert" | "clientKey", string> {
  const path = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["-CA", path("ca.crt"), "-CAkey", path("ca.key"), "-days", "2"];
  openssl(
    "req",
    "-x509",
    ...ec,
    "-days",
    "2",
    "-subj",
    "/CN=test ca",
    "-keyout",
    path("ca.key"),
    "-out",
    path("ca.crt"),
  );
  openssl(
    ...[
      "req",
      "-x509",
      ...ec,
      ...authority,
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
    ],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", path("server.key"), "-out", path("server.crt")],
  );
  openssl(
    ...["req", "-x509", ...ec, ...authority, "-subj", "/CN=gateway-1", "-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", path("client.key"), "-out", path("client.crt")],
  );
  return {
    ca: path("ca.crt"),
    serverCert: path("server.crt"),
    serverKey: path("server.key"),
    clientCert: path("client.crt"),
    clientKey: path("client.key"),
  };
}
