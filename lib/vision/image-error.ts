/** An image cannot be had or used: no image, damaged, too large, or its source did not give one. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}
