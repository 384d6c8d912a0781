import { describe, expect, it } from "vitest";
import { cuts, framed, joined } from "../../test/support/pieces";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { BadData, hex } from "./core";
import { sum16 } from "./core/sums";
import { pms5003 } from "./pms5003";
import { pms5003Model } from "./pms5003.model";

/** Recorded from a part: Ameba Arduino's documentation of PMS3003, which sends the same packet. */
const AMEBA = hex("424D001C 001B00210029 001A00210029 2BFB04BE006B001000040004 6700 0446");
/** Recorded from a part: the pmsxx package of RT-Thread, README. */
const RT_THREAD = hex("424D001C 000300040007 000400050008 031B00F9001B000600030003 9A00 02A2");

/** As it is long after it was woken. */
const decoded = (packet: Uint8Array) => pms5003.decode(packet, { state: { since: 0 } });
const valuesOf = (packet: Uint8Array) => decoded(packet).map(({ value }) => value);

function altered(packet: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Uint8Array.from(packet);
  for (const [index, value] of Object.entries(changes)) bytes[Number(index)] = value;
  const sum = sum16(bytes.subarray(0, 30));
  bytes.set([sum >> 8, sum & 0xff], 30);
  return bytes;
}

describe("the conversion", () => {
  it("of recorded packets", () => {
    expect(valuesOf(AMEBA)).toEqual([26, 33, 41, 11259, 1214, 107, 16, 4, 4]);
    expect(valuesOf(RT_THREAD)).toEqual([4, 5, 8, 795, 249, 27, 6, 3, 3]);
    expect(decoded(RT_THREAD)[1]).toEqual({ sensor: "pm2.5", unit: "ug/m3", quality: "good", value: 5 });
  });

  it("doubts what is beyond the effective range, and refuses what is beyond the maximum", () => {
    expect(decoded(altered(RT_THREAD, { 12: 0x01, 13: 0xf4 }))[1]).toMatchObject({
      value: 500,
      quality: "good",
    });
    expect(decoded(altered(RT_THREAD, { 12: 0x01, 13: 0xf5 }))[1]).toMatchObject({
      ...{ value: 501, quality: "uncertain", reason: "beyond the effective range of 500 ug/m3" },
    });
    expect(decoded(altered(RT_THREAD, { 12: 0xff, 13: 0xff }))[1]).toMatchObject({
      ...{ value: null, quality: "bad", reason: "out of range: expected 0 to 1000 ug/m3, got 65535" },
    });
  });

  it("passes on the part's error and refuses damage", () => {
    const readings = decoded(altered(RT_THREAD, { 29: 2 }));
    expect(new Set(readings.map(({ reason }) => reason))).toEqual(new Set(["the part reports error 2"]));
    expect(() => decoded(hex("424D001C"))).toThrow(BadData);
    const damaged = Uint8Array.from(RT_THREAD);
    damaged[13]! ^= 1;
    expect(() => decoded(damaged)).toThrow("checksum error");
  });
});

describe("the framer", () => {
  const { framer } = pms5003.definition;

  it("finds the packets however the stream is cut, noise and answers to commands between them", () => {
    const stream = joined(hex("0029 424D0446"), AMEBA, hex("424D0004E101 0174"), RT_THREAD, AMEBA);
    for (const pieces of cuts(stream)) expect(framed(framer, pieces)).toEqual([AMEBA, RT_THREAD, AMEBA]);
  });

  it("loses only the packet that is damaged or cut short", () => {
    const damaged = Uint8Array.from(AMEBA);
    damaged[20]! ^= 0x80;
    // The Pimoroni forum, topic 15841: a packet of 30 bytes, the next one right behind it.
    for (const broken of [damaged, AMEBA.subarray(0, 30), AMEBA.subarray(0, 1)]) {
      for (const pieces of cuts(joined(broken, RT_THREAD, AMEBA))) {
        expect(framed(framer, pieces)).toEqual([RT_THREAD, AMEBA]);
      }
    }
  });
});

describe("on a simulated bus", () => {
  function connected() {
    const clock = new VirtualClock(0);
    const bus = new SimulatedBus("serial", clock);
    const values = { pm1: 7, "pm2.5": 250, pm10: 400, "particles0.3": 65_535, particles10: 0 };
    return { clock, part: bus.plug(pms5003Model, { values }), session: pms5003.connect(bus.shared()) };
  }

  it("measures", async () => {
    const { clock, session } = connected();
    const values = (await clock.run(session.read())).map(({ value }) => value);
    expect(values.slice(0, 4)).toEqual([7, 250, 400, 65_535]);
    expect(values.at(-1)).toBe(0);
    await session.close();
  });

  it("doubts what it measures in the first half minute", async () => {
    const { clock, session } = connected();
    const qualities = async () => new Set((await clock.run(session.read())).map(({ quality }) => quality));
    expect(await qualities()).toEqual(new Set(["uncertain"]));
    await clock.advance(31_000);
    await clock.run(session.read());
    expect(await qualities()).toEqual(new Set(["good"]));
    await session.close();
  });

  it("goes on after a damaged packet, and says when the part is silent", async () => {
    const { clock, part, session } = connected();
    part.corruptNext();
    expect(await clock.run(session.read())).toHaveLength(9);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "timeout" });
    part.plug();
    expect(await clock.run(session.read())).toHaveLength(9);
    await session.close();
  });
});
