/** Red, green and blue, 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

const DARK: Colour = [0, 0, 0];
const LONGEST_TEXT = 20_000;

/**
 * The colours of a strip from a text: one colour for all of it, or the colours one after the other with spaces or commas
 * between, "#ff8000*3" being three of them; what is not named is dark. A colour is "#rrggbb", "#rgb" or "off".
 * @throws RangeError naming the part that is not a colour, or saying that there are too many
 */
export function stripColours(text: string, count: number): readonly Colour[] {
  if (text.length > LONGEST_TEXT) throw new RangeError(`expected colours of at most ${LONGEST_TEXT} characters`);
  const parts = text.split(/[\s,;]+/).filter((part) => part !== "");
  const colours: Colour[] = [];
  for (const part of parts) {
    const [, name, times = "1"] = /^([^*]+)(?:\*(\d{1,4}))?$/.exec(part) ?? [];
    const colour = colourOf(name ?? "");
    if (!colour) throw new RangeError(`expected colours like #ff8000, #f80 or off, got "${part.slice(0, 20)}"`);
    for (let repeated = 0; repeated < Number(times); repeated++) colours.push(colour);
    if (colours.length > count)
      throw new RangeError(`the strip has ${count} LEDs, and there are more colours than that`);
  }
  const isForAll = parts.length === 1 && colours.length === 1;
  return Array.from({ length: count }, (_, index) => (isForAll ? colours[0]! : (colours[index] ?? DARK)));
}

function colourOf(name: string): Colour | undefined {
  if (name === "off") return DARK;
  const digits = /^#(?:([0-9a-f]{3})|([0-9a-f]{6}))$/i.exec(name);
  if (!digits) return undefined;
  const long = digits[2] ?? [...digits[1]!].map((digit) => digit + digit).join("");
  const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(long.slice(at, at + 2), 16));
  return [red!, green!, blue!];
}
