import type { SerialPort, SerialSettings } from "../contract";
import { BusError } from "../error";
import { type DeviceFile, systemError } from "./errno";
import { optionalModule } from "./module";
import { openTty, sameSettings } from "./tty";

/** What is used of the package serialport (10 to 13). */
interface SerialPortPackage {
  readonly SerialPort: new (options: {
    readonly path: string;
    readonly baudRate: number;
    readonly dataBits: number;
    readonly parity: string;
    readonly stopBits: number;
    readonly autoOpen: false;
  }) => SerialPortHandle;
}

type Done = (error?: Error | null) => void;

interface SerialPortHandle {
  open(done: Done): void;
  write(bytes: Buffer, done: Done): void;
  drain(done: Done): void;
  close(done: Done): void;
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  on(event: "close" | "error", listener: (error?: Error | null) => void): unknown;
}

/**
 * A serial port by the package serialport; on Linux without it by the kernel's terminals, which need no package.
 * @throws BusError
 */
export async function openSerial(
  path: string,
  settings: SerialSettings,
  load: () => Promise<SerialPortPackage> = () => optionalModule<SerialPortPackage>("serialport"),
): Promise<SerialPort> {
  const file = { path, enable: "check that it is plugged in (ls /dev/serial/by-id)", group: "dialout" };
  const loaded = await load().catch((error: unknown) => {
    const isMissing = error instanceof BusError && error.code === "module-missing";
    if (isMissing && process.platform === "linux") return undefined;
    throw error;
  });
  if (!loaded) return openTty(file, settings);
  const port = new PackagePort(loaded, file, settings);
  await port.open();
  return port;
}

class PackagePort implements SerialPort {
  #settings: SerialSettings;
  #handle: SerialPortHandle | undefined;
  readonly #data = new Set<(bytes: Uint8Array) => void>();
  readonly #gone = new Set<(error: Error) => void>();

  constructor(
    private readonly loaded: SerialPortPackage,
    private readonly file: DeviceFile,
    settings: SerialSettings,
  ) {
    this.#settings = settings;
  }

  get settings(): SerialSettings {
    return this.#settings;
  }

  async open(): Promise<void> {
    const { baudRate, dataBits = 8, parity = "none", stopBits = 1 } = this.#settings;
    const frame = { baudRate, dataBits, parity, stopBits };
    const handle = new this.loaded.SerialPort({ path: this.file.path, ...frame, autoOpen: false });
    handle.on("data", (bytes) => {
      for (const listener of this.#data) listener(Uint8Array.from(bytes));
    });
    handle.on("error", (error) => this.#lost(handle, error));
    handle.on("close", (error) => this.#lost(handle, error));
    await this.#done((done) => handle.open(done));
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const handle = this.#open();
    await this.#done((done) => handle.write(Buffer.from(bytes), done));
    await this.#done((done) => handle.drain(done));
  }

  onData(listener: (bytes: Uint8Array) => void): () => void {
    this.#data.add(listener);
    return () => this.#data.delete(listener);
  }

  onGone(listener: (error: Error) => void): () => void {
    this.#gone.add(listener);
    return () => this.#gone.delete(listener);
  }

  /** The package changes only the speed of an open port, so it is opened anew. */
  async configure(settings: SerialSettings): Promise<void> {
    if (sameSettings(settings, this.#settings)) return;
    await this.#shut();
    this.#settings = settings;
    await this.open();
  }

  async close(): Promise<void> {
    this.#data.clear();
    this.#gone.clear();
    await this.#shut();
  }

  async #shut(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle) await this.#done((done) => handle.close(done));
  }

  #open(): SerialPortHandle {
    if (!this.#handle) throw new BusError("gone", `${this.file.path}: the port was closed`);
    return this.#handle;
  }

  #lost(handle: SerialPortHandle, error: Error | null | undefined): void {
    // Closed by us, or never open: who asked has been told.
    if (handle !== this.#handle) return;
    this.#handle = undefined;
    for (const listener of [...this.#gone]) listener(error ?? new Error("the port was closed"));
  }

  #done(work: (done: Done) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      work((error) => (error ? reject(systemError(error, this.file)) : resolve()));
    });
  }
}
