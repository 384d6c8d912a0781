import { join } from "node:path";
import { type HostRoots, numberIn, textOf } from "./kernel-files";

/** The memory limit of a group of processes, and what they can still get below it, bytes. */
export interface GroupMemory {
  readonly limit: number;
  readonly available: number;
}

interface Hierarchy {
  /** Below /sys. */
  readonly folder: string;
  /** The line of /proc/self/cgroup that says which group of it this process is in (cgroups(7)). */
  readonly line: RegExp;
  readonly limits: readonly string[];
  readonly used: string;
  /** Pages of files that nobody wants now, of the group and all in it: they are given back first. */
  readonly cache: RegExp;
}

/** Kernel Documentation/admin-guide/cgroup-v2.rst, "Memory Interface Files". Beyond `high` processes are slowed down until they give back. */
const V2: Hierarchy = {
  folder: "fs/cgroup",
  line: /^0::(.*)$/m,
  limits: ["memory.max", "memory.high"],
  used: "memory.current",
  cache: /^inactive_file (\d+)$/m,
};

/** Kernel Documentation/admin-guide/cgroup-v1/memory.rst, 3 and 5.2. No limit is a number larger than any memory. */
const V1: Hierarchy = {
  folder: "fs/cgroup/memory",
  line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m,
  limits: ["memory.limit_in_bytes"],
  used: "memory.usage_in_bytes",
  cache: /^total_inactive_file (\d+)$/m,
};

/**
 * Limits of the groups that this process is in, its own and those around it: of a container, of a service (systemd's MemoryMax),
 * of a slice. In a container the path may be that of the host, which is not there; what is mounted is then the container's group.
 */
export function groupMemories({ proc, sys }: HostRoots): GroupMemory[] {
  const own = textOf(join(proc, "self/cgroup")) ?? "";
  return [V2, V1].flatMap((hierarchy) =>
    groupsAround(hierarchy.line.exec(own)?.[1] ?? "").flatMap((group) =>
      memoryOf(join(sys, hierarchy.folder, group), hierarchy),
    ),
  );
}

function memoryOf(folder: string, { limits, used, cache }: Hierarchy): GroupMemory[] {
  const limit = Math.min(...limits.map((file) => numberIn(join(folder, file)) ?? Number.POSITIVE_INFINITY));
  const inUse = numberIn(join(folder, used));
  if (inUse === undefined || !Number.isFinite(limit) || limit <= 0) return [];
  const unwanted = Number(cache.exec(textOf(join(folder, "memory.stat")) ?? "")?.[1] ?? 0);
  return [{ limit, available: Math.max(0, Math.min(limit, limit - inUse + unwanted)) }];
}

/** "/a/b" is in "a/b", "a" and the root. A group outside of what this process sees begins with "..", which is left out. */
function groupsAround(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  return [...names.keys(), names.length].map((length) => names.slice(0, length).join("/"));
}
