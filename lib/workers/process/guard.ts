import { spawnSync } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { GUARD_SAYS } from "./last-words";

/**
 * Thread beside a worker's own in its process. The other may be in native code for ever, or take memory faster than anyone asks
 * it; this one ends the process when its host is gone, or when it has taken more memory than it may.
 */
export interface Guarded {
  /** Process id of the host. */
  readonly parent: number;
  /** What the process may take, besides what it has when it starts; 0 for no bound. */
  readonly memoryMb: number;
}

const EVERY_MS = 100;
const MEGABYTE = 2 ** 20;
/** Code and tables of a native runtime, which every model of it takes, MB. */
const RUNTIME_MB = 64;
/** Of what is asked for and not used: stacks of threads, heaps of allocators, MB. */
const ROOM_MB = 256;
const STDERR = 2;

const { parent, memoryMb } = workerData as Guarded;
const most = memoryMb > 0 ? process.memoryUsage.rss() + (memoryMb + RUNTIME_MB) * MEGABYTE : Number.POSITIVE_INFINITY;

if (process.platform === "linux") boundBySystem();
setInterval(look, EVERY_MS);

function look(): void {
  if (!hasParent()) process.kill(process.pid, "SIGKILL");
  if (process.memoryUsage.rss() <= most) return;
  // Straight to the file: the other thread, which writes for all, may not come to it.
  writeSync(STDERR, `\n${GUARD_SAYS}it took more than ${memoryMb} MB of memory\n`);
  process.kill(process.pid, "SIGKILL");
}

function hasParent(): boolean {
  if (process.platform !== "win32") return process.ppid === parent;
  try {
    return process.kill(parent, 0);
  } catch {
    return false;
  }
}

/**
 * Has the kernel refuse private memory beyond the bound (RLIMIT_DATA), so that also one huge allocation fails before it takes
 * anything, and write no core files. Not before: V8 asks for far more than it keeps when it starts. Where there is no prlimit
 * (util-linux), looking has to do.
 */
function boundBySystem(): void {
  const limits = ["--core=0"];
  const kilobytes = Number(/^VmData:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
  if (memoryMb > 0 && kilobytes > 0) limits.push(`--data=${kilobytes * 1024 + (memoryMb + ROOM_MB) * MEGABYTE}`);
  spawnSync("prlimit", ["--pid", `${process.pid}`, ...limits], { stdio: "ignore" });
}
