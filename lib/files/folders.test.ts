import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolder, makeFolderNow } from ".";

/** The user that stands for nobody. */
const NOBODY = 65_534;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-folders-"));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ["makeFolder", makeFolder],
  ["makeFolderNow", async (path: string) => makeFolderNow(path)],
] as const)("%s", (_name, make) => {
  const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

  it("makes what is missing, and leaves what is there", async () => {
    const path = join(folder, "a", "b", "c");
    await make(path);
    expect(isFolder(path)).toBe(true);
    writeFileSync(join(path, "file"), "x");
    await make(path);
    await make(join(path, "..", "d"));
    expect(existsSync(join(path, "file"))).toBe(true);
    expect(isFolder(join(folder, "a", "b", "d"))).toBe(true);
  });

  it("goes through links", async () => {
    mkdirSync(join(folder, "real"));
    symlinkSync(join(folder, "real"), join(folder, "link"));
    await make(join(folder, "link", "below"));
    expect(isFolder(join(folder, "real", "below"))).toBe(true);
  });

  it("may run several times at once", async () => {
    const path = join(folder, "a", "b", "c", "d");
    await Promise.all(Array.from({ length: 20 }, () => make(path)));
    expect(isFolder(path)).toBe(true);
  });

  it("says which file is in the way", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "x");
    for (const path of [file, join(file, "a"), join(file, "a", "b")]) {
      const reason = { code: "ENOTDIR", message: `the folder ${path} cannot be made: ${file} is no folder (ENOTDIR)` };
      await expect(make(path)).rejects.toMatchObject(reason);
    }
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
    await expect(make(join(folder, "dangling", "a"))).rejects.toThrow(
      `${join(folder, "dangling")} is no folder (EEXIST)`,
    );
  });

  // Node's own recursive mkdir does not come back from there.
  it.skipIf(process.platform !== "linux")("says that a file system takes no folders", async () => {
    await expect(make("/proc/gatewise/a/b")).rejects.toMatchObject({
      message: "the folder /proc/gatewise/a/b cannot be made: /proc takes no new folder (ENOENT)",
      code: "ENOENT",
    });
  });

  it("says that it may not write there", async () => {
    chmodSync(folder, 0o555);
    // To root nothing is forbidden: then somebody else asks.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      await expect(make(join(folder, "a", "b"))).rejects.toThrow(`${folder} takes no new folder (EACCES)`);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
