import { openRegular } from "../files";
import { ImageError } from "./image-error";

/** Reads an image file, such as one that a camera program writes over and over. @throws ImageError */
export async function readImageFile(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const file = await openRegular(path);
    try {
      if ((await file.stat()).size > maxBytes) throw new ImageError(`${path} is larger than ${maxBytes} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(reason.startsWith(path) ? reason : `${path}: ${reason}`, { cause: error });
  }
}
