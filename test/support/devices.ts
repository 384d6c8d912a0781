import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { DEFAULT_LIMITS } from "../../lib/codec";
import { jsonCodec } from "../../lib/codec/native-json";
import type { Reading } from "../../lib/reading";
import { type Mosquitto, startMosquitto } from "./mosquitto";

const root = resolve(__dirname, "../..");
const codec = jsonCodec(DEFAULT_LIMITS);

interface Told {
  readonly device: string;
  readonly kind: string;
  readonly payload: Buffer;
}

/** A real broker, a client that hears all that devices tell it, and the commands that play devices. */
export class DeviceBench {
  readonly directory = mkdtempSync(join(tmpdir(), "gatewise-devices-"));
  readonly #children: ChildProcess[] = [];
  #told: Told[] = [];

  private constructor(
    readonly broker: Mosquitto,
    private readonly watcher: MqttClient,
  ) {
    watcher.on("message", (topic, payload) => {
      const [, device = "", kind = ""] = topic.split("/");
      this.#told.push({ device, kind, payload });
    });
  }

  static async open(): Promise<DeviceBench> {
    const broker = await startMosquitto();
    const watcher = await connectAsync(broker.url);
    const bench = new DeviceBench(broker, watcher);
    await watcher.subscribeAsync("devices/#", { qos: 1 });
    return bench;
  }

  /** Runs one of the commands; `exited` gives its code and what it said. */
  run(script: "simulate" | "replay", ...args: string[]) {
    const path = join(root, `scripts/devices/${script}.mjs`);
    const child = spawn(process.execPath, [path, ...args], { cwd: this.directory });
    this.#children.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        said += chunk;
      });
    }
    const exited = once(child, "exit").then(([code]) => ({ code: code as number, said }));
    return { child, exited };
  }

  /** Writes a file into the directory that the commands run in. */
  file(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  messagesOf(device: string): number {
    return this.#of(device, "telemetry").length;
  }

  readingsOf(device: string): Reading[] {
    const context = { deviceId: device, topic: "", receivedAt: 0 };
    return this.#of(device, "telemetry").flatMap(({ payload }) => codec.decode(payload, context));
  }

  statusesOf(device: string): string[] {
    return this.#of(device, "status").map(({ payload }) => JSON.parse(payload.toString()).status);
  }

  /** Ends what a test has started and forgets what was heard. */
  reset(): void {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL");
    this.#told = [];
  }

  async close(): Promise<void> {
    this.reset();
    await this.watcher.endAsync(true);
    await this.broker.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #of(device: string, kind: string): Told[] {
    return this.#told.filter((one) => one.device === device && one.kind === kind);
  }
}
