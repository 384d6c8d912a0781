import type { Tensor } from "../inference/tensor";
import { ModelError, type TensorInfo } from "../model/contract";
import type { ImageSize, Pixels } from "./decode";

/** What a pixel's 0 to 255 become. */
export type PixelScale =
  /** 0 to 1: YOLO. */
  | "unit"
  /** -1 to 1: MobileNet. */
  | "signed"
  /** 0 to 1, then less the mean and divided by the deviation of ImageNet's colours: torchvision. */
  | "imagenet"
  /** As they are. */
  | "bytes";

/** Of red, green and blue, as torchvision's models are trained with. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Side that models of free size are given. */
const FREE_SIDE = 640;

/** How a model wants its image. */
export interface ImageInput extends ImageSize {
  readonly name: string;
  readonly type: "float32" | "uint8";
  readonly channels: 1 | 3;
  /** Channel after channel ([1, 3, H, W]), or pixel after pixel ([1, H, W, 3]). */
  readonly planar: boolean;
}

/** @throws ModelError when the model's input is no image */
export function imageInput(inputs: readonly TensorInfo[]): ImageInput {
  const [input] = inputs;
  if (!input || inputs.length !== 1) throw new ModelError(`expected a model with one input, got ${inputs.length}`);
  const { name, shape, type } = input;
  const refused = (): ModelError =>
    new ModelError(`input "${name}" takes no image: expected [1, 3, H, W] or [1, H, W, 3], got [${shape.join(", ")}]`);
  if (type !== "float32" && type !== "uint8")
    throw new ModelError(`input "${name}": expected float32 or uint8, got ${type}`);
  if (shape.length !== 4) throw refused();
  const [, a, b, c] = shape as [number, number, number, number];
  const side = (size: number): number => (size > 0 ? size : FREE_SIDE);
  const planar = { name, type, planar: true, height: side(b), width: side(c) } as const;
  const interleaved = { name, type, planar: false, height: side(a), width: side(b) } as const;
  // Three colours first: the side of a small image may be 1.
  if (a === 3) return { ...planar, channels: 3 };
  if (c === 3) return { ...interleaved, channels: 3 };
  if (a === 1) return { ...planar, channels: 1 };
  if (c === 1) return { ...interleaved, channels: 1 };
  throw refused();
}

/** The image, already in the model's size, as its input. */
export function imageTensor({ width, height, channels, data }: Pixels, input: ImageInput, scale: PixelScale): Tensor {
  const pixels = width * height;
  const values = input.type === "uint8" ? new Uint8Array(data.length) : new Float32Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    const convert = input.type === "uint8" ? (byte: number) => byte : conversion(scale, channel);
    for (let i = 0; i < pixels; i++) {
      const at = i * channels + channel;
      values[input.planar ? channel * pixels + i : at] = convert(data[at] as number);
    }
  }
  const shape = input.planar ? [1, channels, height, width] : [1, height, width, channels];
  return { type: input.type, shape, data: values };
}

function conversion(scale: PixelScale, channel: number): (byte: number) => number {
  const [mean, std] = [IMAGENET.mean[channel] as number, IMAGENET.std[channel] as number];
  switch (scale) {
    case "unit":
      return (byte) => byte / 255;
    case "signed":
      return (byte) => byte / 127.5 - 1;
    case "imagenet":
      return (byte) => (byte / 255 - mean) / std;
    case "bytes":
      return (byte) => byte;
  }
}
