import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ended } from "../../../test/support/child";
import { ModelError } from "../contract";
import { FolderLock } from "./lock";

const built = resolve(__dirname, "../../../dist/lib/model/store/lock.js");
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that takes the lock and is killed while it has it. */
async function killedInside(): Promise<void> {
  const script = `const { FolderLock } = require(${JSON.stringify(built)});
    new FolderLock(${JSON.stringify(path)}).run(() => new Promise(() => { console.log("inside"); setInterval(() => {}, 1000); }));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
  await ended(child, "SIGKILL");
}

/** Waits for each round, then takes the lock three times, and counts how many are in it at most. */
const CONTENDER = `const { parentPort, workerData: { built, path, counts } } = require("node:worker_threads");
const { FolderLock } = require(built);
parentPort.on("message", async () => {
  Atomics.add(counts, 0, 1);
  while (Atomics.load(counts, 0) < 8);
  const lock = new FolderLock(path);
  for (let i = 0; i < 3; i++) {
    await lock.run(async () => {
      const inside = Atomics.add(counts, 1, 1) + 1;
      if (inside > Atomics.load(counts, 2)) Atomics.store(counts, 2, inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      Atomics.sub(counts, 1, 1);
    });
  }
  parentPort.postMessage("done");
});`;

it("is had by one at a time, also when the one who had it was killed and many want it at once", async () => {
  const counts = new Int32Array(new SharedArrayBuffer(12));
  // Each is like a process of its own: they know of each other by the file only.
  const threads = Array.from(
    { length: 8 },
    () => new Worker(CONTENDER, { eval: true, workerData: { built, path, counts } }),
  );
  try {
    for (let round = 0; round < 8; round++) {
      await killedInside();
      counts[0] = 0;
      const done = threads.map((thread) => once(thread, "message"));
      for (const thread of threads) thread.postMessage("go");
      await Promise.all(done);
      expect([...counts]).toEqual([8, 0, 1]);
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
});

it("is not taken from who has it for long", async () => {
  const order: string[] = [];
  await new FolderLock(path).run(async () => {
    if (existsSync(path)) utimesSync(path, 0, 0);
    const other = new FolderLock(path).run(async () => void order.push("other"));
    other.catch(() => undefined);
    // Enough for several tries: however many there are, none may succeed.
    await pause(150);
    order.push("first");
  });
  await new FolderLock(path).run(async () => void order.push("third"));
  expect(order.indexOf("first")).toBe(0);
});

it("writes nothing, so that a full disk does not lock the folder", async () => {
  for (let time = 0; time < 2; time++) {
    await new FolderLock(path).run(async () => {
      expect(readdirSync(folder)).toEqual(["lock"]);
      expect(statSync(path).size).toBe(0);
    });
  }
});

it("is free again when the work fails", async () => {
  const lock = new FolderLock(path);
  await expect(lock.run(() => Promise.reject(new RangeError("no")))).rejects.toThrow(RangeError);
  expect(await new FolderLock(path).run(async () => 1)).toBe(1);
});

it("says what to do when it cannot be had", async () => {
  writeFileSync(path, "x".repeat(200));
  const failed = new FolderLock(path).run(async () => 1);
  await expect(failed).rejects.toThrow(ModelError);
  await expect(failed).rejects.toThrow(/lock cannot be locked: .*not a database; .* remove it/);
});
