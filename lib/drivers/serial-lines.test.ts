import { afterEach, describe, expect, it } from "vitest";
import { openPty, type Pty } from "../../test/support/pty";
import { SharedBus } from "../bus";
import { type ModelDefinition, SimulatedBus } from "../bus/simulated";
import { openSerial } from "../bus/transports";
import type { ChannelReading, SensorDriver } from "./core";
import { gnss } from "./gnss";
import { gnssModel } from "./gnss.model";
import { jxbs3001 } from "./jxbs3001";
import { jxbs3001Model } from "./jxbs3001.model";
import { mhz19c } from "./mhz19c";
import { mhz19cModel } from "./mhz19c.model";
import { pms5003 } from "./pms5003";
import { pms5003Model } from "./pms5003.model";
import { sds011 } from "./sds011";
import { sds011Model } from "./sds011.model";
import { sn3002 } from "./sn3002";
import { sn3002Model } from "./sn3002.model";

/** So long that the terminal hands on one piece before the next. */
const PAUSE_MS = 3;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A real pseudo-terminal as a bus, with a simulated part at its other end. */
async function wired(model: ModelDefinition<"serial">, values: Readonly<Record<string, number>>) {
  const pty = await openPty();
  const open = () => openSerial(pty.path, { baudRate: 115_200 });
  const bus = new SharedBus({ kind: "serial", key: pty.path, open });
  undo.push(
    () => pty.unplug(),
    () => bus.close(),
  );
  return { pty, bus, part: new SimulatedBus("serial").plug(model, { address: 1, values }) };
}

async function sayInPieces(pty: Pty, bytes: Uint8Array, cut: number): Promise<void> {
  pty.say(bytes.subarray(0, cut));
  await pause(PAUSE_MS);
  pty.say(bytes.subarray(cut));
}

const numbers = (readings: readonly ChannelReading[]) =>
  Object.fromEntries(
    readings.map(({ sensor, value }) => [sensor, typeof value === "number" ? Number(value.toFixed(5)) : value]),
  );

describe("parts that speak, over a pseudo-terminal", () => {
  const place = { latitude: -33.8568, longitude: 151.2153, altitude: 12, speed: 5.14444, course: 271, satellites: 9 };
  const dust = { pm1: 7, "pm2.5": 250, pm10: 400, "particles0.3": 65_535 };

  it.each<[string, SensorDriver<"serial">, ModelDefinition<"serial">, Readonly<Record<string, number>>, number]>([
    ["a GNSS receiver", gnss, gnssModel, place, 3],
    ["a dust sensor", pms5003, pms5003Model, dust, 1],
  ])("%s is heard however its words are cut", async (_, driver, model, values, messages) => {
    const { pty, bus, part } = await wired(model, values);
    const session = driver.connect(bus);
    undo.push(() => session.close());
    const heard: (readonly ChannelReading[])[] = [];
    session.listen?.((readings) => heard.push(readings));
    await expect.poll(() => bus.lastGood, { timeout: 10_000 }).toBeDefined();
    const { length } = part.model.speaks!.message()!;
    for (let cut = 1; cut < length; cut++) await sayInPieces(pty, part.model.speaks!.message()!, cut);
    const all = messages * (length - 1);
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(all);
    expect(numbers(heard.slice(-messages).flat())).toMatchObject(values);
    expect(heard.flat().every(({ quality }) => quality !== "bad")).toBe(true);
    // Many at once, as after the gateway was busy.
    const message = part.model.speaks!.message()!;
    pty.say(Uint8Array.from({ length: 10 * message.length }, (_, index) => message[index % message.length]!));
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(all + 10 * messages);
    expect(session.damaged ?? 0).toBe(0);
  });
});

describe("parts that are asked, over a pseudo-terminal", () => {
  const soil = {
    moisture: 12.3,
    temperature: -3.4,
    conductivity: 850,
    ph: 7.1,
    nitrogen: 40,
    phosphorus: 3,
    potassium: 0,
  };

  /** Lets the part answer questions of `size` bytes, each answer cut somewhere else; `broken` says what is wrong instead. */
  function answering({ pty, part }: Awaited<ReturnType<typeof wired>>, size: number) {
    const broken: { now?: "damaged" | "silent" } = {};
    let cut = 1;
    const asked: number[] = [];
    const answer = (question: number[]) => {
      const bytes = part.model.answer?.(Uint8Array.from(question));
      if (!bytes || broken.now === "silent") return;
      if (broken.now === "damaged") bytes[4]! ^= 1;
      cut = (cut % bytes.length) + 1;
      void sayInPieces(pty, bytes, cut);
    };
    pty.onHeard((bytes) => {
      asked.push(...bytes);
      while (asked.length >= size) answer(asked.splice(0, size));
    });
    return broken;
  }

  it.each<
    [
      string,
      SensorDriver<"serial">,
      ModelDefinition<"serial">,
      Readonly<Record<string, number>>,
      [size: number, times: number],
    ]
  >([
    ["a CO2 sensor", mhz19c, mhz19cModel, { co2: 1234 }, [9, 10]],
    ["a dust sensor", sds011, sds011Model, { "pm2.5": 35.2, pm10: 99.9 }, [19, 10]],
    ["a soil probe", sn3002, sn3002Model, soil, [8, 20]],
    ["a soil probe of several requests", jxbs3001, jxbs3001Model, soil, [8, 10]],
  ])(
    "%s answers however its answers are cut, and says when they are damaged",
    async (_, driver, model, values, [size, times]) => {
      const line = await wired(model, values);
      const broken = answering(line, size);
      const session = driver.connect(line.bus);
      for (let i = 0; i < times; i++) expect(numbers(await session.read())).toMatchObject(values);
      broken.now = "damaged";
      const damaged = await session.read();
      expect(damaged.every(({ quality, reason }) => quality === "bad" && reason?.includes("damaged"))).toBe(true);
      broken.now = "silent";
      await expect(session.read()).rejects.toMatchObject({ code: "timeout" });
      broken.now = undefined;
      expect(numbers(await session.read())).toMatchObject(values);
    },
  );

  it("two masters on one line do not disturb each other", async () => {
    const line = await wired(sn3002Model, soil);
    answering(line, 8);
    const sessions = [sn3002.connect(line.bus), sn3002.connect(line.bus)];
    const reads = Array.from({ length: 10 }, () => sessions.map((session) => session.read())).flat();
    for (const readings of await Promise.all(reads)) expect(numbers(readings)).toMatchObject(soil);
  });
});
