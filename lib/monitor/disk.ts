import { statfs } from "node:fs/promises";

export interface Disk {
  /** Bytes; `available` is what programs that are not root can still write. */
  readonly total: number;
  readonly available: number;
  /** Share of what they could write that is written, 0 to 1, as df says it. */
  readonly used: number;
  /** Share of the files that there can be, 0 to 1; undefined where there is no limit. */
  readonly files?: number;
}

/** The file system that a path lies on. @throws an error of the system, such as ENOENT */
export async function diskOf(path: string): Promise<Disk> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  const written = blocks - bfree;
  const reachable = written + bavail;
  return {
    total: blocks * bsize,
    available: bavail * bsize,
    used: reachable > 0 ? written / reachable : 0,
    ...(files > 0 ? { files: (files - ffree) / files } : {}),
  };
}
