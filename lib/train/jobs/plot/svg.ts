/** A little SVG: only what the reports' plots need. Everything that comes from data passes `escaped`. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escaped(text: string): string {
  // XML allows no control characters.
  const printable = [...text].filter((char) => char >= " ").join("");
  return printable.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}

export function text(
  x: number,
  y: number,
  content: string,
  { anchor = "start", style = "t" }: { readonly anchor?: "start" | "middle" | "end"; readonly style?: string } = {},
): string {
  return `<text x="${number(x)}" y="${number(y)}" class="${style}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${number(x1)}" y1="${number(y1)}" x2="${number(x2)}" y2="${number(y2)}" class="${style}"/>`;
}

export function bar({ x, y, width, height }: Box, style: string, title = "", opacity = 1): string {
  const shape = `x="${number(x)}" y="${number(y)}" width="${number(Math.max(0, width))}" height="${number(Math.max(0, height))}"`;
  const faded = opacity === 1 ? "" : ` fill-opacity="${number(opacity)}"`;
  return `<rect ${shape} class="${style}"${faded}>${title === "" ? "" : `<title>${escaped(title)}</title>`}</rect>`;
}

/** Many points in one path, each a dot of the stroke's width. */
export function dots(points: readonly (readonly [number, number])[], style: string): string {
  const path = points.map(([x, y]) => `M${number(x)} ${number(y)}h0`).join("");
  return `<path d="${path}" class="${style}"/>`;
}

/** Short: plots need no more than a tenth of a pixel. */
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Round values from `low` to `high`, about `count` of them. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** A number as a person writes it. */
export function shortly(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}
