import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type Isolation,
  WorkerClosedError,
  WorkerDiedError,
  WorkerHost,
  type WorkerHostOptions,
  WorkerTimeoutError,
} from "./index";

const folder = mkdtempSync(join(tmpdir(), "gatewise-workers-"));
const entry = join(folder, "worker.js");
const hosts: WorkerHost[] = [];

beforeAll(() => {
  const served = resolve(__dirname, "../../dist/lib/workers/serve.js");
  writeFileSync(
    entry,
    `const { serve, withTransfer } = require(${JSON.stringify(served)});
    const { threadId } = require("node:worker_threads");
    const { existsSync, writeFileSync } = require("node:fs");
    serve({
      add: ({ a, b }) => a + b,
      thread: () => process.pid + "/" + threadId,
      later: (value) => new Promise((resolve) => setImmediate(() => resolve(value))),
      count: (n, { progress }) => { for (let i = 1; i <= n; i++) progress(i); return n; },
      fail: (message) => { throw new RangeError(message); },
      exit: () => process.exit(3),
      exitOnce: (marker) => { if (existsSync(marker)) return "second worker"; writeFileSync(marker, ""); process.exit(3); },
      spin: () => { for (;;); },
      eat: () => { const all = []; for (;;) all.push(new Array(1e5).fill(0).map(() => ({}))); },
      double: (values) => { const out = values.map((x) => 2 * x); return withTransfer(out, [out.buffer]); },
    });`,
  );
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let isolation: Isolation = "thread";

function hosted(options: Partial<WorkerHostOptions> = {}): WorkerHost {
  const host = new WorkerHost(entry, { name: "test", isolation, ...options });
  hosts.push(host);
  return host;
}

describe.each(["thread", "process"] as const)("a worker in a %s", (kind) => {
  beforeEach(() => {
    isolation = kind;
  });

  describe("that is hosted", () => {
    it("answers calls, also many at once, each with its own result", async () => {
      const host = hosted();
      const sums = Array.from({ length: 50 }, (_, i) => host.call<number>("add", { a: i, b: 1 }));
      expect(await Promise.all(sums)).toEqual(sums.map((_, i) => i + 1));
      expect(await Promise.all([host.call("later", "slow"), host.call("add", { a: 1, b: 1 })])).toEqual(["slow", 2]);
      expect(host.pending).toBe(0);
    });

    it("reports progress in order", async () => {
      const seen: unknown[] = [];
      expect(await hosted().call("count", 3, { onProgress: (n) => seen.push(n) })).toBe(3);
      expect(seen).toEqual([1, 2, 3]);
    });

    it("gets and gives typed arrays, which a thread takes over and a process copies", async () => {
      const values = Float64Array.of(1, 2, 3);
      expect(await hosted().call("double", values, { transfer: [values.buffer] })).toEqual(Float64Array.of(2, 4, 6));
      expect(values).toHaveLength(isolation === "thread" ? 0 : 3);
      const kinds = new Map<string, unknown>([
        ["whole", BigInt64Array.of(1n, -(2n ** 63n))],
        ["part", new Float32Array([9, 1.5, -2, 9]).subarray(1, 3)],
        ["bytes", Uint8Array.of(0, 255)],
        ["texts", ["a", "\u{1F525}"]],
      ]);
      expect(await hosted().call("later", kinds)).toEqual(kinds);
    });

    it("gives errors back with their names, and goes on", async () => {
      const host = hosted();
      const failed = host.call("fail", "window: too long");
      await expect(failed).rejects.toMatchObject({ name: "RangeError", message: "window: too long" });
      await expect(host.call("nothing")).rejects.toThrow(/no method "nothing"/);
      await expect(host.call("add", () => 1)).rejects.toMatchObject({ name: "DataCloneError" });
      expect(await host.call("add", { a: 1, b: 1 })).toBe(2);
      expect(host.restarts).toBe(0);
    });
  });

  describe("that dies", () => {
    it("is replaced, and what it had is done by the next one", async () => {
      const reasons: string[] = [];
      const host = hosted({ onRestart: (reason) => reasons.push(reason.message) });
      const first = await host.call<string>("thread");
      expect(await host.call("exitOnce", join(folder, `marker ${isolation}`))).toBe("second worker");
      expect(await host.call<string>("thread")).not.toBe(first);
      expect(host.restarts).toBe(1);
      expect(reasons).toEqual(["exit code 3"]);
    });

    it("again and again has its call rejected after the retries, with what happened", async () => {
      const host = hosted({ retries: 2 });
      await expect(host.call("exit")).rejects.toThrow(WorkerDiedError);
      expect(host.restarts).toBe(3);
      expect(await host.call("add", { a: 1, b: 1 })).toBe(2);
    });

    it("for want of memory takes only itself along", async () => {
      const host = hosted({ memoryMb: 32, retries: 0 });
      await expect(host.call("eat")).rejects.toThrow(/memory/i);
      expect(await host.call("add", { a: 1, b: 1 })).toBe(2);
    });

    it("because its file is broken is reported, not tried for ever", async () => {
      const broken = join(folder, "broken.js");
      writeFileSync(broken, "throw new Error('no such luck');");
      const host = new WorkerHost(broken, { name: "broken", isolation });
      hosts.push(host);
      await expect(host.call("add")).rejects.toThrow(/the worker ended during add: no such luck/);
    });
  });

  describe("with a call that does not end", () => {
    it("is given up after its time, and the calls behind it are done by a new worker", async () => {
      const host = hosted({ retries: 0 });
      await host.call("thread");
      const stuck = host.call("spin", undefined, { timeoutMs: 50 });
      const behind = host.call("add", { a: 1, b: 1 });
      await expect(stuck).rejects.toThrow(WorkerTimeoutError);
      expect(await behind).toBe(2);
    });

    it("can be cancelled", async () => {
      const host = hosted();
      const cancel = new AbortController();
      const stuck = host.call("spin", undefined, { signal: cancel.signal });
      cancel.abort(new Error("no longer wanted"));
      await expect(stuck).rejects.toThrow("no longer wanted");
      expect(await host.call("add", { a: 1, b: 1 })).toBe(2);
      await expect(host.call("add", {}, { signal: cancel.signal })).rejects.toThrow("no longer wanted");
    });

    it("is rejected when the host is closed", async () => {
      const host = hosted();
      const rejected = expect(host.call("spin")).rejects.toThrow(WorkerClosedError);
      await host.close();
      await rejected;
      await expect(host.call("add")).rejects.toThrow(WorkerClosedError);
    });
  });
});

it("names the build when a worker's module was not compiled", () => {
  expect(() => new WorkerHost("nowhere/worker", { name: "x" })).toThrow(/npm run build/);
});
