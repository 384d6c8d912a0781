import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cuts, framed, joined } from "../../../test/support/pieces";
import { BusError, VirtualClock } from "../../bus";
import { SimulatedBus, serialModel } from "../../bus/simulated";
import { modbusCrc } from "./crc";
import { hex } from "./fields";
import { modbusDevice, modbusDriver, modbusFrame, modbusFramer, silenceBefore } from "./modbus";

/**
 * Worked frames of the Simply Modbus reference pages and of MODBUS over Serial Line V1.02, appendix: the shared vectors
 * modbus_rtu.json.
 */
const FRAMES = [
  "01 03 00 00 00 0A C5 CD",
  "11 03 00 6B 00 03 76 87",
  "11 03 06 AE 41 56 52 43 40 49 AD",
  "11 05 00 AC FF 00 4E 8B",
  "11 06 00 01 00 03 9A 9B",
  "11 10 00 01 00 02 04 00 0A 01 02 C6 F0",
  "11 10 00 01 00 02 12 98",
  "11 01 00 13 00 25 0E 84",
  "11 01 05 CD 6B B2 0E 1B 45 E6",
  "11 02 00 C4 00 16 BA A9",
  "11 02 03 AC DB 35 20 18",
  "11 04 00 08 00 01 B2 98",
  "11 04 02 00 0A F8 F4",
  "11 0F 00 13 00 0A 02 CD 01 BF 0B",
  "11 0F 00 13 00 0A 26 99",
  "0A 81 02 B0 53",
  "02 07 41 12",
];
const READ = hex("11 03 00 6B 00 03 76 87");
const ANSWER = hex("11 03 06 AE 41 56 52 43 40 49 AD");

describe("frames", () => {
  it.each(FRAMES)("%s", (text) => {
    const frame = hex(text);
    expect(modbusFrame([...frame.subarray(0, -2)])).toEqual(frame);
    expect(modbusCrc(frame)).toBe(0);
  });

  it("have the catalogue's check value", () => {
    expect(modbusCrc(Buffer.from("123456789"))).toBe(0x4b37);
  });

  it("are kept apart by silence", () => {
    // MODBUS over Serial Line V1.02, 2.5.1.1: 3.5 characters of 11 bits; 1.75 ms above 19200 baud.
    expect(silenceBefore({ baudRate: 9600 })).toBeCloseTo(4.01, 2);
    expect(silenceBefore({ baudRate: 19_200 })).toBeCloseTo(2.005, 3);
    expect(silenceBefore({ baudRate: 115_200 })).toBe(1.75);
  });
});

describe("the framer", () => {
  it("finds answers of every function however they are cut", () => {
    const answers = [
      "11 01 05 CD 6B B2 0E 1B 45 E6",
      "11 04 02 00 0A F8 F4",
      "11 06 00 01 00 03 9A 9B",
      "11 10 00 01 00 02 12 98",
    ];
    for (const answer of answers.map(hex)) {
      for (const pieces of cuts(answer)) expect(framed(() => modbusFramer(0x11, answer[1]!), pieces)).toEqual([answer]);
    }
    for (const pieces of cuts(hex("0A 81 02 B0 53"))) {
      expect(framed(() => modbusFramer(0x0a, 1), pieces)).toEqual([hex("0A 81 02 B0 53")]);
    }
  });

  it("passes over an echo, noise, other units and damage", () => {
    const damaged = Uint8Array.from(ANSWER);
    damaged[5]! ^= 0x04;
    const stream = joined(READ, hex("00 FF 11 11 04"), hex("0A 81 02 B0 53"), damaged, ANSWER);
    for (const pieces of cuts(stream)) expect(framed(() => modbusFramer(0x11, 3, 6), pieces)).toEqual([ANSWER]);
  });

  it("is not misled by an echo whose register looks like a length", () => {
    const echo = modbusFrame([0x11, 3, 0x6b, 0, 0, 3]);
    for (const pieces of cuts(joined(echo, ANSWER))) {
      expect(framed(() => modbusFramer(0x11, 3, 6), pieces)).toEqual([ANSWER]);
    }
  });

  it("finds the answer behind any noise without the unit's number", () => {
    const noise = fc.uint8Array({ maxLength: 200, size: "max" }).map((bytes) => bytes.filter((byte) => byte !== 0x11));
    fc.assert(
      fc.property(noise, fc.nat(210), (before, at) => {
        const stream = joined(before, ANSWER);
        const pieces = [stream.subarray(0, at), stream.subarray(at)];
        expect(framed(() => modbusFramer(0x11, 3, 6), pieces)).toEqual([ANSWER]);
      }),
    );
  });
});

describe("a unit", () => {
  /** A line on which each question has its answers. */
  function line(answers: Readonly<Record<string, string>>) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("serial", clock);
    const byQuestion = new Map(
      Object.entries(answers).map(([question, answer]) => [hex(question).join(), hex(answer)]),
    );
    bus.plug(serialModel({ quantities: {}, create: () => ({ answer: (asked) => byQuestion.get(asked.join()) }) }));
    const shared = bus.shared();
    return <R>(work: (unit: ReturnType<typeof modbusDevice>) => Promise<R>, unit = 0x11) =>
      clock.run(shared.hold((grip) => work(modbusDevice(grip, unit))));
  }

  const ask = line({
    "11 03 00 6B 00 03 76 87": "11 03 06 AE 41 56 52 43 40 49 AD",
    "11 04 00 08 00 01 B2 98": "11 04 02 00 0A F8 F4",
    "11 06 00 01 00 03 9A 9B": "11 06 00 01 00 03 9A 9B",
  });

  it("reads and writes registers", async () => {
    expect(await ask((unit) => unit.readRegisters("holding", 0x6b, 3))).toEqual(hex("AE 41 56 52 43 40"));
    expect(await ask((unit) => unit.readRegisters("input", 8, 1))).toEqual(hex("00 0A"));
    await ask((unit) => unit.writeRegister(1, 3));
  });

  it("says that it does not answer", async () => {
    await expect(ask((unit) => unit.writeRegister(1, 4))).rejects.toMatchObject({ name: "BusError", code: "timeout" });
  });

  it.each([
    [1, "it does not know the function"],
    [2, "it has no such register"],
    [4, "it failed"],
    [6, "it is busy"],
    [99, "unknown reason"],
  ])("says why it refused: exception %d", async (exception, reason) => {
    const question = Buffer.from(modbusFrame([0x0a, 3, 0, 1, 0, 1])).toString("hex");
    const refuses = line({ [question]: Buffer.from(modbusFrame([0x0a, 0x83, exception])).toString("hex") });
    const refused = refuses((unit) => unit.readRegisters("holding", 1, 1), 0x0a);
    await expect(refused).rejects.toThrow(new BusError("nack", `unit 10 refused: ${reason} (exception ${exception})`));
  });

  it.each([
    ["damaged", "11 03 06 AE 41 56 52 43 40 49 AC"],
    ["cut short", "11 03 06 AE 41 56 52"],
    ["of another length", "11 03 02 00 0A F8 40"],
    ["noise", "FF"],
  ])("says that the answer is no answer: %s", async (_, answer) => {
    const says = line({ "11 03 00 6B 00 03 76 87": answer });
    const read = says((unit) => unit.readRegisters("holding", 0x6b, 3));
    await expect(read).rejects.toMatchObject({ code: "crc", message: expect.stringContaining(answer.slice(0, 2)) });
  });
});

describe("registers as numbers", () => {
  /** float_order_examples of modbus_rtu.json; 3.14 in IEEE 754 single precision. */
  it.each([
    ["f32", "40 48 F5 C3", 3.14],
    ["f32swapped", "F5 C3 40 48", 3.14],
    ["u32", "AE 41 56 52", 2923517522],
    ["s32", "AE 41 56 52", -1371449774],
    ["f32", "AE 41 56 52", -4.395978719928806e-11],
    ["s16", "43 40", 17216],
    ["s16", "FF 9B", -101],
    ["u16", "FF 9B", 65435],
  ] as const)("%s of %s", (type, registers, value) => {
    const driver = modbusDriver({
      ...{ name: "meter", maker: "any", measures: "a number", addresses: [1] },
      channels: [{ sensor: "number", unit: "1", register: 0x6b, type }],
    });
    const [reading] = driver.decode(hex(registers));
    expect(reading).toMatchObject({ quality: "good" });
    expect(Math.abs((reading!.value as number) / value - 1)).toBeLessThan(1e-7);
  });

  it("that are none are bad", () => {
    const driver = modbusDriver({
      ...{ name: "meter", maker: "any", measures: "a number", addresses: [1] },
      channels: [{ sensor: "number", unit: "1", register: 0, type: "f32" }],
    });
    expect(driver.decode(hex("7FC00000"))).toMatchObject([{ value: null, quality: "bad" }]);
    expect(driver.decode(hex("7F800000"))).toMatchObject([{ value: null, quality: "bad" }]);
    expect(driver.decode(hex("7F80"))).toMatchObject([
      { quality: "bad", reason: expect.stringContaining("incomplete") },
    ]);
  });
});
