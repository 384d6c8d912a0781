import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** First wait before devices that ended are started again; doubled each time up to a minute. */
const RESTART_MS = 2000;

/** The child processes of the gateway: they start together, report with their name, and end together. */
export class GatewayProcesses {
  #children = new Set();
  #stopping = false;

  constructor(root) {
    this.root = root;
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => this.stop(0));
  }

  /** Resolves when the editor answers and the flows run; ends the gateway when Node-RED ends. */
  async startNodeRed(userDir, options) {
    const red = join(this.root, "node_modules/node-red/red.js");
    const env = { ...process.env, GATEWISE_MQTT_PORT: String(options.mqttPort) };
    const child = this.#spawn("node-red", ["--max-old-space-size=1024", red, "--userDir", userDir], env);
    const started = new Promise((resolve) => {
      child.lines.on("line", (line) => {
        if (line.includes("Started flows")) resolve();
      });
    });
    child.process.on("exit", (code) => this.stop(code === 0 ? 0 : 1, "Node-RED ended"));
    await started;
  }

  /** Simulated devices, or a recording; they come back when they end by mistake, a recording ends for good. */
  startDevices(options) {
    const broker = ["--broker", `mqtt://127.0.0.1:${options.mqttPort}`];
    if (options.replay) {
      this.#spawn("replay", [join(this.root, "scripts/devices/replay.mjs"), ...options.replay, ...broker], process.env);
    } else if (options.devices) {
      const scale = options.timeScale === undefined ? [] : ["--time-scale", options.timeScale];
      this.#keepDevices([join(this.root, "scripts/devices/simulate.mjs"), ...broker, ...scale], RESTART_MS);
    }
  }

  #keepDevices(args, waitMs) {
    const { process: child } = this.#spawn("devices", args, process.env);
    child.on("exit", (code) => {
      if (this.#stopping || code === 0 || code === 2) return;
      console.error(`devices: ended with ${code}, starting again in ${waitMs / 1000} s`);
      setTimeout(() => this.#keepDevices(args, Math.min(waitMs * 2, 60_000)), waitMs).unref();
    });
  }

  stop(code, reason) {
    if (this.#stopping) return;
    this.#stopping = true;
    if (reason) console.error(`start: ${reason}`);
    for (const child of this.#children) child.kill("SIGTERM");
    // Node-RED closes its nodes first, which saves their states; a child that hangs is not waited for.
    const deadline = setTimeout(() => {
      for (const child of this.#children) child.kill("SIGKILL");
    }, 15_000);
    Promise.all([...this.#children].map((child) => new Promise((resolve) => child.once("exit", resolve)))).then(() => {
      clearTimeout(deadline);
      process.exit(code);
    });
    if (this.#children.size === 0) process.exit(code);
  }

  #spawn(name, args, env) {
    const child = spawn(process.execPath, args, { cwd: this.root, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    child.on("error", (error) => console.error(`${name}: ${error.message}`));
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => console.log(`${name}: ${line}`));
    createInterface({ input: child.stderr }).on("line", (line) => console.error(`${name}: ${line}`));
    return { process: child, lines };
  }
}
