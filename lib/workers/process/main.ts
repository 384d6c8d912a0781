import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { sentError, type WorkerMessage } from "../messages";
import type { Guarded } from "./guard";

/**
 * First module of a worker's process: `main FILE NAME PARENT MEGABYTES`. Starts the guard, then the worker's module FILE.
 */

/** When memory runs out, the kernel is to choose a worker, which is replaced, before Node-RED. */
const OOM_SCORE = "500";
/** Of the guard, which does next to nothing, MB. */
const GUARD_LIMITS = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

const [file = "", name = "", parent, megabytes] = process.argv.slice(2);

process.title = `gatewise ${name}`;
// Service managers and terminals signal all processes of a service at once. When this one ends is its host's business.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.on("uncaughtException", (error) => {
  const message: WorkerMessage = { kind: "failed", error: sentError(error) };
  process.send?.(message, undefined, {}, () => process.exit(1));
});
try {
  if (process.platform === "linux") writeFileSync("/proc/self/oom_score_adj", OOM_SCORE);
} catch {
  // Not where /proc is read-only.
}
const guarded: Guarded = { parent: Number(parent), memoryMb: Number(megabytes) };
const guard = new Worker(join(__dirname, "guard.js"), { workerData: guarded, resourceLimits: GUARD_LIMITS });
guard.unref();

require(file);
