import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BusError } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { allDrivers, openSensor, plugParts, type SensorSession } from "../drivers";
import {
  blockFigures,
  catalogOf,
  connectionsOf,
  driverOptions,
  type PartTables,
  partSpecs,
  placeOf,
  placeText,
  plugLines,
  readingsOf,
  scanBus,
  unreadable,
  withProbes,
} from ".";

describe("places", () => {
  it.each([
    ["i2c", "0x76", { address: 0x76 }, "0x76"],
    ["i2c", " 118 ", { address: 0x76 }, "0x76"],
    ["spi", "1", { chipSelect: 1 }, "1"],
    ["serial", "247", { address: 247 }, "247"],
    ["oneWire", "28-0000071CB72F", { rom: "28-0000071cb72f" }, "28-0000071cb72f"],
    ["gpio", "", {}, ""],
  ] as const)("%s: %s", (kind, text, place, shown) => {
    expect(placeOf(kind, text)).toEqual(place);
    expect(placeText(kind, place)).toBe(shown);
  });

  it.each([
    ["i2c", "0x80", "an I2C address from 0x08 to 0x77"],
    ["i2c", "76h", "an I2C address"],
    ["i2c", "-1", "an I2C address"],
    ["spi", "a", "a chip select"],
    ["serial", "0", "a Modbus unit from 1 to 247"],
    ["oneWire", "28", "a ROM id like"],
    ["gpio", "17", "its lines are among its options"],
  ] as const)("%s does not have %s", (kind, text, message) => {
    expect(() => placeOf(kind, text)).toThrow(message);
  });

  it("options are an object or nothing", () => {
    expect(driverOptions(" ")).toEqual({});
    expect(driverOptions('{"a": 1}')).toEqual({ a: 1 });
    expect(() => driverOptions("[1]")).toThrow("as an object");
  });
});

describe("readings", () => {
  const channels = [
    { sensor: "temperature", unit: "Cel", value: 20, quality: "good" },
    { sensor: "humidity", unit: "%", value: null, quality: "bad", reason: "checksum" },
  ] as const;

  it("are calibrated by gain and offset, and keep the reason why they are bad", () => {
    const calibrations = new Map([
      ["temperature", { gain: 1.1, offset: -0.5 }],
      ["humidity", { gain: 2, offset: 0 }],
    ]);
    expect(readingsOf("d", channels, 7, calibrations)).toEqual([
      { deviceId: "d", sensor: "temperature", unit: "Cel", value: 21.5, quality: "good", timestamp: 7 },
      {
        ...{ deviceId: "d", sensor: "humidity", unit: "%", value: null, quality: "bad", timestamp: 7 },
        metadata: { reason: "checksum" },
      },
    ]);
  });

  it("are never NaN or infinite", () => {
    const [reading] = readingsOf("d", channels, 7, new Map([["temperature", { gain: 1e308, offset: 1e308 }]]));
    expect(reading).toMatchObject({ value: null, quality: "bad" });
  });

  it("are bad on every channel when nobody answers", () => {
    expect(unreadable("d", channels, 7, "no device")).toMatchObject([
      { sensor: "temperature", value: null, quality: "bad", metadata: { reason: "no device" } },
      { sensor: "humidity", value: null, quality: "bad", metadata: { reason: "no device" } },
    ]);
  });

  it("of a block are its mean, its rms about the mean, and its peak", () => {
    // A sine of amplitude 2 about 9.8: its rms is 2 / sqrt(2).
    const samples = Float64Array.from({ length: 1000 }, (_, i) => 9.8 + 2 * Math.sin((2 * Math.PI * i) / 100));
    const block = { rateHz: 1000, timestamp: 0, channels: [{ sensor: "z", unit: "m/s2", samples }], overrun: false };
    expect(blockFigures(block)).toMatchObject([
      { sensor: "z.mean", value: expect.closeTo(9.8, 9), quality: "good" },
      { sensor: "z.rms", value: expect.closeTo(Math.SQRT2, 9), unit: "m/s2" },
      { sensor: "z.peak", value: expect.closeTo(2, 9) },
    ]);
    expect(blockFigures({ ...block, overrun: true })[0]).toMatchObject({ quality: "uncertain" });
    expect(blockFigures({ ...block, channels: [{ ...block.channels[0]!, samples: new Float64Array(0) }] })).toEqual([]);
  });
});

const tables = (more: Partial<PartTables> = {}): PartTables => ({
  parts: [{ driver: "sht31", place: "0x45", options: "" }],
  courses: [],
  faults: [],
  ...more,
});
const course = { part: "0x45", quantity: "temperature", amplitude: 5, period: 60, noise: 0, file: "", column: "" };

describe("the tables of a simulated bus", () => {
  const read = async (given: PartTables, folder = "") => {
    const simulation = new SimulatedBus("i2c");
    await plugParts(simulation as never, partSpecs("i2c", given, folder));
    const session = await openSensor("sht31", { bus: simulation.shared() as never }, { address: 0x45 });
    return session.read();
  };

  it("say what a part measures", async () => {
    const readings = await read(tables({ courses: [{ ...course, source: "constant", value: -12.5 }] }));
    expect(readings[0]).toMatchObject({ sensor: "temperature", value: expect.closeTo(-12.5, 2) });
  });

  it("play a recording", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gatewise-parts-"));
    writeFileSync(join(folder, "a.csv"), "time,T\n2026-01-01T00:00:00Z,31\n2026-01-01T01:00:00Z,31\n");
    const row = { ...course, source: "recording", value: 0, file: "a.csv", column: "T" } as const;
    expect((await read(tables({ courses: [row] }), folder))[0]!.value).toBeCloseTo(31, 2);
    rmSync(folder, { recursive: true });
  });

  it("say what goes wrong", async () => {
    const fault = { part: "sht31", quantity: "", amount: 0, at: 0, duration: 60, every: 0 };
    await expect(read(tables({ faults: [{ ...fault, kind: "nack" }] }))).rejects.toBeInstanceOf(BusError);
    expect((await read(tables({ faults: [{ ...fault, kind: "corrupt" }] })))[0]).toMatchObject({ quality: "bad" });
  });

  it.each([
    [{ courses: [{ ...course, part: "bme280", source: "constant", value: 1 }] }, 'there is no part "bme280"'],
    [{ courses: [{ ...course, quantity: "mass", source: "constant", value: 1 }] }, 'does not measure "mass"'],
    [{ courses: [{ ...course, source: "recording", value: 1 }] }, "the file of the recording"],
    [{ parts: [{ driver: "sht99", place: "", options: "" }] }, 'there is no driver "sht99"'],
    [{ parts: [{ driver: "mcp3008", place: "", options: "" }] }, "belongs on a bus of kind spi"],
  ] as const)("say what is wrong with them: %#", async (more, message) => {
    await expect(read(tables(more))).rejects.toThrow(message);
  });

  it("put parts on lines, and refuse what is no line's", async () => {
    const chip = new SimulatedBus("gpio");
    const row = { driver: "contact", place: "4", options: "" };
    const active = { ...course, part: "4", quantity: "active", source: "constant", value: 1 } as const;
    await plugLines(chip as never, tables({ parts: [row], courses: [active] }), "");
    const level = await chip.shared().hold((grip) => grip.use(async (gpio) => (await gpio.input(4, {})).read()));
    expect(level).toBe(false);
    const plug = (more: Partial<PartTables>) => plugLines(new SimulatedBus("gpio") as never, tables(more), "");
    await expect(plug({ parts: [{ ...row, driver: "relay" }] })).rejects.toThrow("expected one of contact");
    await expect(plug({ parts: [{ ...row, place: "x" }] })).rejects.toThrow("the number of a line");
  });
});

describe("who is on a bus", () => {
  it("is asked on I2C and 1-Wire, and not written to", async () => {
    const i2c = new SimulatedBus("i2c");
    await plugParts(i2c as never, [{ driver: "bme280" }, { driver: "sht31", address: 0x45 }]);
    const found = await scanBus(i2c.shared() as never, await allDrivers());
    expect(found.map(({ place }) => place)).toEqual(["0x45", "0x76"]);
    expect(found[1]!.drivers).toContainEqual({ id: "bme280", name: "BME280" });
    const wire = new SimulatedBus("oneWire");
    await plugParts(wire as never, [{ driver: "ds18b20", rom: "28-000001b81c02" }]);
    expect(await scanBus(wire.shared() as never, await allDrivers())).toMatchObject([
      { place: "28-000001b81c02", drivers: [{ id: "ds18b20" }] },
    ]);
  });

  it("cannot be asked on others, or on a bus that does not work", async () => {
    for (const kind of ["spi", "serial", "gpio"] as const) {
      await expect(scanBus(new SimulatedBus(kind).shared() as never, [])).rejects.toThrow("choose the");
    }
    const stuck = new SimulatedBus("i2c");
    stuck.breakDown(new BusError("stuck", "SDA is held down"));
    await expect(scanBus(stuck.shared() as never, [])).rejects.toThrow("SDA is held down");
  });
});

it("the catalogue has every driver, as JSON can carry it", async () => {
  const catalog = catalogOf(await allDrivers());
  expect(JSON.parse(JSON.stringify(catalog))).toHaveLength(catalog.length);
  expect(catalog.find(({ id }) => id === "bme280")).toMatchObject({
    ...{ role: "sensor", bus: "i2c", speaks: false, blocks: false, addresses: [0x76, 0x77] },
    channels: [{ name: "temperature", unit: "Cel" }, {}, {}],
  });
  expect(catalog.find(({ id }) => id === "adxl345")).toMatchObject({ blocks: true });
  expect(catalog.find(({ id }) => id === "pms5003")).toMatchObject({ speaks: true, bus: "serial" });
});

describe("analog probes", () => {
  const converter: SensorSession = {
    channels: [
      { sensor: "input0", unit: "V" },
      { sensor: "input1", unit: "V" },
    ],
    read: async () => [
      { sensor: "input0", unit: "V", value: 2, quality: "good" },
      { sensor: "input1", unit: "V", value: 0, quality: "good" },
    ],
    close: async () => {},
  };
  const row = { input: "input0", kind: "soil", sensor: "", unit: "", points: "2.8 = 0, 1.2=100" } as const;

  it("say what they measure instead of voltages", async () => {
    const rows = [row, { ...row, input: "input1", kind: "ph", sensor: "acidity", points: "0 = 7" }] as const;
    expect(await withProbes(converter, connectionsOf(rows)).read()).toMatchObject([
      { sensor: "moisture", unit: "%", value: expect.closeTo(50, 9) },
      { sensor: "acidity", unit: "[pH]", value: expect.closeTo(7, 9) },
    ]);
    expect(withProbes(converter, [])).toBe(converter);
  });

  it.each([
    [{ points: "2.8" }, "expected voltages and values"],
    [{ points: "2.8 = 0" }, "the voltages in dry and wet soil"],
    [{ kind: "table" }, "expected a channel"],
    [{ kind: "ph", points: "" }, "one or two buffers"],
    [{ input: "input9" }, 'has no input "input9"'],
  ] as const)("say what is wrong with them: %#", (more, message) => {
    expect(() => withProbes(converter, connectionsOf([{ ...row, ...more }]))).toThrow(message);
  });
});
