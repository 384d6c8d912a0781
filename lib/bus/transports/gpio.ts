import { type ChildProcess, execFile, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Edge, GpioChip, GpioInput, GpioOutput, InputOptions, LineOptions, OutputOptions } from "../contract";
import { BusError } from "../error";
import { type DeviceFile, systemError } from "./errno";

const run = promisify(execFile);
const TIMEOUT_MS = 2000;

/**
 * A GPIO chip by the character device, through the programs of Debian's gpiod, version 2: one process holds a line as long
 * as it is in use. Nothing has to be compiled, a crash stays outside the gateway, and the kernel's own debounce, bias and
 * time stamps are used. When the gateway ends, the processes end and their lines fall back to what the board makes of them.
 * @param path "/dev/gpiochip0"
 * @throws BusError
 */
export async function openGpio(path: string): Promise<GpioChip> {
  const file = { path, enable: "list the chips with gpiodetect", group: "gpio" };
  await access(path, constants.R_OK | constants.W_OK).catch((error: unknown) => {
    throw systemError(error, file);
  });
  await checkVersion();
  const chip = ["--chip", basename(path)];
  const running = new Set<LineProcess>();
  const started = (program: string, args: readonly string[]) => {
    const child = new LineProcess(program, [...chip, ...args], file, () => running.delete(child));
    running.add(child);
    return child;
  };
  const read = async (line: number, options: LineOptions) => {
    const args = [...chip, "--numeric", ...lineArguments(options), String(line)];
    const { stdout } = await run("gpioget", args, { timeout: TIMEOUT_MS }).catch((error: unknown) => {
      throw systemError(error, file);
    });
    return stdout.trim() === "1";
  };
  return {
    async input(line, options): Promise<GpioInput> {
      await read(line, options);
      return { read: () => read(line, options), close: async () => {} };
    },
    async watch(line, options, listener): Promise<GpioInput> {
      // While it is watched the line belongs to the watching process: its level follows from the edges.
      let level = await read(line, options);
      const child = started("gpiomon", watchArguments(line, options));
      await child.watch((edge, timestamp) => {
        level = edge === "rising";
        listener(edge, timestamp);
      });
      return { read: async () => child.checked(level), close: () => child.end() };
    },
    async output(line, options): Promise<GpioOutput> {
      const child = started("gpioset", outputArguments(line, options));
      await child.hasStarted();
      return { set: (value) => child.say(`set ${line}=${value ? 1 : 0}\n`), close: () => child.end() };
    },
    async close() {
      await Promise.all([...running].map((child) => child.end()));
    },
  };
}

async function checkVersion(): Promise<void> {
  const { stdout } = await run("gpioset", ["--version"], { timeout: TIMEOUT_MS }).catch((error: unknown) => {
    throw new BusError("module-missing", `this needs the programs of gpiod 2: sudo apt-get install gpiod`, {
      cause: error,
    });
  });
  const version = /v(\d+)\.[\d.]+/.exec(stdout);
  if (Number(version?.[1] ?? 0) >= 2) return;
  throw new BusError(
    "module-missing",
    `this needs gpiod 2 or later (Debian 13, Raspberry Pi OS of 2025, Ubuntu 24.10); installed is ${version?.[0] ?? stdout.trim()}`,
  );
}

/** gpioget(1), gpiomon(1), gpioset(1) of libgpiod 2. */
function lineArguments({ activeLow, bias }: LineOptions): string[] {
  const biases = { none: "disabled", "pull-up": "pull-up", "pull-down": "pull-down" };
  return [...(activeLow ? ["--active-low"] : []), ...(bias ? ["--bias", biases[bias]] : [])];
}

function watchArguments(line: number, options: InputOptions): string[] {
  const debounce = options.debounceMs ? ["--debounce-period", `${Math.round(options.debounceMs * 1000)}us`] : [];
  const format = ["--banner", "--event-clock", "realtime", "--format", "%E %S"];
  return [...format, ...debounce, ...lineArguments(options), String(line)];
}

function outputArguments(line: number, options: OutputOptions): string[] {
  const drive = options.drive ? ["--drive", options.drive] : [];
  return ["--interactive", ...drive, ...lineArguments(options), `${line}=${options.initial ? 1 : 0}`];
}

/** A program that holds a line. */
class LineProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #errors = "";
  #isEnding = false;
  #failure: BusError | undefined;

  constructor(
    program: string,
    args: readonly string[],
    private readonly file: DeviceFile,
    onEnd: () => void,
  ) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr!.on("data", (text: Buffer) => {
      this.#errors = (this.#errors + text).slice(-500);
    });
    this.#child.stdin!.on("error", () => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const ended = (what: string) => {
      if (!this.#isEnding) this.#failure = systemError(new Error(this.#errors.trim() || what), this.file);
      onEnd();
      resolve();
    };
    this.#child.once("error", (error) => ended(error.message));
    this.#child.once("close", () => ended(`${program} has ended`));
  }

  /** Calls back with each line of output that names an edge; settles when the program has the line. */
  async watch(listener: (edge: Edge, timestamp: number) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    createInterface({ input: this.#child.stdout! }).on("line", (text) => {
      const [, edge, seconds] = /^(rising|falling) ([\d.]+)$/.exec(text) ?? [];
      if (edge) listener(edge as Edge, Number(seconds) * 1000);
      else resolve();
    });
    await Promise.race([promise, this.#ended]);
    this.checked(undefined);
  }

  /** The program says nothing when it has the line, and ends at once when it cannot have it. */
  async hasStarted(): Promise<void> {
    this.#child.stdout!.resume();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 50);
    await Promise.race([promise, this.#ended]);
    clearTimeout(timer);
    this.checked(undefined);
  }

  async say(text: string): Promise<void> {
    this.checked(undefined);
    await new Promise<void>((resolve, reject) => {
      this.#child.stdin!.write(text, (error) => (error ? reject(systemError(error, this.file)) : resolve()));
    });
  }

  /** The value, unless the program has ended by itself. */
  checked<T>(value: T): T {
    if (this.#failure) throw this.#failure;
    return value;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
