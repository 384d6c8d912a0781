import { describe, expect, it } from "vitest";
import { cuts, framed, joined } from "../../test/support/pieces";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hex, packetFramer } from "./core";
import { mhz19c, mhz19Message } from "./mhz19c";
import { mhz19cModel } from "./mhz19c.model";

describe("messages", () => {
  /** Winsen MH-Z19B user's manual, V1.6, examples of the commands; the model uses the same checksum. */
  it.each([
    ["FF 01 86 00 00 00 00 00 79", [0xff, 0x01, 0x86]],
    ["FF 01 79 A0 00 00 00 00 E6", [0xff, 0x01, 0x79, 0xa0]],
    ["FF 01 79 00 00 00 00 00 86", [0xff, 0x01, 0x79, 0x00]],
    ["FF 01 99 00 00 00 07 D0 8F", [0xff, 0x01, 0x99, 0, 0, 0, 0x07, 0xd0]],
    ["FF 01 99 00 00 00 13 88 CB", [0xff, 0x01, 0x99, 0, 0, 0, 0x13, 0x88]],
  ])("are %s", (expected, bytes) => {
    expect(mhz19Message(...bytes)).toEqual([...hex(expected)]);
  });
});

describe("the conversion", () => {
  it("of the manual's example", () => {
    /** As above: 544 ppm. */
    expect(mhz19c.decode(hex("FF 86 02 20 00 00 00 00 58"))).toEqual([
      { sensor: "co2", unit: "[ppm]", quality: "good", value: 544 },
    ]);
    // A byte that some copies fill, and the manual does not mention.
    expect(mhz19c.decode(Uint8Array.from(mhz19Message(0xff, 0x86, 0x02, 0x60, 0x47)))).toMatchObject([{ value: 608 }]);
  });

  it("of low, saturated and damaged messages", () => {
    expect(mhz19c.decode(hex("FF 86 01 2C 00 00 00 00 4D"))).toMatchObject([{ value: 300, quality: "uncertain" }]);
    expect(mhz19c.decode(Uint8Array.from(mhz19Message(0xff, 0x86, 0xff, 0xff)))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected 0 to 5000 [ppm], got 65535" },
    ]);
    for (const damaged of ["FF 86 02 21 00 00 00 00 58", "FF 86 02", "FF 99 01 00 00 00 00 00 66"]) {
      expect(mhz19c.decode(hex(damaged))).toMatchObject([{ value: null, quality: "bad", reason: "checksum error" }]);
    }
  });
});

it("finds the answer however it is cut, behind answers to other commands", () => {
  const answer = hex("FF 86 02 20 00 00 00 00 58");
  const framer = () => packetFramer({ start: [0xff, 0x86], length: 9 });
  for (const pieces of cuts(joined(hex("00 FF 99 01 00 00 00 00 00 66 FF"), answer))) {
    expect(framed(framer, pieces)).toEqual([answer]);
  }
});

describe("on a simulated bus", () => {
  function connected(options?: Record<string, unknown>) {
    const clock = new VirtualClock(0);
    const bus = new SimulatedBus("serial", clock);
    const part = bus.plug(mhz19cModel, { values: { co2: 6200 } });
    return { clock, bus, part, session: mhz19c.connect(bus.shared(), { options }) };
  }

  it("measures in the range that it was set to", async () => {
    const wide = connected({ range: "10000", selfCalibration: "off" });
    expect(await wide.clock.run(wide.session.read())).toMatchObject([
      { value: 6200, quality: "uncertain", reason: "warming up: it has been in use for less than 60 s" },
    ]);
    await wide.clock.advance(60_000);
    expect(await wide.clock.run(wide.session.read())).toMatchObject([{ value: 6200, quality: "good" }]);
    const narrow = connected();
    expect(await narrow.clock.run(narrow.session.read())).toMatchObject([{ value: 5000 }]);
  });

  it("gives damaged answers as bad, says that nothing answers, and measures again", async () => {
    const { clock, part, session } = connected();
    await clock.run(session.read());
    part.corruptNext();
    expect(await clock.run(session.read())).toMatchObject([
      { value: null, quality: "bad", reason: expect.stringContaining("damaged") },
    ]);
    expect(await clock.run(session.read())).toMatchObject([{ value: 5000 }]);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "timeout" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject([{ value: 5000 }]);
  });
});
