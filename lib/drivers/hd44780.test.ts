import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hd44780 } from "./hd44780";
import { type Hd44780Lcd, hd44780Model } from "./hd44780.model";

/** Figure 4 and the modules' sheets: where the lines of a display are in DDRAM. */
const LINES = { "16x2": [0x00, 0x40], "20x4": [0x00, 0x40, 0x14, 0x54], "16x4": [0x00, 0x40, 0x10, 0x50] } as const;

function bench(size: keyof typeof LINES = "16x2") {
  const clock = new VirtualClock();
  const bus = new SimulatedBus("i2c", clock);
  const part = bus.plug(hd44780Model, { address: 0x27 });
  const { log, times, shared } = recordedBus(bus);
  const lcd = () => part.model as unknown as Hd44780Lcd;
  const columns = Number(size.slice(0, 2));
  const seen = () => LINES[size].map((at) => String.fromCharCode(...lcd().ddram.subarray(at, at + columns)));
  const timed = () => log.map((entry, index) => `${times[index]}: ${entry}`);
  return { clock, part, log, timed, lcd, seen, session: hd44780.connect(shared, { options: { size } }) };
}

describe("the start", () => {
  /**
   * Figure 24 for 4 bit: 3, 3, 3, 2, then function set, off, clear, entry mode, on, each as two nibbles with E up and down and the
   * light on; the instructions are those of luma.lcd's test_init_4bitmode.
   */
  it("is the reset by instructions with its times", async () => {
    const { clock, timed, lcd, session } = bench();
    await clock.run(session.set("text", ""));
    expect(timed()).toEqual([
      ...["50: 38 3C 38", "55: 38 3C 38", "56: 38 3C 38", "57: 28 2C 28"],
      "58: 28 2C 28 88 8C 88",
      "58: 08 0C 08 88 8C 88",
      "58: 08 0C 08 18 1C 18",
      "63: 08 0C 08 68 6C 68",
      "63: 08 0C 08 C8 CC C8",
    ]);
    expect(lcd().state).toEqual({ isOn: true, light: true, bits: 4, lines: 2 });
    expect(lcd().violations).toEqual([]);
  });
});

describe("text", () => {
  it("is where the lines are", async () => {
    const { clock, seen, lcd, session } = bench("20x4");
    await clock.run(session.set("text", "Boiler\nSupply 61.5\nReturn 48.0\nPump on"));
    expect(seen()).toEqual(["Boiler", "Supply 61.5", "Return 48.0", "Pump on"].map((line) => line.padEnd(20)));
    await clock.run(session.set("line3", "Return 49.0"));
    expect(seen()[2]).toBe("Return 49.0".padEnd(20));
    expect(lcd().violations).toEqual([]);
  });

  /** Table 4, ROM A00: the degree sign is 0xDF. "A" is 0x41 to address 0x40: RS is P0. */
  it("is sent only where it changes", async () => {
    const { clock, log, session } = bench();
    await clock.run(session.set("line2", "20.1 °C"));
    log.length = 0;
    await clock.run(session.set("line2", "20.9 °C"));
    expect(log).toEqual(["C8 CC C8 38 3C 38", "39 3D 39 99 9D 99"]);
    log.length = 0;
    await clock.run(session.set("line2", "20.9 °CA"));
    expect(log).toEqual(["C8 CC C8 78 7C 78", "49 4D 49 19 1D 19"]);
  });

  it("has the characters of the part's memory, and a question mark for others", async () => {
    const { clock, lcd, session } = bench();
    await clock.run(session.set("text", "°µäß\\~\u4e00\u{1F600}"));
    expect([...lcd().ddram.subarray(0, 8)]).toEqual([0xdf, 0xe4, 0xe1, 0xe2, 0x2f, 0x2d, 0x3f, 0x3f]);
  });

  it("is what was set last, on every size, without an instruction too early", async () => {
    const ascii = fc.string({ unit: fc.constantFrom(..."abc XYZ 0189.,:"), maxLength: 20, size: "max" });
    const size = fc.constantFrom("16x2" as const, "20x4" as const, "16x4" as const);
    await fc.assert(
      fc.asyncProperty(size, fc.array(fc.tuple(fc.nat(1), ascii), { minLength: 1 }), async (which, steps) => {
        const { clock, seen, lcd, session } = bench(which);
        const lines = ["", ""];
        for (const [row, text] of steps) {
          lines[row] = text;
          await clock.run(session.set(`line${row + 1}`, text));
        }
        const columns = Number(which.slice(0, 2));
        expect(seen().slice(0, 2)).toEqual(lines.map((line) => line.slice(0, columns).padEnd(columns)));
        expect(lcd().violations).toEqual([]);
      }),
    );
  });
});

describe("the light", () => {
  it("is kept by what comes after", async () => {
    const { clock, lcd, session } = bench();
    await clock.run(session.set("light", false));
    await clock.run(session.set("text", "dark"));
    expect(lcd().state.light).toBe(false);
    await clock.run(session.makeSafe());
    expect(lcd().state.light).toBe(true);
  });
});

it("is set up again after it was gone", async () => {
  const { clock, part, seen, session } = bench();
  await clock.run(session.set("text", "one"));
  part.unplug();
  await expect(clock.run(session.set("text", "two"))).rejects.toMatchObject({ code: "nack" });
  part.plug();
  await clock.run(session.set("text", "two"));
  expect(seen()[0]).toBe("two".padEnd(16));
});
