import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glyph, glyphCharacters } from "./font";
import { differences, screenLine, screenLines } from "./text-screen";

const shown = (text: string, columns: number, rows: number) =>
  screenLines(text, columns, rows).map((line) => line.join(""));

describe("the lines of a display", () => {
  it.each([
    ["21.5 °C", ["21.5 °C   ", "          "]],
    ["Humidity high", ["Humidity  ", "high      "]],
    ["a\nb\nc", ["a         ", "b         "]],
    ["aaaaaaaaaaaaa", ["aaaaaaaaaa", "aaa       "]],
    ["aaaaaaaaaa b", ["aaaaaaaaaa", "b         "]],
    ["a\tb\u0007c\r\nd", ["a bc      ", "d         "]],
    ["u\u0308", ["ü         ", "          "]],
    ["\u{1F600}!", ["\u{1F600}!        ", "          "]],
  ])("of %j", (text, lines) => {
    expect(shown(text, 10, 2)).toEqual(lines);
  });

  it("are always as many and as long as the display has", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200, size: "max" }), (text) => {
        const lines = screenLines(text, 16, 2);
        expect(lines.map((line) => line.length)).toEqual([16, 16]);
        expect(screenLine(text, 16)).toHaveLength(16);
      }),
    );
  });
});

it("differences are where two arrays differ, near ones together", () => {
  expect(differences([..."hello world"], [..."hullo WORLD"], 3)).toEqual([
    [1, 2],
    [6, 11],
  ]);
  expect(differences([..."hello world"], [..."hullo WORLD"], 6)).toEqual([[1, 11]]);
  expect(differences([1, 2], [1, 2], 5)).toEqual([]);
});

describe("the letters", () => {
  it("are six columns, the last one free, and differ from one another", () => {
    const drawn = glyphCharacters.map((character) => glyph(character));
    for (const columns of drawn) {
      expect(columns).toHaveLength(6);
      expect(columns[5]).toBe(0);
    }
    expect(new Set(drawn.map(String)).size).toBe(glyphCharacters.length);
  });

  it("are there for all of ASCII, and a box for what is not drawn", () => {
    const box = String(glyph("\u4e00"));
    for (let code = 0x20; code < 0x7f; code++) expect(String(glyph(String.fromCharCode(code)))).not.toBe(box);
    expect(String(glyph("constructor"))).toBe(box);
    expect(glyph("\u2126")).toEqual(glyph("Ω"));
  });
});
