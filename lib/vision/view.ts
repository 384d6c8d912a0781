import { BLACK, WHITE } from "./background";
import type { Pixels } from "./decode";

/** The image is judged by the structure within blocks, which light alone does not change. */
const COLUMNS = 8;
const ROWS = 6;
const LEAST_PIXELS = 16;

/** A block shows something when its grey levels differ by more than this many times its noise. */
const STANDS_OUT = 3;

/** Correlation with the background from which a block is recognised: noise and the dark take some of it. */
const RECOGNISED = 0.5;

/** Shares that tell another view. */
const NEW_BLACK_OR_WHITE = 0.7;
const AS_BEFORE = 0.3;
const STRUCTURED = 0.2;
const MOSTLY_STRUCTURED = 0.5;
const STILL_RECOGNISED = 0.25;

interface Learned {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Sums over the pixels of a block: x of the background, y of the image. */
interface Block {
  n: number;
  x: number;
  y: number;
  xx: number;
  yy: number;
  xy: number;
  noise: number;
}

/**
 * Whether nothing of the background is recognised in the image: the camera was covered, blinded, moved or uncovered. Light
 * alone does not look so, nor does something large before the camera that leaves a part of the view as it was.
 * @param counted the pixels that are judged
 * @param leastNoise of a pixel, grey levels: the variance of a background that is new says little
 */
export function isOtherView(
  { mean, variance }: Learned,
  { width, height, data }: Pixels,
  counted: Uint32Array,
  leastNoise: number,
): boolean {
  const blocks = Array.from(
    { length: COLUMNS * ROWS },
    (): Block => ({ n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0, noise: 0 }),
  );
  let asBefore = 0;
  let newlyExtreme = 0;
  for (const i of counted) {
    const [x, y] = [mean[i] as number, data[i] as number];
    const noise = Math.max(variance[i] as number, leastNoise ** 2);
    if ((y - x) ** 2 <= noise * STANDS_OUT ** 2) asBefore += 1;
    if (isExtreme(x) !== isExtreme(y)) newlyExtreme += 1;
    const row = Math.floor(Math.floor(i / width) * (ROWS / height));
    add(blocks[row * COLUMNS + Math.floor((i % width) * (COLUMNS / width))] as Block, x, y, noise);
  }
  if (newlyExtreme > NEW_BLACK_OR_WHITE * counted.length) return true;
  if (asBefore > AS_BEFORE * counted.length) return false;
  const judged = blocks.filter(({ n }) => n >= LEAST_PIXELS);
  const known = judged.filter((block) => spread(block.n, block.x, block.xx) > STANDS_OUT ** 2 * noiseOf(block));
  if (known.length >= STRUCTURED * judged.length && known.length > 0) {
    const recognised = known.filter((block) => correlation(block) > RECOGNISED);
    return recognised.length < STILL_RECOGNISED * known.length;
  }
  // The background shows next to nothing, as by night or with a cover.
  const shown = judged.filter((block) => spread(block.n, block.y, block.yy) > STANDS_OUT ** 2 * noiseOf(block));
  return shown.length > MOSTLY_STRUCTURED * judged.length;
}

function isExtreme(level: number): boolean {
  return level <= BLACK || level >= WHITE;
}

function add(block: Block, x: number, y: number, noise: number): void {
  block.n += 1;
  block.x += x;
  block.y += y;
  block.xx += x * x;
  block.yy += y * y;
  block.xy += x * y;
  block.noise += noise;
}

function noiseOf({ n, noise }: Block): number {
  return noise / n;
}

function spread(n: number, sum: number, squares: number): number {
  return Math.max(0, squares / n - (sum / n) ** 2);
}

function correlation({ n, x, y, xx, yy, xy }: Block): number {
  const scale = Math.sqrt(spread(n, x, xx) * spread(n, y, yy));
  return scale > 0 ? (xy / n - (x / n) * (y / n)) / scale : 0;
}
