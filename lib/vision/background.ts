import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import type { Pixels } from "./decode";

/** Grey levels: the noise of a pixel is not taken as smaller, because compression makes some in any image. */
export const LEAST_NOISE = 1.5;

/** From these grey levels on a pixel may be any darker or brighter than it shows. */
export const BLACK = 2;
export const WHITE = 253;

/** A pixel that is white in the light of now is darker in less, so that its mean may be more; grey levels. */
const BRIGHTEST = 510;
const DARKEST = -255;

/** Pixels that differ by more say nothing about the light, grey levels. */
const OUTLIER = 40;
const LIGHT_ROUNDS = 3;
const GAIN_LIMITS = { low: 0.25, high: 4 };

/** Images over which the background is a mean; the first ones count fully. */
const MEMORY = 60;

const MAX_PIXELS = 2 ** 20;

/** Light of an image against that of the background: image = gain * background + offset. */
export interface Light {
  readonly gain: number;
  readonly offset: number;
}

/**
 * What a scene looks like when nothing moves: running mean and variance of each pixel in grey (a single Gaussian, as Wren et al.
 * 1997, IEEE PAMI 19:780, have it), compared after the light of the whole image was taken out of it.
 */
export class Background implements Snapshotable {
  #width = 0;
  #height = 0;
  #images = 0;
  #mean = new Float32Array(0);
  #variance = new Float32Array(0);

  /** Images learned since the start or the last reset. */
  get images(): number {
    return this.#images;
  }

  /** Grey of each pixel, beyond 255 where it is white only in the light of now. */
  get mean(): Float32Array {
    return this.#mean;
  }

  /** Noise of each pixel, squared grey levels. */
  get variance(): Float32Array {
    return this.#variance;
  }

  fits({ width, height }: Pixels): boolean {
    return width === this.#width && height === this.#height;
  }

  /** Takes the image as the whole background. */
  reset({ width, height, data }: Pixels): void {
    [this.#width, this.#height, this.#images] = [width, height, 1];
    this.#mean = Float32Array.from(data);
    this.#variance = new Float32Array(data.length).fill(LEAST_NOISE * LEAST_NOISE);
  }

  /**
   * Distance of each pixel from the background, in its own noise, once the light is taken out.
   * @param out gets the distances
   */
  distances({ data }: Pixels, out: Float32Array): Light {
    const light = this.#light(data);
    for (let i = 0; i < data.length; i++) {
      const noise = Math.sqrt(Math.max(this.#variance[i] as number, LEAST_NOISE * LEAST_NOISE));
      const difference = this.#differsWithin(light, i, data[i] as number);
      out[i] = this.#isBeyondWhite(i, difference) ? 0 : Math.abs(difference) / (noise * Math.max(1, light.gain));
    }
    return light;
  }

  /**
   * Learns what the image shows apart from its light, and follows the light as a whole: a lamp that is switched on is no noise
   * of the pixels that it brightens, and hides nothing.
   * @param light as `distances` found it
   * @param changed 1 for pixels that show something else than the background, which are learned more slowly
   * @param absorb images after which something that stays is background
   */
  learn({ data }: Pixels, light: Light, changed: Uint8Array, absorb: number): void {
    this.#images += 1;
    const rate = 1 / Math.min(this.#images, MEMORY);
    const slow = Math.min(rate, 3 / absorb);
    const { gain, offset } = light;
    for (let i = 0; i < data.length; i++) {
      const difference = this.#differsWithin(light, i, data[i] as number);
      if (!changed[i] && !this.#isBeyondWhite(i, difference)) {
        const noise = difference / Math.max(1, gain);
        this.#variance[i] = (this.#variance[i] as number) * (1 - rate) + rate * noise * noise;
      }
      const learned = (this.#mean[i] as number) + ((changed[i] ? slow : rate) * difference) / gain;
      const followed = learned + rate * (gain * learned + offset - learned);
      this.#mean[i] = followed < DARKEST ? DARKEST : followed > BRIGHTEST ? BRIGHTEST : followed;
    }
  }

  /** Grey levels by which a pixel differs from what is expected of it in a light. */
  #differsWithin({ gain, offset }: Light, i: number, value: number): number {
    const expected = gain * (this.#mean[i] as number) + offset;
    // Black and white have no room for more or less light: what is expected beyond them shows as they are.
    return value - (expected < 0 ? 0 : expected > 255 ? 255 : expected);
  }

  /** A pixel that was white, such as a window by day, may have been any brighter: it shows in less light. */
  #isBeyondWhite(i: number, difference: number): boolean {
    return difference > 0 && (this.#mean[i] as number) >= WHITE;
  }

  /** Least squares on the pixels that the light alone explains, found by leaving out the others and trying again. */
  #light(data: Uint8Array): Light {
    let gain = 1;
    let offset = this.#typicalDifference(data);
    for (let round = 0; round < LIGHT_ROUNDS; round++) {
      let [n, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
      for (let i = 0; i < data.length; i++) {
        const [x, y] = [this.#mean[i] as number, data[i] as number];
        if (x <= BLACK || y <= BLACK || x >= WHITE || y >= WHITE || Math.abs(y - gain * x - offset) > OUTLIER) continue;
        n += 1;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
      }
      const spread = n * sxx - sx * sx;
      if (n < data.length / 10) break;
      // An even picture cannot tell gain from offset.
      gain =
        spread > n * n * 25 ? Math.min(Math.max((n * sxy - sx * sy) / spread, GAIN_LIMITS.low), GAIN_LIMITS.high) : 1;
      offset = (sy - gain * sx) / n;
    }
    return { gain, offset };
  }

  /** Median difference, which up to half of the pixels cannot move. */
  #typicalDifference(data: Uint8Array): number {
    const counts = new Uint32Array(511);
    for (let i = 0; i < data.length; i++) {
      const at = Math.round((data[i] as number) - (this.#mean[i] as number)) + 255;
      counts[at] = (counts[at] as number) + 1;
    }
    let seen = 0;
    const at = counts.findIndex((count) => {
      seen += count;
      return seen * 2 >= data.length;
    });
    return at - 255;
  }

  snapshot(): unknown {
    return {
      width: this.#width,
      height: this.#height,
      images: this.#images,
      mean: encoded(this.#mean),
      variance: encoded(this.#variance),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const width = saved.index("width", MAX_PIXELS);
    const height = saved.index("height", MAX_PIXELS);
    const images = saved.index("images", Number.MAX_SAFE_INTEGER);
    if (width * height > MAX_PIXELS) throw new StateError(`expected at most ${MAX_PIXELS} pixels`);
    this.#mean = decoded(saved.any("mean"), width * height);
    this.#variance = decoded(saved.any("variance"), width * height);
    [this.#width, this.#height, this.#images] = [width, height, images];
  }
}

function encoded(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

function decoded(text: unknown, length: number): Float32Array<ArrayBuffer> {
  const bytes = Buffer.from(typeof text === "string" ? text : "", "base64");
  if (bytes.length !== 4 * length) throw new StateError(`expected ${length} values`);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = bytes.readFloatLE(4 * i);
  if (values.every(Number.isFinite)) return values;
  throw new StateError("expected finite values");
}
