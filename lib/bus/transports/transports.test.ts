import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openGpio, openI2c, openOneWire, openSpi } from ".";

let folder: string;
const path = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-bus-"));
  process.env.PATH = `${folder}/bin:${path}`;
  mkdirSync(join(folder, "bin"));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

/** A program in the place of one that needs hardware. */
function program(name: string, script: string): void {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

const none = new Uint8Array(0);
const failing = (code: string) => Object.assign(new Error(`${code}: failed`), { code });

describe("I2C by i2c-bus", () => {
  async function opened(handle: object) {
    writeFileSync(join(folder, "i2c-1"), "");
    const openPromisified = async () => ({ close: async () => {}, ...handle }) as never;
    return openI2c(1, { folder, load: async () => ({ openPromisified }) });
  }

  it("reads a register after a repeated start, and longer answers in two parts", async () => {
    const calls: string[] = [];
    const fill =
      (name: string) =>
      async (address: number, ...rest: unknown[]) => {
        const buffer = rest.at(-1) as Buffer;
        const length = rest.at(-2) as number;
        if (name !== "i2cWrite") buffer.fill(0xab);
        calls.push(`${name} ${address} ${rest.slice(0, -1)}`);
        return { bytesRead: length, bytesWritten: length };
      };
    const names = ["readI2cBlock", "i2cRead", "i2cWrite"];
    const bus = await opened(Object.fromEntries(names.map((name) => [name, fill(name)])));
    expect(await bus.transfer(0x76, Uint8Array.of(0xf7), 8)).toEqual(new Uint8Array(8).fill(0xab));
    expect(await bus.transfer(0x44, Uint8Array.of(0x24, 0), 0)).toEqual(none);
    expect(await bus.transfer(0x68, Uint8Array.of(0x74), 1000)).toHaveLength(1000);
    expect(calls).toEqual(["readI2cBlock 118 247,8", "i2cWrite 68 2", "i2cWrite 104 1", "i2cRead 104 1000"]);
  });

  it.each([
    ["ENXIO", "nack"],
    ["EREMOTEIO", "nack"],
    ["ETIMEDOUT", "timeout"],
    ["EAGAIN", "stuck"],
    ["ENODEV", "gone"],
    ["EBUSY", "busy"],
  ])("says %s as %s", async (errno, code) => {
    const bus = await opened({ receiveByte: () => Promise.reject(failing(errno)) });
    await expect(bus.transfer(0x44, none, 0)).rejects.toMatchObject({ name: "BusError", code });
  });

  it("says what to do without the device file, without the right and without the package", async () => {
    await expect(openI2c(7, { folder })).rejects.toMatchObject({
      code: "gone",
      message: expect.stringMatching(/i2c-7: there is no such device; enable I2C \(raspi-config/),
    });
    writeFileSync(join(folder, "i2c-1"), "");
    const load = () => Promise.reject(failing("EACCES"));
    program("i2ctransfer", "exit 1");
    await expect(openI2c(1, { folder, load })).rejects.toMatchObject({
      code: "permission",
      message: expect.stringContaining("add the user that runs Node-RED to the group i2c"),
    });
    await expect(openI2c(1, { folder })).rejects.toMatchObject({
      code: "module-missing",
      message: expect.stringContaining('run "npm install i2c-bus"'),
    });
  });
});

describe("I2C by i2c-tools", () => {
  async function opened(script: string) {
    writeFileSync(join(folder, "i2c-1"), "");
    program("i2ctransfer", `[ "$1" = -V ] && exit 0\necho "$@" >> ${folder}/calls\n${script}`);
    return openI2c(1, { folder });
  }

  it("writes and reads in one transfer", async () => {
    const bus = await opened('echo "0x60 0x01 0xff"');
    expect(await bus.transfer(0x76, Uint8Array.of(0xd0), 3)).toEqual(Uint8Array.of(0x60, 1, 0xff));
    await bus.transfer(0x08, Uint8Array.of(1, 2), 0);
    await bus.transfer(0x44, none, 0);
    const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    expect(calls).toEqual(["-y 1 w1@0x76 208 r3", "-y 1 w2@0x08 1 2", "-y 1 r1@0x44"]);
  });

  it("says when nobody answers", async () => {
    const bus = await opened('echo "Error: Sending messages failed: Remote I/O error" >&2; exit 1');
    await expect(bus.transfer(0x44, none, 1)).rejects.toMatchObject({ code: "nack" });
  });
});

describe("SPI by spi-device", () => {
  it("opens each chip select once, in its mode", async () => {
    const log: string[] = [];
    const open = (bus: number, device: number, { mode }: { mode: number }, done: (error: null) => void) => {
      log.push(`open ${bus}.${device} mode ${mode}`);
      queueMicrotask(() => done(null));
      return {
        transfer: (
          [message]: readonly { sendBuffer: Buffer; receiveBuffer: Buffer; speedHz: number }[],
          settle: (e: null) => void,
        ) => {
          log.push(`${message!.sendBuffer.toString("hex")} at ${message!.speedHz}`);
          message!.receiveBuffer.set([1, 2, 3]);
          settle(null);
        },
        close: (settle: (error: null) => void) => {
          log.push(`close ${device}`);
          settle(null);
        },
      };
    };
    const bus = await openSpi(0, async () => ({ open }));
    const options = { mode: 0, speedHz: 1000, chipSelect: 1 } as const;
    expect(await bus.transfer(Uint8Array.of(9, 8, 7), options)).toEqual(Uint8Array.of(1, 2, 3));
    await bus.transfer(Uint8Array.of(9, 8, 7), options);
    await bus.close();
    expect(log).toEqual(["open 0.1 mode 0", "090807 at 1000", "090807 at 1000", "close 1"]);
  });

  it("tries a missing chip select again", async () => {
    let isThere = false;
    const handle = { transfer: (_: unknown, done: (error: null) => void) => done(null), close: () => {} };
    const open = (_: number, __: number, ___: object, done: (error: Error | null) => void) => {
      queueMicrotask(() => done(isThere ? null : failing("ENOENT")));
      return handle;
    };
    const bus = await openSpi(0, async () => ({ open }));
    const transfer = () => bus.transfer(Uint8Array.of(1), { mode: 0, speedHz: 1, chipSelect: 0 });
    await expect(transfer()).rejects.toMatchObject({
      code: "gone",
      message: expect.stringContaining("/dev/spidev0.0"),
    });
    isThere = true;
    expect(await transfer()).toEqual(Uint8Array.of(0));
  });

  it("says what to install", async () => {
    await expect(openSpi(0)).rejects.toThrow('run "npm install spi-device"');
  });
});

describe("1-Wire by the kernel", () => {
  const rom = "28-000001b81c02";
  beforeEach(() => {
    for (const device of [`w1_bus_master1/${rom}`, "w1_bus_master1/10-000000000001", rom]) {
      mkdirSync(join(folder, device), { recursive: true });
    }
  });
  const give = (text: string) => writeFileSync(join(folder, rom, "w1_slave"), text);

  it("lists devices, and reads the scratchpad that w1_therm prints", async () => {
    const bus = await openOneWire("w1_bus_master1", folder);
    expect(await bus.search("28")).toEqual([rom]);
    expect(await bus.search()).toEqual(["10-000000000001", rom]);
    give("91 01 4b 46 7f ff 0f 10 25 : crc=25 YES\n91 01 4b 46 7f ff 0f 10 25 t=25062\n");
    const bytes = await bus.readScratchpad(rom);
    expect([...bytes]).toEqual([0x91, 0x01, 0x4b, 0x46, 0x7f, 0xff, 0x0f, 0x10, 0x25]);
  });

  it("starts one conversion for all who ask together, where the kernel can", async () => {
    writeFileSync(join(folder, "w1_bus_master1/therm_bulk_read"), "0\n");
    const bus = await openOneWire("w1_bus_master1", folder);
    await Promise.all([bus.convert(rom, 750), bus.convert(rom, 750)]);
    expect(readFileSync(join(folder, "w1_bus_master1/therm_bulk_read"), "utf8")).toBe("trigger\n");
  });

  it("sets the resolution", async () => {
    writeFileSync(join(folder, rom, "resolution"), "12\n");
    const bus = await openOneWire("w1_bus_master1", folder);
    await bus.writeScratchpad(rom, Uint8Array.of(0x7f, 0x80, 0x3f));
    expect(readFileSync(join(folder, rom, "resolution"), "utf8")).toBe("10");
  });

  it("says when a device or the bus is gone, and takes no path for an id", async () => {
    const bus = await openOneWire("w1_bus_master1", folder);
    await expect(bus.readScratchpad("28-0123456789ab")).rejects.toMatchObject({ code: "nack" });
    give("");
    await expect(bus.readScratchpad(rom)).rejects.toMatchObject({ code: "nack" });
    await expect(bus.readScratchpad("../../etc")).rejects.toThrow("expected a ROM id");
    await expect(openOneWire("w1_bus_master9", folder)).rejects.toMatchObject({
      code: "gone",
      message: expect.stringContaining("enable 1-Wire"),
    });
  });
});

describe("GPIO by gpiod", () => {
  const chip = () => join(folder, "gpiochip0");
  beforeEach(() => writeFileSync(chip(), ""));
  const log = () => readFileSync(join(folder, "log"), "utf8").trim().split("\n");
  const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 5000 }).toBe(true);

  /** Stand-ins with the options and the output of libgpiod 2.2's programs. */
  function programs(): void {
    program("gpioget", `echo "get $@" >> ${folder}/log; echo 1`);
    program(
      "gpiomon",
      `echo "mon $@" >> ${folder}/log; echo "Monitoring line 17..."; cat ${folder}/edges; exec sleep 60`,
    );
    program(
      "gpioset",
      `[ "$1" = --version ] && { echo "gpioset (libgpiod) v2.2.1"; exit 0; }
echo "set $@" >> ${folder}/log
while read line; do echo "$line" >> ${folder}/log; done
echo ended >> ${folder}/log`,
    );
  }

  it("holds an output as long as it is used", async () => {
    programs();
    const gpio = await openGpio(chip());
    const line = await gpio.output(17, { initial: false, activeLow: true, drive: "open-drain" });
    await line.set(true);
    await line.set(false);
    await until(() => log().length >= 3);
    expect(log()).toEqual([
      "set --chip gpiochip0 --interactive --drive open-drain --active-low 17=0",
      "set 17=1",
      "set 17=0",
    ]);
    await line.close();
    await gpio.close();
    await expect(line.set(true)).rejects.toBeInstanceOf(Error);
  });

  it("reports edges with the kernel's time", async () => {
    programs();
    writeFileSync(join(folder, "edges"), "falling 1770000000.000000001\nrising 1770000000.250000000\n");
    const gpio = await openGpio(chip());
    const edges: unknown[] = [];
    const options = { bias: "pull-up", debounceMs: 2.5 } as const;
    const line = await gpio.watch(17, options, (edge, timestamp) => edges.push([edge, timestamp]));
    await until(() => edges.length === 2);
    expect(edges).toEqual([
      ["falling", 1770000000000],
      ["rising", 1770000000250],
    ]);
    expect(await line.read()).toBe(true);
    expect(log().at(-1)).toBe(
      "mon --chip gpiochip0 --banner --event-clock realtime --format %E %S --debounce-period 2500us --bias pull-up 17",
    );
    await gpio.close();
  });

  it("says when a line is in use", async () => {
    programs();
    program("gpiomon", 'echo "gpiomon: unable to request lines: Device or resource busy" >&2; exit 1');
    const gpio = await openGpio(chip());
    await expect(gpio.watch(17, {}, () => {})).rejects.toMatchObject({ code: "busy" });
  });

  it("says when the program that holds a line has ended", async () => {
    programs();
    program("gpiomon", 'echo "Monitoring line 17..."; exit 0');
    const gpio = await openGpio(chip());
    const line = await gpio.watch(17, {}, () => {});
    await expect.poll(() => line.read().catch((error: Error) => error.message)).toContain("gpiomon has ended");
  });

  it("says what to install, and what is too old", async () => {
    await expect(openGpio(join(folder, "gpiochip9"))).rejects.toMatchObject({ code: "gone" });
    program("gpioset", 'echo "gpioset (libgpiod) v1.6.3"');
    await expect(openGpio(chip())).rejects.toThrow(/needs gpiod 2 or later .* installed is v1\.6\.3/);
    process.env.PATH = join(folder, "bin");
    rmSync(join(folder, "bin/gpioset"));
    await expect(openGpio(chip())).rejects.toThrow("sudo apt-get install gpiod");
    expect(readdirSync(folder)).toContain("gpiochip0");
  });
});
