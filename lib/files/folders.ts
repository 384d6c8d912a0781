import { mkdirSync, type Stats, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder whose name a user gave, and those that it lies in, one after the other. Node's own recursive way never ends where
 * a file system refuses a new folder as if its parent were missing, as Linux does in /proc.
 * @throws Error naming the folder, what is in the way, and the system's code
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (const folder of upwards(path)) {
    if (isThere(path, folder, await stat(folder).catch(failure))) break;
    missing.unshift(folder);
  }
  for (const folder of missing) {
    const problem = await mkdir(folder).then(() => undefined, failure);
    if (problem) orThere(path, folder, problem, await stat(folder).catch(failure));
  }
}

/** The same, at once. @throws as makeFolder does */
export function makeFolderNow(path: string): void {
  const look = (folder: string): Stats | Failure => tried(() => statSync(folder));
  const missing: string[] = [];
  for (const folder of upwards(path)) {
    if (isThere(path, folder, look(folder))) break;
    missing.unshift(folder);
  }
  for (const folder of missing) {
    const problem = tried(() => void mkdirSync(folder));
    if (problem) orThere(path, folder, problem, look(folder));
  }
}

/** The folder, the one that it lies in, and so on to the root. */
function* upwards(path: string): Generator<string> {
  let folder = resolve(path);
  for (let above = dirname(folder); above !== folder; above = dirname(folder)) {
    yield folder;
    folder = above;
  }
  yield folder;
}

type Failure = NodeJS.ErrnoException;

function failure(error: Failure): Failure {
  return error;
}

function tried<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    return error as Failure;
  }
}

function isThere(path: string, folder: string, found: Stats | Failure): boolean {
  if (!(found instanceof Error)) {
    if (found.isDirectory()) return true;
    throw refusal(path, `${folder} is no folder`, Object.assign(new Error("not a directory"), { code: "ENOTDIR" }));
  }
  // Something above is missing, or is a file, which is found on the way up.
  if (found.code === "ENOENT" || found.code === "ENOTDIR") return false;
  throw refusal(path, `${folder} cannot be looked at`, found);
}

/** Another process may have made it in the meantime. */
function orThere(path: string, folder: string, problem: Failure, found: Stats | Failure): void {
  if (problem.code === "EEXIST" && !(found instanceof Error) && found.isDirectory()) return;
  const what = problem.code === "EEXIST" ? `${folder} is no folder` : `${dirname(folder)} takes no new folder`;
  throw refusal(path, what, problem);
}

function refusal(path: string, what: string, cause: Failure): Error {
  const { code } = cause;
  const error = new Error(`the folder ${resolve(path)} cannot be made: ${what} (${code ?? cause.message})`, { cause });
  return Object.assign(error, { code });
}
