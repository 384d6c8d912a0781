import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { SimulatedBus } from "../bus/simulated";
import { ssd1306 } from "./ssd1306";
import { type Ssd1306Panel, ssd1306Model } from "./ssd1306.model";

function bench(options: Record<string, unknown> = {}) {
  const bus = new SimulatedBus("i2c");
  const part = bus.plug(ssd1306Model, { address: 0x3c });
  const { log, shared } = recordedBus(bus);
  const panel = () => part.model as unknown as Ssd1306Panel;
  /** The pixels of a window, as the eye sees them. */
  const seen = (x: number, y: number, width: number, height: number) =>
    Array.from({ length: height }, (_, row) =>
      Array.from({ length: width }, (__, column) => {
        const byte = panel().memory[((y + row) >> 3) * 128 + x + column]!;
        return (byte >> ((y + row) & 7)) & 1 ? "#" : ".";
      }).join(""),
    );
  return { part, log, panel, seen, session: ssd1306.connect(shared, { options }) };
}

describe("the start", () => {
  /**
   * Application note 3.1, with the values for these panels of other implementations: initSeq5 of simpler_SSD1306 for 128 x 64,
   * the tests of luma.oled for the others (which have the columns the other way round, A0).
   */
  it.each([
    ["128x64", "AE D5 80 A8 3F D3 00 40 8D 14 20 00 A1 C8 DA 12 81 CF D9 F1 DB 40 2E A4 A6"],
    ["128x32", "AE D5 80 A8 1F D3 00 40 8D 14 20 00 A1 C8 DA 02 81 CF D9 F1 DB 40 2E A4 A6"],
    ["96x16", "AE D5 60 A8 0F D3 00 40 8D 14 20 00 A1 C8 DA 02 81 CF D9 F1 DB 40 2E A4 A6"],
  ])("of %s", async (size, commands) => {
    const { log, session } = bench({ size });
    await session.set("text", "");
    expect(log[0]).toBe(`00 ${commands}`);
    expect(log.at(-1)).toBe("00 AF");
  });

  it("clears what the memory holds after power-up before it lights", async () => {
    const { panel, session, log } = bench();
    expect(panel().memory.some((byte) => byte !== 0)).toBe(true);
    await session.makeSafe();
    expect(panel().memory.every((byte) => byte === 0)).toBe(true);
    expect(panel().isLit()).toBe(true);
    expect(log).toHaveLength(2 + 2 * 8);
  });

  it("has the contrast and turns as it was told", async () => {
    const { log, panel, session } = bench({ contrast: 100, turned: true });
    await session.set("text", "x");
    expect(panel().setting(0x81)).toEqual([255]);
    expect(log[0]).toContain(" A0 C0 ");
  });
});

describe("text", () => {
  it("is seen as it was drawn, on its line", async () => {
    const { seen, session } = bench();
    await session.set("text", "21°\nHg");
    expect(seen(0, 0, 18, 8)).toEqual([
      ".###....#....##...",
      "#...#..##...#..#..",
      "....#...#...#..#..",
      "..##....#....##...",
      ".#......#.........",
      "#.......#.........",
      "#####..###........",
      "..................",
    ]);
    expect(seen(0, 8, 12, 8)).toEqual([
      "#...#.......",
      "#...#.......",
      "#...#..####.",
      "#####.#...#.",
      "#...#.#...#.",
      "#...#..####.",
      "#...#.....#.",
      ".......###..",
    ]);
  });

  it("is sent only where it changes: one window and its columns", async () => {
    const { log, session } = bench();
    await session.set("text", "Tank 41 %");
    log.length = 0;
    await session.set("text", "Tank 47 %");
    // The seventh character has columns 36 to 40 (0x24 to 0x28) of page 0. A 7 has a bar (bit 0) over five columns and a foot
    // that goes down from the right: bit 1 in the last, bits 2 and 3 in the fourth, bits 4 to 6 in the third.
    expect(log).toEqual(["00 21 24 28 22 00 00", "40 01 01 71 0D 03"]);
    log.length = 0;
    await session.set("text", "Tank 47 %");
    expect(log).toEqual([]);
  });

  it("may be set line by line, the others stay", async () => {
    const { seen, session } = bench({ size: "128x32" });
    await session.set("line4", "T");
    await session.set("line1", "I");
    expect(seen(0, 24, 5, 2)).toEqual(["#####", "..#.."]);
    expect(seen(0, 0, 5, 2)).toEqual([".###.", "..#.."]);
    await expect(session.set("line5", "x")).rejects.toThrow('SSD1306 has no output "line5"');
  });

  it("comes again after the display was gone", async () => {
    const { part, panel, session } = bench();
    await session.set("text", "A");
    part.unplug();
    await expect(session.set("text", "B")).rejects.toMatchObject({ code: "nack" });
    part.plug();
    await session.set("text", "B");
    expect(panel().isLit()).toBe(true);
    expect(panel().memory[0]).toBe(0x7f);
  });
});
