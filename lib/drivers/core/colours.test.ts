import fc from "fast-check";
import { expect, it } from "vitest";
import { type Colour, stripColours } from "./colours";

it.each([
  [
    "#ff8000",
    [
      [255, 128, 0],
      [255, 128, 0],
      [255, 128, 0],
    ],
  ],
  [
    "#F80 off, #001",
    [
      [255, 136, 0],
      [0, 0, 0],
      [0, 0, 17],
    ],
  ],
  [
    "#010203*2",
    [
      [1, 2, 3],
      [1, 2, 3],
      [0, 0, 0],
    ],
  ],
  [
    "",
    [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
  ],
  [
    " off ",
    [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
  ],
])("%s", (text, colours) => {
  expect(stripColours(text, 3)).toEqual(colours);
});

it.each([
  ["red", 'expected colours like #ff8000, #f80 or off, got "red"'],
  ["#ff80", 'got "#ff80"'],
  ["#fff*", 'got "#fff*"'],
  ["#fff*99999", 'got "#fff*99999"'],
  ["#fff*4", "the strip has 3 LEDs, and there are more colours than that"],
  ["#fff off off off", "the strip has 3 LEDs"],
  ["#".repeat(30_000), "at most 20000 characters"],
])("%.20s is refused", (text, message) => {
  expect(() => stripColours(text, 3)).toThrow(message);
});

it("round-trips any strip", () => {
  const part = fc.integer({ min: 0, max: 255 });
  const strip = fc.array(fc.tuple(part, part, part), { minLength: 2, maxLength: 200, size: "max" });
  fc.assert(
    fc.property(strip, (colours: Colour[]) => {
      const text = colours
        .map((one) => `#${one.map((value) => value.toString(16).padStart(2, "0")).join("")}`)
        .join(" ");
      expect(stripColours(text, colours.length)).toEqual(colours);
    }),
  );
});
