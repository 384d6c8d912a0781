import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../../files";
import { ModelError } from "../contract";

/** Read and written in pieces, between which the event loop turns: hashing one takes about a millisecond. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Writes the whole file or nothing: a temporary file beside it is written, flushed to the disk and renamed, and then the
 * folder is flushed, so that after a power cut the old content or the new one is there.
 */
export async function writeAtomically(path: string, data: Uint8Array, mode = 0o644): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await writePieces(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writePieces(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; at += PIECE_BYTES) await file.writeFile(data.subarray(at, at + PIECE_BYTES));
}

/** Folders cannot be opened on Windows, where the rename is on the disk by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Lower-case hex of the SHA-256, computed without holding up the event loop. */
export async function sha256Of(data: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < data.length; at += PIECE_BYTES) {
    hash.update(data.subarray(at, at + PIECE_BYTES));
    if (data.length > PIECE_BYTES) await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest("hex");
}

/** What a file must be. */
export interface ExpectedFile {
  /** For messages. */
  readonly name: string;
  /** What the file belongs to, for messages: "model pump 1.2.0 (3)". */
  readonly of?: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** What a damaged file of a stored model means for its user. */
const REMEDY = "import the model again, which mends the file, or go back to an earlier version";

/**
 * The file's bytes when they have the expected length and hash; a file of another length is not read at all.
 * @throws ModelError saying what does not fit
 */
export async function readVerified(expected: ExpectedFile): Promise<Uint8Array> {
  const { path, size, sha256 } = expected;
  const refused = (reason: string): ModelError => {
    const file = expected.of === undefined ? expected.name : `${expected.of}: ${expected.name}`;
    return new ModelError(`${file}: ${reason}${expected.of === undefined ? "" : `; ${REMEDY}`}`);
  };
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw refused(error.code === "ENOENT" ? "missing from the model store" : error.message);
  });
  try {
    const { size: found } = await file.stat();
    if (found !== size) throw refused(`expected ${size} bytes, found ${found}: damaged or truncated`);
    const data = new Uint8Array(size);
    const hash = createHash("sha256");
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(data, at, Math.min(PIECE_BYTES, size - at), at);
      if (bytesRead === 0) throw refused(`expected ${size} bytes, found ${at}: truncated`);
      hash.update(data.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    if (hash.digest("hex") !== sha256) throw refused("SHA-256 differs from the signed one: damaged");
    return data;
  } finally {
    await file.close();
  }
}
