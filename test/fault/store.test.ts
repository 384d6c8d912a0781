import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Registry } from "../../lib/registry";
import { openStore, type StoreErrorCode } from "../../lib/store";
import { batchOf, countedIn, numbersIn } from "./store-child";

let programs: string;
let folder: string;
let children: ChildProcess[] = [];

beforeAll(() => {
  programs = mkdtempSync(join(tmpdir(), "gatewise-fault-programs-"));
  buildSync({
    entryPoints: [join(__dirname, "store-child.ts")],
    outfile: join(programs, "child.cjs"),
    ...{ bundle: true, platform: "node", format: "cjs", external: ["csv-parse"] },
  });
  chmodSync(programs, 0o755);
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-fault-store-"));
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

function start(program: string): ChildProcess {
  const child = spawn(process.execPath, [join(programs, "child.cjs"), program, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

/** Reads the child's lines until `enough` of them; then kills it -9 and returns the last it said. */
async function killAfter(child: ChildProcess, enough: number): Promise<number> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  let lines = 0;
  let last = -1;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    lines += 1;
    last = Number(line);
    // What the child still says before the signal reaches it counts too.
    if (lines === enough) child.kill("SIGKILL");
  }
  await gone;
  return last;
}

/** Runs a program to its end and returns what it said. */
function report(command: string, args: readonly string[], options: { uid?: number; gid?: number } = {}): unknown {
  const run = spawnSync(command, args, { ...options, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${run.stderr}`);
  return JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "");
}

const mayMount = spawnSync("unshare", ["-rm", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;
if (!mayMount) console.log("skipped: a full disk needs unshare and the right to mount a tmpfs of its own");

describe("kill -9 while batches are written", () => {
  it("leaves every stored batch, each whole, and devices that can be read; again and again on the same file", async () => {
    for (const lines of [5, 400, 1500, 60, 700]) {
      const acknowledged = await killAfter(start("write"), lines);
      const store = openStore(join(folder, "gatewise.db"), {
        onWarning: (warning) => expect.fail(`no damage was done: ${warning}`),
      });
      const batches = countedIn(store);
      // One more may have been stored without the time to say so.
      expect([acknowledged, acknowledged + 1]).toContain(batches.at(-1));
      expect(batches).toEqual(Array.from({ length: batches.length }, (_, n) => n));
      expect(numbersIn(store)).toEqual(batches.flatMap((n) => batchOf(n).map(({ value }) => value)));
      const registry = new Registry({ store, onProblem: (problem) => expect.fail(problem) });
      expect(registry.get(`r${acknowledged % 5000}`)?.configuration.n).toBe(acknowledged);
      registry.close();
      store.close();
    }
  });
});

describe.skipIf(!mayMount)("a full disk", () => {
  it("is a clear error for who writes; what was stored stays readable, and writing goes on when there is room", () => {
    const script = `mount -t tmpfs -o size=8m none "$1" && exec "$2" "$3" fill "$1"`;
    const said = report("unshare", [
      "-rm",
      "sh",
      "-c",
      script,
      "sh",
      folder,
      process.execPath,
      join(programs, "child.cjs"),
    ]);
    const { stored, ...rest } = said as { stored: number };
    expect(stored).toBeGreaterThan(1000);
    expect(rest).toEqual({
      append: "disk-full",
      flush: "disk-full",
      readable: stored,
      later: "stored",
      devices: 2000,
    });
  });
});

describe("a file or folder that may not be written", () => {
  it("is refused with the reason and what to do", () => {
    openStore(join(folder, "gatewise.db")).close();
    chmodSync(join(folder, "gatewise.db"), 0o444);
    chmodSync(folder, 0o555);
    // Root may write everything: there the program runs as nobody.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const said = report(process.execPath, [join(programs, "child.cjs"), "openReadOnly", folder], user);
    chmodSync(folder, 0o755);
    expect(said).toMatchObject({
      message: expect.stringMatching(/gatewise\.db.*(owner and permissions|can be written)/),
    });
    expect(["read-only", "unavailable"]).toContain((said as { code: string }).code);
  });
});

describe("a second process with the same file", () => {
  it("is refused while the first lives, and may have it after the first was killed", async () => {
    const holder = start("hold");
    await new Promise((resolve) => holder.stdout?.once("data", resolve));
    expect(() => openStore(join(folder, "gatewise.db"))).toThrow(
      expect.objectContaining({
        code: "busy" satisfies StoreErrorCode,
        message: expect.stringMatching(/another process holds the database; give each Node-RED its own store file/),
      }),
    );
    const gone = new Promise((resolve) => holder.once("exit", resolve));
    holder.kill("SIGKILL");
    await gone;
    openStore(join(folder, "gatewise.db")).close();
  });
});
