import { execFile } from "node:child_process";
import { close, constants, open, write } from "node:fs";
import { ReadStream } from "node:tty";
import { promisify } from "node:util";
import type { SerialPort, SerialSettings } from "../contract";
import { BusError } from "../error";
import { type DeviceFile, systemError } from "./errno";

const run = promisify(execFile);
const openFile = promisify(open);
const writeFile = promisify(write);
const closeFile = promisify(close);
const WRITE_TIMEOUT_MS = 2000;

/** A serial line by Node's own terminal support and the program stty: works on every Linux without a package. */
export async function openTty(file: DeviceFile, initial: SerialSettings): Promise<SerialPort> {
  await configureTty(file, initial);
  // Not our terminal, and reads that do not wait: the event loop says when there is something.
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const descriptor = await openFile(file.path, flags).catch((error: unknown) => {
    throw systemError(error, file);
  });
  return new Tty(file, initial, descriptor);
}

class Tty implements SerialPort {
  #settings: SerialSettings;
  readonly #stream: ReadStream;
  readonly #data = new Set<(bytes: Uint8Array) => void>();
  readonly #gone = new Set<(error: Error) => void>();
  readonly #closed = Promise.withResolvers<void>();
  #isOpen = true;

  constructor(
    private readonly file: DeviceFile,
    settings: SerialSettings,
    private readonly descriptor: number,
  ) {
    this.#settings = settings;
    this.#stream = new ReadStream(descriptor);
    // libuv reads by a descriptor of its own where it could open the terminal once more; then this one is ours to close.
    const handle: { readonly fd?: number } | undefined = Reflect.get(this.#stream, "_handle");
    const isOurs = handle?.fd !== undefined && handle.fd !== descriptor;
    this.#stream.on("data", (bytes: Buffer) => {
      for (const listener of this.#data) listener(Uint8Array.from(bytes));
    });
    this.#stream.on("error", (error) => this.#lost(error));
    this.#stream.on("end", () => this.#lost(new Error("the device has hung up")));
    this.#stream.on("close", () => {
      if (!isOurs) return this.#closed.resolve();
      closeFile(descriptor).then(this.#closed.resolve, this.#closed.resolve);
    });
  }

  get settings(): SerialSettings {
    return this.#settings;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const deadline = performance.now() + WRITE_TIMEOUT_MS;
    let rest = Buffer.from(bytes);
    while (rest.length > 0) {
      if (!this.#isOpen) throw new BusError("gone", `${this.file.path}: the port was closed`);
      rest = rest.subarray(await this.#writeSome(rest));
      if (rest.length === 0) return;
      if (performance.now() > deadline) throw new BusError("stuck", `${this.file.path}: does not take what is written`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  onData(listener: (bytes: Uint8Array) => void): () => void {
    this.#data.add(listener);
    return () => this.#data.delete(listener);
  }

  onGone(listener: (error: Error) => void): () => void {
    this.#gone.add(listener);
    return () => this.#gone.delete(listener);
  }

  async configure(settings: SerialSettings): Promise<void> {
    if (sameSettings(settings, this.#settings)) return;
    await configureTty(this.file, settings);
    this.#settings = settings;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#data.clear();
    this.#gone.clear();
    this.#stream.destroy();
    await this.#closed.promise;
  }

  async #writeSome(bytes: Buffer): Promise<number> {
    try {
      const { bytesWritten } = await writeFile(this.descriptor, bytes);
      return bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw systemError(error, this.file);
    }
  }

  #lost(error: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const listener of [...this.#gone]) listener(error);
    this.#stream.destroy();
  }
}

export function sameSettings(a: SerialSettings, b: SerialSettings): boolean {
  const complete = ({ baudRate, dataBits = 8, parity = "none", stopBits = 1 }: SerialSettings) =>
    `${baudRate} ${dataBits} ${parity} ${stopBits}`;
  return complete(a) === complete(b);
}

/** Raw bytes, no flow control, modem lines ignored. */
async function configureTty(file: DeviceFile, settings: SerialSettings): Promise<void> {
  const { baudRate, dataBits = 8, parity = "none", stopBits = 1 } = settings;
  const parities = { none: ["-parenb"], even: ["parenb", "-parodd"], odd: ["parenb", "parodd"] };
  const frame = [`cs${dataBits}`, ...parities[parity], stopBits === 2 ? "cstopb" : "-cstopb"];
  const args = [
    "-F",
    file.path,
    String(baudRate),
    "raw",
    "-echo",
    "clocal",
    "-hupcl",
    "-crtscts",
    "-ixon",
    "-ixoff",
    ...frame,
  ];
  await run("stty", args, { timeout: WRITE_TIMEOUT_MS }).catch((error: unknown) => {
    throw systemError(error, file);
  });
}
