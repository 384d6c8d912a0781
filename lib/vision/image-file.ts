import { open } from "node:fs/promises";
import { ImageError } from "./image-error";

/** Reads an image file, such as one that a camera program writes over and over. @throws ImageError */
export async function readImageFile(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const file = await open(path, "r");
    try {
      const about = await file.stat();
      // A pipe or a device would be read without end.
      if (!about.isFile()) throw new ImageError(`${path} is no file`);
      if (about.size > maxBytes) throw new ImageError(`${path} is larger than ${maxBytes} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
