import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OneWireBus } from "../contract";
import { BusError } from "../error";
import { type DeviceFile, systemError } from "./errno";

const SYSFS = "/sys/bus/w1/devices";
const ROM = /^[0-9a-f]{2}-[0-9a-f]{12}$/;

/**
 * 1-Wire by the kernel's w1 drivers (Documentation/w1/slaves/w1_therm), which need no package. Reading `w1_slave` gives the
 * nine bytes of the scratchpad, after a conversion unless one was done by `therm_bulk_read` before.
 * @param master "w1_bus_master1"
 * @throws BusError
 */
export async function openOneWire(master = "w1_bus_master1", root = SYSFS): Promise<OneWireBus> {
  const folder = join(root, master);
  const file = {
    path: folder,
    enable: "enable 1-Wire (raspi-config, Interface Options; or dtoverlay=w1-gpio in config.txt)",
    group: "gpio",
  };
  await readdir(folder).catch((error: unknown) => {
    throw systemError(error, file);
  });
  const pathOf = (rom: string, name: string) => {
    // The id becomes part of a path.
    if (!ROM.test(rom)) throw new BusError("nack", `expected a ROM id like 28-0123456789ab, got "${rom}"`);
    return join(root, rom, name);
  };
  const conversions = new Conversions(folder);
  return {
    async search(family) {
      const names = await readdir(folder).catch((error: unknown) => {
        throw systemError(error, file);
      });
      return names.filter((name) => ROM.test(name) && (family === undefined || name.startsWith(`${family}-`))).sort();
    },
    async convert(rom) {
      // The files of a device that is gone vanish at the kernel's next search.
      await readdir(join(root, rom)).catch(absent(rom));
      await conversions.all();
    },
    async readScratchpad(rom) {
      const text = await readFile(pathOf(rom, "w1_slave"), "latin1").catch(absent(rom));
      return scratchpadOf(text, rom);
    },
    async writeScratchpad(rom, bytes) {
      const config = bytes[2];
      if (config === undefined) return;
      const bits = 9 + ((config >> 5) & 3);
      await writeFile(pathOf(rom, "resolution"), String(bits)).catch((error: NodeJS.ErrnoException) => {
        // Before Linux 5.10 there is no such file, and the part keeps its own resolution; writing needs the right.
        if (error.code !== "ENOENT" && error.code !== "EACCES") throw systemError(error, deviceFile(rom, file));
      });
    },
    async close() {},
  };
}

/** One conversion of all devices serves all who ask for one at the same time. */
class Conversions {
  #running: Promise<void> | undefined;

  constructor(private readonly folder: string) {}

  all(): Promise<void> {
    this.#running ??= this.#trigger().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #trigger(): Promise<void> {
    // Where it may not be written, or the kernel is older than 5.10, reading the scratchpad converts by itself.
    await writeFile(join(this.folder, "therm_bulk_read"), "trigger\n", { flag: "r+" }).catch(() => undefined);
  }
}

/** "91 01 4b 46 7f ff 0f 10 25 : crc=25 YES", a second line repeats them with the temperature. */
function scratchpadOf(text: string, rom: string): Uint8Array {
  const bytes = /^((?:[0-9a-f]{2} ){9}):/.exec(text)?.[1]?.trim().split(" ");
  if (!bytes) throw new BusError("nack", `${rom} gives no data`);
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16));
}

const deviceFile = (rom: string, file: DeviceFile): DeviceFile => ({ ...file, path: rom });

const absent =
  (rom: string) =>
  (error: NodeJS.ErrnoException): never => {
    const code = error.code === "EACCES" ? "permission" : "nack";
    throw new BusError(code, `${rom} does not answer: ${error.message}`, { cause: error });
  };
