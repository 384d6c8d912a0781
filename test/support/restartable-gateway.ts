import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ended } from "./child";
import { checkoutNodeRed, type FlowNode } from "./gateway";
import { freePort, until } from "./mosquitto";
import { linkPack } from "./pack";

/** A real Node-RED with the built pack that can be killed and started again on the same user directory and port. */
export class RestartableGateway {
  readonly userDir = mkdtempSync(join(tmpdir(), "gatewise-restart-"));
  #process: ChildProcess | undefined;
  #log = "";

  private constructor(readonly port: number) {}

  static async prepare(
    flows: readonly FlowNode[],
    credentials: Readonly<Record<string, unknown>> = {},
  ): Promise<RestartableGateway> {
    const gateway = new RestartableGateway(await freePort());
    const settings = {
      uiPort: gateway.port,
      uiHost: "127.0.0.1",
      flowFile: "flows.json",
      credentialSecret: false,
      disableEditor: true,
      telemetry: { enabled: false, updateNotification: false },
      logging: { console: { level: "info", metrics: false, audit: false } },
    };
    writeFileSync(join(gateway.userDir, "settings.js"), `module.exports = ${JSON.stringify(settings)};\n`);
    writeFileSync(join(gateway.userDir, "flows.json"), JSON.stringify(flows));
    writeFileSync(join(gateway.userDir, "flows_cred.json"), JSON.stringify(credentials));
    writeFileSync(
      join(gateway.userDir, "package.json"),
      JSON.stringify({ name: "user-dir", version: "0.0.1", private: true }),
    );
    linkPack(gateway.userDir);
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it has written to its log since its last start. */
  log(): string {
    return this.#log;
  }

  /** Starts Node-RED and waits until its flows run. */
  async start(): Promise<void> {
    const args = [
      join(checkoutNodeRed(), "red.js"),
      "--userDir",
      this.userDir,
      "--settings",
      join(this.userDir, "settings.js"),
    ];
    const child = spawn(process.execPath, args, {
      cwd: this.userDir,
      env: { ...process.env, NODE_RED_DISABLE_TELEMETRY: "true", LANG: "C", NODE_ENV: "production" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    this.#log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
    await until(
      "the flows have started",
      () => {
        if (child.exitCode !== null) throw new Error(`Node-RED ended with ${child.exitCode}:\n${this.#log}`);
        return this.#log.includes("Started flows");
      },
      60_000,
    );
  }

  /** Ends the process, by default as a power switch would: it gets no chance to do anything. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await ended(child, signal);
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}
