import { integerWithin, numberWithin } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";
import { Background, LEAST_NOISE } from "./background";
import type { Pixels } from "./decode";
import { checkRegions, type Region, type RegionPixels, regionPixels } from "./regions";
import { isOtherView } from "./view";

export interface MotionOptions {
  /** 0 to 100: at 0 a pixel must differ by 10 of its standard deviations, at 100 by 2. */
  readonly sensitivity: number;
  /** Share of a region's pixels that must differ, percent. */
  readonly least: number;
  /** Images after which something that came and stays is part of the background. */
  readonly absorb: number;
  /** Images in a row without motion after which it is over. */
  readonly quiet: number;
  readonly regions: readonly Region[];
}

/** In percent of the image's width and height. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface RegionMotion {
  /** Empty for the whole image. */
  readonly name: string;
  readonly moving: boolean;
  /** Pixels that differ, percent of the region's. */
  readonly changed: number;
}

export interface Motion {
  /** The whole image first. */
  readonly regions: readonly RegionMotion[];
  /** Around the largest thing that differs; undefined when nothing does. */
  readonly box?: Box;
  /** Nearly everything is different: the camera was moved or covered, or another scene is shown. It is learned afresh. */
  readonly sceneChanged: boolean;
  /** How much brighter the image is than the background, as a factor of its contrast. */
  readonly gain: number;
}

/** Images that the background is learned from before anything is judged. */
const WARM_UP = 5;

/** What noise may be before it is known, grey levels. */
const MOST_NOISE = 8;

/** Share of pixels beyond which it is another scene. */
const OTHER_SCENE = 0.7;

/** @throws RangeError naming the option */
export function checkMotionOptions(options: MotionOptions): MotionOptions {
  numberWithin("sensitivity", options.sensitivity, 0, 100);
  numberWithin("least", options.least, 0.01, 100);
  integerWithin("absorb", options.absorb, 3, 1_000_000);
  integerWithin("quiet", options.quiet, 1, 10_000);
  checkRegions(options.regions);
  return options;
}

/** Finds what moves in the images of one camera. Memory: two numbers a pixel. */
export class MotionDetector implements Snapshotable {
  readonly #background = new Background();
  readonly #threshold: number;
  #regions: RegionPixels[] = [];
  /** Images since each region's last motion; -1 while it is at rest. */
  #since = new Map<string, number>();
  #distances = new Float32Array(0);

  /** @throws RangeError naming the option */
  constructor(private readonly options: MotionOptions) {
    checkMotionOptions(options);
    this.#threshold = 10 - 0.08 * options.sensitivity;
  }

  /** @returns undefined while the background is being learned */
  push(image: Pixels): Motion | undefined {
    if (!this.#background.fits(image)) {
      this.#startAfresh(image);
      return undefined;
    }
    if (this.#distances.length !== image.data.length) this.#prepare(image);
    const light = this.#background.distances(image, this.#distances);
    const changed = cleaned(this.#distances, this.#threshold, image.width, image.height);
    const warm = this.#background.images >= WARM_UP;
    if (this.#isOtherScene(image, changed, warm)) {
      this.#startAfresh(image);
      if (!warm) return undefined;
      return {
        regions: this.#regions.map(({ name }) => ({ name, moving: false, changed: 100 })),
        sceneChanged: true,
        gain: light.gain,
      };
    }
    this.#background.learn(image, light, warm ? changed : new Uint8Array(changed.length), this.options.absorb);
    if (!warm) return undefined;
    const box = largestBox(changed, image.width, image.height);
    const regions = this.#regions.map((region) => this.#judged(region, changed));
    return { regions, ...(box ? { box } : {}), sceneChanged: false, gain: light.gain };
  }

  #isOtherScene(image: Pixels, changed: Uint8Array, warm: boolean): boolean {
    const counted = this.#regions[0]?.indices ?? new Uint32Array();
    if (isOtherView(this.#background, image, counted, warm ? LEAST_NOISE : MOST_NOISE)) return true;
    return warm && shareOf(changed, counted) > OTHER_SCENE;
  }

  #judged({ name, indices }: RegionPixels, changed: Uint8Array): RegionMotion {
    const share = 100 * shareOf(changed, indices);
    const before = this.#since.get(name) ?? -1;
    const since = share >= this.options.least ? 0 : before < 0 || before + 1 >= this.options.quiet ? -1 : before + 1;
    this.#since.set(name, since);
    return { name, moving: since >= 0, changed: share };
  }

  #startAfresh(image: Pixels): void {
    this.#background.reset(image);
    this.#since.clear();
    this.#prepare(image);
  }

  #prepare({ width, height }: Pixels): void {
    this.#distances = new Float32Array(width * height);
    this.#regions = regionPixels(this.options.regions, width, height);
  }

  snapshot(): unknown {
    return { background: this.#background.snapshot(), since: [...this.#since] };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#background.restore(saved.any("background"));
    const known = new Set(["", ...this.options.regions.map(({ name }) => name)]);
    this.#since = new Map(
      saved.list("since", 1000).flatMap((entry): [string, number][] => {
        const [name, since] = Array.isArray(entry) ? entry : [];
        return known.has(name) && Number.isInteger(since) ? [[name as string, since as number]] : [];
      }),
    );
  }
}

/** 1 where the distance is beyond the threshold at five or more of a pixel and its eight neighbours: single ones are noise. */
function cleaned(distances: Float32Array, threshold: number, width: number, height: number): Uint8Array {
  const out = new Uint8Array(distances.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let beyond = 0;
      let around = 0;
      for (let dy = y > 0 ? -1 : 0; dy <= (y + 1 < height ? 1 : 0); dy++) {
        for (let dx = x > 0 ? -1 : 0; dx <= (x + 1 < width ? 1 : 0); dx++) {
          around += 1;
          if ((distances[(y + dy) * width + x + dx] as number) > threshold) beyond += 1;
        }
      }
      if (2 * beyond > around) out[y * width + x] = 1;
    }
  }
  return out;
}

function shareOf(changed: Uint8Array, indices: Uint32Array | undefined): number {
  if (!indices || indices.length === 0) return 0;
  let count = 0;
  for (const i of indices) count += changed[i] as number;
  return count / indices.length;
}

/** Around the largest group of neighbouring pixels (4-connected). */
function largestBox(changed: Uint8Array, width: number, height: number): Box | undefined {
  const open = changed.slice();
  let best: { size: number; left: number; top: number; right: number; bottom: number } | undefined;
  const stack: number[] = [];
  for (let start = 0; start < open.length; start++) {
    if (!open[start]) continue;
    const group = { size: 0, left: width, top: height, right: 0, bottom: 0 };
    open[start] = 0;
    stack.push(start);
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      const [x, y] = [i % width, Math.floor(i / width)];
      group.size += 1;
      group.left = Math.min(group.left, x);
      group.top = Math.min(group.top, y);
      group.right = Math.max(group.right, x + 1);
      group.bottom = Math.max(group.bottom, y + 1);
      for (const next of [x > 0 ? i - 1 : -1, x + 1 < width ? i + 1 : -1, i - width, i + width]) {
        if (!open[next]) continue;
        open[next] = 0;
        stack.push(next);
      }
    }
    if (!best || group.size > best.size) best = group;
  }
  if (!best) return undefined;
  const percent = (value: number, of: number): number => Math.round((1000 * value) / of) / 10;
  return {
    left: percent(best.left, width),
    top: percent(best.top, height),
    width: percent(best.right - best.left, width),
    height: percent(best.bottom - best.top, height),
  };
}
