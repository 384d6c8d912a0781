import { ImageError } from "./image-error";

/** Signatures of the formats that are decoded. Others, such as SVG and PDF, can refer to files and are never opened. */
const SIGNATURES: readonly { readonly format: string; readonly at: number; readonly bytes: readonly number[] }[] = [
  { format: "jpeg", at: 0, bytes: [0xff, 0xd8, 0xff] },
  { format: "png", at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { format: "gif", at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { format: "tiff", at: 0, bytes: [0x49, 0x49, 0x2a, 0x00] },
  { format: "tiff", at: 0, bytes: [0x4d, 0x4d, 0x00, 0x2a] },
  // "RIFF", four bytes of length, "WEBP".
  { format: "webp", at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  // "ftypavif" after the box's length.
  { format: "avif", at: 4, bytes: [0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66] },
];

/** @throws ImageError when the bytes are none of the formats that are decoded */
export function imageFormat(bytes: Uint8Array): string {
  const found = SIGNATURES.find(({ at, bytes: wanted }) => wanted.every((byte, i) => bytes[at + i] === byte));
  if (found) return found.format;
  const start = Buffer.from(bytes.subarray(0, 8)).toString("hex") || "nothing";
  throw new ImageError(`expected a JPEG, PNG, WebP, GIF, TIFF or AVIF image, got ${bytes.length} bytes (${start})`);
}
