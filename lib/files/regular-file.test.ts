import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOf, openRegular } from ".";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function whole(path: string): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytesOf(path)) parts.push(part);
  return Buffer.concat(parts).toString();
}
const openFiles = async (): Promise<number> => (await readdir("/proc/self/fd")).length;

describe("a file whose name a user gave", () => {
  it("is read as it is, also through a link", async () => {
    const path = join(folder, "a.csv");
    const text = "0123456789".repeat(100_000);
    writeFileSync(path, text);
    symlinkSync(path, join(folder, "link"));
    expect(await whole(path)).toBe(text);
    expect(await whole(join(folder, "link"))).toBe(text);
    writeFileSync(path, "");
    expect(await whole(path)).toBe("");
  });

  it("that is missing, a folder or a device is refused with the reason", async () => {
    await expect(whole(join(folder, "none"))).rejects.toThrow("ENOENT");
    await expect(whole(folder)).rejects.toThrow(`${folder} is no file but a folder`);
    await expect(whole("/dev/zero")).rejects.toThrow("/dev/zero is no file but a pipe, a socket or a device");
  });

  it.skipIf(process.platform === "win32")("that is a named pipe holds up no other file work", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const file = join(folder, "a");
    writeFileSync(file, "x");
    // More than the pool has threads: were one of them to wait for a writer, nothing after it would ever be read.
    const refused = Array.from({ length: 16 }, () => expect(openRegular(pipe)).rejects.toThrow("no file but a pipe"));
    await Promise.all(refused);
    expect(await readFile(file, "utf8")).toBe("x");
  });

  it.skipIf(process.platform !== "linux")("is closed when it was read, and when the reader stops early", async () => {
    const path = join(folder, "a");
    writeFileSync(path, "x".repeat(1_000_000));
    const before = await openFiles();
    await whole(path);
    for await (const _ of bytesOf(path)) break;
    expect(await openFiles()).toBe(before);
  });
});
