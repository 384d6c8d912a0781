import type { Sharp } from "sharp";
import { optionalModule } from "../modules/optional";
import { imageFormat } from "./format";
import { ImageError } from "./image-error";

export interface DecodeLimits {
  /** Largest image file, bytes. */
  readonly maxBytes: number;
  /** Most pixels of an image, whatever the size of its file: a small file can hold a huge one. */
  readonly maxPixels: number;
}

export const DECODE_LIMITS: DecodeLimits = { maxBytes: 20_000_000, maxPixels: 50_000_000 };

/** Raw pixels, row by row; `channels` bytes a pixel. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** How an image is brought to the size that a model wants. */
export type Fit =
  /** Whole image, proportions kept, the rest grey: for detectors. */
  | "contain"
  /** Proportions kept, what is too much cut off: for classifiers. */
  | "cover";

/** Longest that decoding may take, s. */
const DECODE_SECONDS = 10;

/** The grey that detectors of the YOLO family are trained with around images. */
const LETTERBOX = { r: 114, g: 114, b: 114 };

type SharpModule = typeof import("sharp");

/** Decodes images with sharp, which is loaded with the first of them and does its work in threads of its own. */
export class ImageDecoder {
  #sharp: Promise<SharpModule> | undefined;

  /** @param userDir where sharp is looked for when the pack does not find it */
  constructor(
    private readonly limits: DecodeLimits,
    private readonly userDir?: string,
  ) {}

  /** Size as it is looked at, that is, turned as the camera says. @throws ImageError, OptionalModuleError */
  async size(bytes: Uint8Array): Promise<ImageSize> {
    return this.#guarded(bytes, async (open) => {
      const { width, height, orientation } = await open().metadata();
      // Orientations from 5 on are turned by a quarter (Exif 2.32, 4.6.4).
      return (orientation ?? 1) >= 5 ? { width: height, height: width } : { width, height };
    });
  }

  /** The image in grey, `width` pixels wide at most. @throws ImageError, OptionalModuleError */
  async grey(bytes: Uint8Array, width: number): Promise<Pixels> {
    return this.#guarded(bytes, async (open) => {
      const image = open()
        .rotate()
        .flatten({ background: "#000" })
        .resize({ width, withoutEnlargement: true })
        .greyscale()
        .toColourspace("b-w");
      return pixelsOf(image, 1);
    });
  }

  /** The image in the size that a model wants. @throws ImageError, OptionalModuleError */
  async resized(bytes: Uint8Array, size: ImageSize, channels: 1 | 3, fit: Fit): Promise<Pixels> {
    return this.#guarded(bytes, async (open) => {
      const image = open()
        .rotate()
        .flatten({ background: "#000" })
        .resize({ ...size, fit, background: LETTERBOX });
      const coloured = channels === 1 ? image.greyscale().toColourspace("b-w") : image.toColourspace("srgb");
      return pixelsOf(coloured, channels);
    });
  }

  async #guarded<T>(bytes: Uint8Array, work: (open: () => Sharp) => Promise<T>): Promise<T> {
    const { maxBytes, maxPixels } = this.limits;
    if (bytes.length > maxBytes) throw new ImageError(`expected at most ${maxBytes} bytes, got ${bytes.length}`);
    const format = imageFormat(bytes);
    const sharp = await this.#loaded();
    try {
      const options = { limitInputPixels: maxPixels, failOn: "truncated", sequentialRead: true } as const;
      return await work(() => sharp(bytes, options).timeout({ seconds: DECODE_SECONDS }));
    } catch (error) {
      throw new ImageError(`the ${format} image cannot be decoded: ${reasonOf(error, maxPixels)}`, { cause: error });
    }
  }

  #loaded(): Promise<SharpModule> {
    const loading =
      this.#sharp ?? optionalModule<SharpModule>("sharp", this.userDir === undefined ? {} : { userDir: this.userDir });
    this.#sharp = loading;
    // One that failed is tried again: it may have been installed meanwhile.
    loading.catch(() => {
      this.#sharp = undefined;
    });
    return loading;
  }
}

async function pixelsOf(image: Sharp, channels: 1 | 3): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new ImageError(`expected ${channels} channels, got ${info.channels}`);
  return { width: info.width, height: info.height, channels, data };
}

function reasonOf(error: unknown, maxPixels: number): string {
  const message = error instanceof Error ? error.message : String(error);
  return /pixel limit/i.test(message) ? `it has more than ${maxPixels} pixels` : (message.split("\n")[0] ?? message);
}
