import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

/** Opening a pipe waits until something writes to it, unless told not to. Windows has no such flag and no such pipes. */
const READ_NOW = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file whose name a user gave. A named pipe would hold one of the four threads that do all of Node-RED's file work until
 * it has a writer, and a device may be without end or act when it is opened: only regular files are opened.
 * @throws the system's error, or an Error that says what lies there
 */
export async function openRegular(path: string): Promise<FileHandle> {
  check(path, await stat(path));
  const file = await open(path, READ_NOW);
  try {
    // It may be another one by now.
    check(path, await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function check(path: string, about: { isFile(): boolean; isDirectory(): boolean }): void {
  if (about.isFile()) return;
  throw new Error(`${path} is no file but ${about.isDirectory() ? "a folder" : "a pipe, a socket or a device"}`);
}

/** The bytes of a regular file, which is opened when the first are asked for. @throws as openRegular does */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path);
  try {
    yield* file.createReadStream({ autoClose: false });
  } finally {
    await file.close();
  }
}
