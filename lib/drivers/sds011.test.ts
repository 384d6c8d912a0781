import { describe, expect, it } from "vitest";
import { cuts, framed, joined } from "../../test/support/pieces";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hex, packetFramer } from "./core";
import { sds011, sds011Command } from "./sds011";
import { sds011Model } from "./sds011.model";

/** Laser Dust Sensor Control Protocol V1.3, 2): 123.6 and 261.8 µg/m3. */
const EXAMPLE = hex("AA C0 D4 04 3A 0A A1 60 1D AB");

it("asks as in the protocol's example", () => {
  /** 2) "Query data command" of the same. */
  expect(sds011Command(0x04)).toEqual([...hex("AA B4 04 00 00 00 00 00 00 00 00 00 00 00 00 FF FF 02 AB")]);
  expect(sds011Command(0x06, 1, 0)).toEqual([...hex("AA B4 06 01 00 00 00 00 00 00 00 00 00 00 00 FF FF 05 AB")]);
});

describe("the conversion", () => {
  it("of the protocol's example", () => {
    expect(sds011.decode(EXAMPLE)).toEqual([
      { sensor: "pm2.5", unit: "ug/m3", quality: "good", value: 123.6 },
      { sensor: "pm10", unit: "ug/m3", quality: "good", value: 261.8 },
    ]);
  });

  it("of a recorded packet", () => {
    /** Particle community, topic 24221, page 4: "aac0 8c00 9400 bcf9 d5ab". */
    expect(sds011.decode(hex("aac0 8c00 9400 bcf9 d5ab"))).toMatchObject([{ value: 14 }, { value: 14.8 }]);
  });

  it("of what is out of range, damaged or another message", () => {
    expect(sds011.decode(hex("AA C0 FF FF 0F 27 A1 60 35 AB"))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected 0 to 999.9 ug/m3, got 6553.5" },
      { value: 999.9, quality: "good" },
    ]);
    for (const wrong of [
      "AA C0 D4 04 3A 0A A1 60 1E AB",
      "AA C0 D4 04 3A 0A A1 60 1D AC",
      "AA C0 D4",
      "AA C5 06 01 01 00 A1 60 09 AB",
    ]) {
      expect(sds011.decode(hex(wrong))).toMatchObject([{ reason: "checksum error" }, { quality: "bad" }]);
    }
  });
});

it("finds the answer however it is cut", () => {
  const framer = () => packetFramer({ start: [0xaa, 0xc0], length: 10 });
  for (const pieces of cuts(joined(hex("AA AA C5 06 01 01 00 A1 60 09 AB"), EXAMPLE, EXAMPLE))) {
    expect(framed(framer, pieces)).toEqual([EXAMPLE, EXAMPLE]);
  }
});

describe("on a simulated bus", () => {
  function connected(laser: "always" | "measuring") {
    const clock = new VirtualClock(0);
    const bus = new SimulatedBus("serial", clock);
    const part = bus.plug(sds011Model, { values: { "pm2.5": 35.2, pm10: 0 } });
    return { clock, part, session: sds011.connect(bus.shared(), { options: { laser } }) };
  }

  it("measures at once, or after the laser has been on for half a minute", async () => {
    for (const laser of ["always", "measuring"] as const) {
      const { clock, session } = connected(laser);
      expect(await clock.run(session.read())).toMatchObject([{ value: 35.2 }, { value: 0 }]);
      expect(await clock.run(session.read())).toMatchObject([{ value: 35.2 }, { value: 0 }]);
      expect(clock.now() >= 60_000).toBe(laser === "measuring");
    }
  });

  it("doubts what it measures in the first half minute", async () => {
    const { clock, session } = connected("always");
    const reason = "warming up: it has been in use for less than 30 s";
    expect(await clock.run(session.read())).toMatchObject([{ value: 35.2, quality: "uncertain", reason }, { reason }]);
    await clock.advance(30_000);
    expect(await clock.run(session.read())).toMatchObject([{ value: 35.2, quality: "good" }, { quality: "good" }]);
    const rested = connected("measuring");
    expect(await rested.clock.run(rested.session.read())).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });

  it("turns the laser off when it is no longer needed", async () => {
    const { clock, part, session } = connected("always");
    await clock.run(session.read());
    await clock.run(session.close());
    expect(part.model.answer?.(Uint8Array.from(sds011Command(0x04)))).toBeUndefined();
    expect(await clock.run(session.read())).toMatchObject([{ value: 35.2 }, { value: 0 }]);
  });

  it("asks again when a confirmation was damaged, and says when nothing answers", async () => {
    const { clock, part, session } = connected("always");
    part.corruptNext();
    expect(await clock.run(session.read())).toMatchObject([{ value: 35.2 }, { value: 0 }]);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "timeout" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject([{ value: 35.2 }, { value: 0 }]);
  });
});
