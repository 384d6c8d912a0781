import { readdirSync } from "node:fs";
import { join } from "node:path";
import { HOST, type HostRoots } from "./host";

/** What this process uses. */
export interface ProcessFigures {
  /** Bytes in memory, and of its JavaScript objects. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
  /** Processor seconds since it started. */
  readonly cpuSeconds: number;
  /** Seconds since it started. */
  readonly uptime: number;
  /** Open files and sockets; undefined where the system does not tell. */
  readonly files?: number;
}

export function processFigures({ proc }: HostRoots = HOST): ProcessFigures {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const files = openFiles(proc);
  const base = { rss, heapUsed, heapTotal, external, cpuSeconds: (user + system) / 1e6, uptime: process.uptime() };
  return files === undefined ? base : { ...base, files };
}

function openFiles(proc: string): number | undefined {
  try {
    return readdirSync(join(proc, "self/fd")).length;
  } catch {
    return undefined;
  }
}
