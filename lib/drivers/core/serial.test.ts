import { afterEach, describe, expect, it } from "vitest";
import { openPty, type Pty } from "../../../test/support/pty";
import { SharedBus, VirtualClock } from "../../bus";
import { SimulatedBus, serialModel } from "../../bus/simulated";
import { openSerial } from "../../bus/transports";
import { hex } from "./fields";
import { lineFramer, packetFramer } from "./framer";
import { modbusDriver } from "./modbus";
import { ask, serialDriver } from "./serial";
import { streamDriver } from "./stream";
import { bad } from "./values";

const text = (words: string) => new TextEncoder().encode(words);
const described = { maker: "nobody", measures: "nothing", datasheet: "none" };

/** Says "T=21.5" and a line end. */
const thermometer = streamDriver({
  name: "thermometer",
  ...described,
  framer: () => lineFramer(),
  channels: [{ sensor: "temperature", unit: "Cel", range: [-40, 85] }],
  decode: (message) => {
    const line = new TextDecoder().decode(message);
    if (line === "crash") throw new TypeError("a mistake in the driver");
    return line.startsWith("T=") ? { temperature: line === "T=" ? bad("no probe") : Number(line.slice(2)) } : {};
  },
  silenceMs: 400,
});

/** Answers two bytes to a question mark. */
const counter = serialDriver({
  name: "counter",
  ...described,
  read: [ask([0x3f], () => packetFramer({ start: [0x55], length: 2 }), { timeoutMs: 300 })],
  channels: [{ sensor: "count", unit: "1", raw: (frame) => frame[1]! }],
});

/** Registers of the frames in the shared vectors modbus_rtu.json: unit 0x11, FC03 from 0x6B, three registers. */
const probe = modbusDriver({
  name: "probe",
  ...described,
  addresses: [0x11],
  channels: [
    { sensor: "first", unit: "1", register: 0x6b, type: "u16" },
    { sensor: "second", unit: "%", register: 0x6c, scale: 0.01 },
    { sensor: "third", unit: "1", register: 0x6d, type: "s16" },
  ],
});
const QUESTION = "11 03 00 6B 00 03 76 87";
const ANSWER = "11 03 06 AE 41 56 52 43 40 49 AD";

let undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(undo.map((step) => step()));
  undo = [];
});

/** A real pseudo-terminal with a bus on it. */
async function line(): Promise<{ pty: Pty; bus: SharedBus<"serial"> }> {
  const pty = await openPty();
  const open = () => openSerial(pty.path, { baudRate: 115_200 });
  const bus = new SharedBus({ kind: "serial", key: pty.path, open });
  undo.push(() => bus.close().then(() => pty.unplug()));
  return { pty, bus };
}

describe("over a pseudo-terminal", () => {
  it("a part that speaks by itself is heard, however its words are cut", async () => {
    const { pty, bus } = await line();
    const session = thermometer.connect(bus);
    const heard: unknown[] = [];
    session.listen!((readings) => heard.push(...readings.map(({ value }) => value)));
    await expect.poll(() => bus.lastGood).toBeDefined();
    for (const byte of text("T=21.5\r\nnoise\nT=-3\n")) {
      pty.say(Uint8Array.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    pty.say(text("T=1\nT=2\nT="));
    pty.say(text("3\n"));
    await expect.poll(() => heard).toEqual([21.5, -3, 1, 2, 3]);
    expect(await session.read()).toMatchObject([{ sensor: "temperature", value: 3 }]);
    await expect(session.read()).rejects.toMatchObject({ code: "timeout" });
    await session.close();
  });

  it("a part that is asked answers, and one that does not is a timeout", async () => {
    const { pty, bus } = await line();
    const session = counter.connect(bus);
    await expect(session.read()).rejects.toMatchObject({ code: "timeout" });
    pty.onHeard((bytes) => bytes.includes(0x3f) && pty.say(Uint8Array.of(0, 0x55, 7)));
    expect(await session.read()).toMatchObject([{ sensor: "count", value: 7 }]);
  });

  it("Modbus RTU is spoken as the specification's frames are", async () => {
    const { pty, bus } = await line();
    const questions: number[] = [];
    pty.onHeard((bytes) => {
      questions.push(...bytes);
      if (questions.length % 8 === 0) for (const byte of hex(ANSWER)) pty.say(Uint8Array.of(byte));
    });
    expect(await probe.connect(bus).read()).toMatchObject([
      { sensor: "first", value: 0xae41 },
      { sensor: "second", value: expect.closeTo(220.98, 6) },
      { sensor: "third", value: 0x4340 },
    ]);
    expect(questions).toEqual([...hex(QUESTION)]);
  });

  it("the loss of the port is told, and it is opened anew when it is back", async () => {
    let current = await openPty();
    const bus = new SharedBus({
      kind: "serial",
      key: "tty",
      open: () => openSerial(current.path, { baudRate: 9600 }),
    });
    undo.push(() => bus.close().then(() => current.unplug()));
    const session = thermometer.connect(bus);
    const heard: unknown[] = [];
    const problems: string[] = [];
    session.listen!(
      (readings) => heard.push(readings[0]!.value),
      (problem) => problems.push(problem.code),
    );
    await expect.poll(() => bus.lastGood).toBeDefined();
    current.say(text("T=1\n"));
    await expect.poll(() => heard).toEqual([1]);
    await current.unplug();
    await expect.poll(() => problems, { timeout: 5000 }).toContain("gone");
    current = await openPty();
    const again = setInterval(() => current.say(text("T=2\n")), 100);
    await expect.poll(() => heard.at(-1), { timeout: 10_000 }).toBe(2);
    clearInterval(again);
    await session.close();
  });
});

describe("on a simulated line", () => {
  it("a mistake in a driver is a problem, not the end of the process", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("serial", clock);
    const lines = ["T=1", "crash", "T=", "T=99"];
    const message = () => text(`${lines.shift() ?? "idle"}\n`);
    bus.plug(serialModel({ quantities: {}, create: () => ({ speaks: { everyMs: 100, message } }) }));
    const session = thermometer.connect(bus.shared());
    const heard: unknown[] = [];
    const problems: string[] = [];
    session.listen!(
      (readings) => heard.push(readings[0]),
      (problem) => problems.push(problem.message),
    );
    await clock.advance(450);
    expect(heard).toMatchObject([
      { value: 1, quality: "good" },
      { value: null, reason: "no probe" },
      { value: null, reason: "out of range: expected -40 to 85 Cel, got 99" },
    ]);
    expect(problems).toEqual(["simulated-serial: a message cannot be understood: a mistake in the driver"]);
    expect(session.damaged).toBe(1);
    await session.close();
    await clock.advance(10_000);
  });

  it("packets with a wrong checksum are counted, and do not count as a message", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("serial", clock);
    const packets = ["55 07 5C", "55 08 00", "55 09 5E", "AA", "55 0A 00"];
    const message = () => hex(packets.shift() ?? "");
    bus.plug(serialModel({ quantities: {}, create: () => ({ speaks: { everyMs: 100, message } }) }));
    const scale = streamDriver({
      name: "scale",
      ...described,
      framer: () => packetFramer({ start: [0x55], length: 3, check: ([a, b, sum]) => a! + b! === sum }),
      channels: [{ sensor: "count", unit: "1" }],
      decode: (packet) => ({ count: packet[1]! }),
    });
    const session = scale.connect(bus.shared());
    const heard: unknown[] = [];
    session.listen!((readings) => heard.push(readings[0]!.value));
    await clock.advance(650);
    expect(heard).toEqual([7, 9]);
    expect(session.damaged).toBe(2);
    await session.close();
  });

  it("two Modbus units share a line, and an exception is told by its name", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("serial", clock);
    const answering = (unit: number, answer: string) =>
      serialModel({
        quantities: {},
        create: () => ({ answer: (bytes) => (bytes[0] === unit ? hex(answer) : undefined) }),
      });
    bus.plug(answering(0x11, ANSWER), { address: 0x11 });
    // Exception frame of the shared vectors, with the function of the request: its CRC recomputed.
    bus.plug(answering(0x0a, "0A 83 02 B1 33"), { address: 0x0a });
    const shared = bus.shared();
    const both = [probe.connect(shared).read(), probe.connect(shared, { address: 0x0a }).read()];
    const refused = expect(both[1]).rejects.toThrow("unit 10 refused: it has no such register (exception 2)");
    expect(await clock.run(both[0]!)).toHaveLength(3);
    await clock.run(both[1]!.catch(() => {}));
    await refused;
  });
});
