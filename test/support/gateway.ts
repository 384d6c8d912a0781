import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort, until } from "./mosquitto";
import { linkPack, root } from "./pack";

export type FlowNode = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

export interface GatewayOptions {
  readonly flows?: readonly FlowNode[];
  /** Folder of the node-red package; the checkout's by default. */
  readonly nodeRed?: string;
  /** Puts the pack into the user directory; by default a link to the built checkout. */
  readonly install?: (userDir: string) => void | Promise<void>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Files of the user directory, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A Node-RED of our own in a process of its own. */
export interface Gateway {
  readonly url: string;
  readonly port: number;
  readonly userDir: string;
  readonly pid: number;
  /** All it has written to its log so far. */
  log(): string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<T>;
  /** Deploys flows and waits until they have started. */
  deploy(flows: readonly FlowNode[]): Promise<void>;
  /** Ends it as a service manager does and waits for its end; returns its exit code. */
  stop(): Promise<number | null>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts Node-RED on a free port of the loopback and waits until its flows run. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const userDir = mkdtempSync(join(tmpdir(), "gatewise-gateway-"));
  const port = await freePort();
  writeUserDir(userDir, port, options);
  await (options.install ?? linkPack)(userDir);
  const red = join(options.nodeRed ?? checkoutNodeRed(), "red.js");
  const args = [...(options.nodeArgs ?? []), red, "--userDir", userDir, "--settings", join(userDir, "settings.js")];
  const child = spawn(process.execPath, args, {
    cwd: userDir,
    env: { ...process.env, NODE_RED_DISABLE_TELEMETRY: "true", LANG: "C", NODE_ENV: "production", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  running.add(child);
  child.once("exit", () => running.delete(child));
  const gateway = handle(child, output, userDir, port);
  try {
    await started(child, output, 1);
    return gateway;
  } catch (error) {
    await gateway.stop();
    throw error;
  }
}

/** The Node-RED that the checkout develops against. */
export function checkoutNodeRed(): string {
  return dirname(createRequire(join(root, "package.json")).resolve("node-red/package.json"));
}

export function nodeRedVersion(folder = checkoutNodeRed()): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}

function writeUserDir(userDir: string, port: number, options: GatewayOptions): void {
  const settings = {
    uiPort: port,
    uiHost: "127.0.0.1",
    flowFile: "flows.json",
    credentialSecret: "test",
    lang: "en-US",
    telemetry: { enabled: false, updateNotification: false },
    // Development dependencies of the checkout that are Node-RED modules themselves.
    nodesExcludes: ["node-red-dashboard"],
    editorTheme: { tours: false, palette: { catalogues: [] }, projects: { enabled: false } },
    logging: { console: { level: "info", metrics: false, audit: false } },
    ...options.settings,
  };
  const flows = options.flows ?? [{ id: "tab", type: "tab", label: "Flow 1" }];
  const files = {
    "settings.js": `module.exports = ${JSON.stringify(settings, null, 2)};\n`,
    "flows.json": JSON.stringify(flows),
    "package.json": JSON.stringify({ name: "user-dir", version: "0.0.1", private: true }),
    ...options.files,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(userDir, name)), { recursive: true });
    writeFileSync(join(userDir, name), text);
  }
}

interface Output {
  text: string;
}

function collect(child: ChildProcess): Output {
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      output.text += chunk;
    });
  }
  return output;
}

/** Waits until flows have been started `times` times. */
async function started(child: ChildProcess, output: Output, times: number): Promise<void> {
  await until(
    "the flows have started",
    () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(
          `Node-RED ended (${child.exitCode ?? child.signalCode}) before its flows had started:\n${output.text}`,
        );
      }
      return startsIn(output) >= times;
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : error}\n${output.text.slice(-4000)}`);
  });
}

function startsIn(output: Output): number {
  return output.text.match(/\[info\] Started (modified )?(flows|nodes)/g)?.length ?? 0;
}

function handle(child: ChildProcess, output: Output, userDir: string, port: number): Gateway {
  const url = `http://127.0.0.1:${port}`;
  const request = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init?.method ?? "GET"} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };
  const gateway: Gateway = {
    url,
    port,
    userDir,
    pid: child.pid ?? -1,
    log: () => output.text,
    get: (path) => request(path, { headers: { Accept: "application/json", "Node-RED-API-Version": "v2" } }),
    post: (path, body, headers = {}) =>
      request(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Node-RED-API-Version": "v2", ...headers },
        body: JSON.stringify(body),
      }),
    deploy: async (flows) => {
      const before = startsIn(output);
      await gateway.post("/flows", { flows }, { "Node-RED-Deployment-Type": "full" });
      await started(child, output, before + 1);
    },
    stop: async () => {
      const code = await end(child);
      rmSync(userDir, { recursive: true, force: true });
      return code;
    },
  };
  return gateway;
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await exited;
  clearTimeout(patience);
  return child.exitCode;
}
