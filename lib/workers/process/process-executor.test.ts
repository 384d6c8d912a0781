import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ended } from "../../../test/support/child";
import { isRunning, workerProcesses } from "../../../test/support/processes";
import { until } from "../../../test/support/red";
import { WorkerDiedError, WorkerHost, type WorkerHostOptions, WorkerTimeoutError } from "../index";

const dist = resolve(__dirname, "../../../dist/lib/workers");
const folder = mkdtempSync(join(tmpdir(), "gatewise-worker-processes-"));
const entry = join(folder, "worker.js");
const hosts: WorkerHost[] = [];

beforeAll(() =>
  writeFileSync(
    entry,
    `const { existsSync, readFileSync, writeFileSync } = require("node:fs");
    require(${JSON.stringify(join(dist, "serve.js"))}).serve({
      pid: () => process.pid,
      spin: () => { for (;;); },
      crash: () => process.kill(process.pid, "SIGSEGV"),
      crashOnce: (marker) => { if (existsSync(marker)) return "done"; writeFileSync(marker, ""); process.abort(); },
      signals: async () => {
        for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.kill(process.pid, signal);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return "still here";
      },
      variables: () => Object.keys(process.env),
      oom: () => Number(readFileSync("/proc/self/oom_score_adj", "utf8")),
      atOnce: (megabytes) => Buffer.alloc(megabytes * 2 ** 20, 1).length,
      piecemeal: async () => {
        for (const all = []; ; await new Promise(setImmediate)) all.push(Buffer.alloc(2 ** 20, 1));
      },
      throwLater: () => new Promise(() => setImmediate(() => { throw new Error("out of the blue"); })),
    });`,
  ),
);
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  expect(workerProcesses()).toEqual([]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function hosted(options: Partial<WorkerHostOptions> = {}): WorkerHost {
  const host = new WorkerHost(entry, { name: "test", isolation: "process", retries: 0, ...options });
  hosts.push(host);
  return host;
}

it("is killed in whatever it is when a call takes too long, and none is left behind", async () => {
  const host = hosted();
  for (let i = 0; i < 4; i += 1) {
    const pid = await host.call<number>("pid");
    expect(workerProcesses()).toEqual([pid]);
    await expect(host.call("spin", undefined, { timeoutMs: 50 })).rejects.toThrow(WorkerTimeoutError);
    await until(() => !isRunning(pid), "the end of the process");
  }
  expect(host.restarts).toBe(4);
});

it("may crash: the call is told how, and done again where that is wanted", async () => {
  const host = hosted();
  await expect(host.call("crash")).rejects.toThrow(/ended during crash: ended by SIGSEGV/);
  await expect(host.call("throwLater")).rejects.toThrow(/ended during throwLater: out of the blue/);
  expect(await host.call("crashOnce", join(folder, "crashed"), { retries: 1 })).toBe("done");
});

it("takes no more memory than it may, whether at once or bit by bit, on the heap of JavaScript or beside it", async () => {
  const host = hosted({ memoryMb: 64 });
  expect(await host.call("atOnce", 16)).toBe(16 * 2 ** 20);
  await expect(host.call("piecemeal")).rejects.toThrow(WorkerDiedError);
  await expect(host.call("piecemeal")).rejects.toThrow(/took more than 64 MB of memory/);
  // Refused by the kernel where there is prlimit, else seen by the guard.
  await expect(host.call("atOnce", 3000)).rejects.toThrow(/allocation failed|took more than 64 MB/);
});

it("leaves signals that are meant for its host to it, and is the kernel's choice before its host", async () => {
  expect(await hosted().call("signals")).toBe("still here");
  expect(await hosted().call("oom")).toBeGreaterThan(0);
});

it("is not told the secrets of its host", async () => {
  process.env.GATEWISE_TEST_SECRET = "s3cret";
  const variables = await hosted().call<string[]>("variables");
  delete process.env.GATEWISE_TEST_SECRET;
  expect(variables).toContain("PATH");
  expect(variables).not.toContain("GATEWISE_TEST_SECRET");
  expect(variables).not.toContain("NODE_OPTIONS");
});

/** A process that hosts a worker, tells the worker's process id, and then does what `after` says. */
async function host(after: string): Promise<{ process: ChildProcess; worker: number }> {
  const script = `const { WorkerHost } = require(${JSON.stringify(dist)});
    const host = new WorkerHost(${JSON.stringify(entry)}, { name: "test", isolation: "process" });
    host.call("pid").then((pid) => { console.log(pid); ${after} });`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [pid] = (await once(child.stdout!, "data")) as [Buffer];
  return { process: child, worker: Number(pid.toString()) };
}

it.each([
  ["waits", ""],
  ["is in a call for ever", 'host.call("spin");'],
])("that %s ends when its host is killed", async (_what, after) => {
  const { process, worker } = await host(`${after} setInterval(() => {}, 1000);`);
  expect(isRunning(worker)).toBe(true);
  await ended(process, "SIGKILL");
  await until(() => !isRunning(worker), "the end of the worker");
});

it("does not keep its host from ending", async () => {
  const { process, worker } = await host("");
  if (process.exitCode === null) await once(process, "exit");
  expect(process.exitCode).toBe(0);
  await until(() => !isRunning(worker), "the end of the worker");
});

it.skipIf(process.platform === "win32")(
  "that cannot be started says why, and is started when it can be again",
  async () => {
    const script = `const { closeSync, openSync } = require("node:fs");
    const { WorkerHost } = require(${JSON.stringify(dist)});
    const host = new WorkerHost(${JSON.stringify(entry)}, { name: "test", isolation: "process" });
    const files = [];
    try { for (;;) files.push(openSync("/dev/null", "r")); } catch {}
    // Enough for its pipes or for none of them: it cannot be started either way.
    const told = async (spare) => {
      for (let i = 0; i < spare; i++) closeSync(files.pop());
      return host.call("pid").catch(({ name, message }) => name + ": " + message);
    };
    (async () => {
      const reasons = [await told(0), await told(3)];
      for (const file of files) closeSync(file);
      console.log(JSON.stringify([...reasons, typeof (await host.call("pid"))]));
      await host.close();
    })();`;
    const child = spawn("sh", ["-c", 'ulimit -n 100; exec "$0" -e "$1"', process.execPath, script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout!, "data")) as [Buffer];
    const because = expect.stringMatching(/^WorkerDiedError: test: the worker ended during pid: .*EMFILE/);
    expect(JSON.parse(line.toString())).toEqual([because, because, "number"]);
    if (child.exitCode === null) await once(child, "exit");
  },
);
