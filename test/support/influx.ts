import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ended } from "./child";
import { freePort } from "./mosquitto";
import { program } from "./needs";

interface InfluxOptions {
  /** Requires a login; the first user is made with `createAdmin`. */
  readonly auth?: boolean;
  /** Largest body of a write, bytes. */
  readonly maxBodySize?: number;
}

const READY_MS = 30_000;

/** A real influxd 1.x with its own data folder and ports, which can be stopped, killed and started again. */
export class Influx {
  readonly #folder = mkdtempSync(join(tmpdir(), "influx-"));
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly rpcPort: number,
    private readonly options: InfluxOptions,
  ) {
    writeFileSync(this.#config, this.#configuration());
  }

  /** Prepares a server without starting it. */
  static async prepare(options: InfluxOptions = {}): Promise<Influx> {
    return new Influx(await freePort(), await freePort(), options);
  }

  static async start(options: InfluxOptions = {}): Promise<Influx> {
    const influx = await Influx.prepare(options);
    await influx.start();
    return influx;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get #config(): string {
    return join(this.#folder, "influxdb.conf");
  }

  #configuration(): string {
    const { auth = false, maxBodySize = 25_000_000 } = this.options;
    const quote = (path: string): string => JSON.stringify(join(this.#folder, path));
    return `
reporting-disabled = true
bind-address = "127.0.0.1:${this.rpcPort}"
[meta]
  dir = ${quote("meta")}
[data]
  dir = ${quote("data")}
  wal-dir = ${quote("wal")}
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${this.port}"
  auth-enabled = ${auth}
  max-body-size = ${maxBodySize}
  log-enabled = false
[continuous_queries]
  enabled = false
`;
  }

  async start(): Promise<void> {
    const child = spawn(program("influxd"), ["run", "-config", this.#config], { stdio: "ignore" });
    this.#process = child;
    const deadline = Date.now() + READY_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`influxd ended with ${child.exitCode}`);
      if (Date.now() > deadline) throw new Error("influxd did not answer in time");
      await sleep(50);
    }
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/ping`)).status === 204;
    } catch {
      return false;
    }
  }

  /** Ends the server; its data stay for the next start. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await ended(child, signal);
  }

  /** Ends the server and removes its data. */
  async dispose(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs InfluxQL and returns the rows of all series, as arrays in the order of the columns. */
  async query(statement: string, database = "", login = ""): Promise<unknown[][]> {
    const body = new URLSearchParams({ q: statement, db: database, epoch: "ns" });
    const headers: Record<string, string> = login
      ? { Authorization: `Basic ${Buffer.from(login).toString("base64")}` }
      : {};
    const answer = await fetch(`${this.url}/query`, { method: "POST", body, headers });
    const { results, error } = (await answer.json()) as QueryAnswer;
    const failure = error ?? results?.find((result) => result.error)?.error;
    if (failure) throw new Error(failure);
    return results?.flatMap(({ series = [] }) => series.flatMap(({ values }) => values)) ?? [];
  }

  async createAdmin(user: string, password: string): Promise<void> {
    await this.query(`CREATE USER "${user}" WITH PASSWORD '${password}' WITH ALL PRIVILEGES`);
  }
}

interface QueryAnswer {
  readonly error?: string;
  readonly results?: { readonly error?: string; readonly series?: { readonly values: unknown[][] }[] }[];
}
