import { readdirSync } from "node:fs";
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import { join } from "node:path";
import { groupMemories } from "./control-groups";
import { type HostRoots, numberIn, textOf } from "./kernel-files";

export type { HostRoots };

export const HOST: HostRoots = { proc: "/proc", sys: "/sys" };

/** Seconds that all processors together have worked, and that have passed for them. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** Processor time is counted in hundredths of a second (USER_HZ, which is 100 for programs on every platform of Linux). */
const TICKS_A_SECOND = 100;

/**
 * Processor time since the start: of /proc/stat, first line: user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
 * Waiting for a disk is not work, time stolen by other guests is.
 */
export function cpuTimes({ proc }: HostRoots = HOST): CpuTimes {
  const line = textOf(join(proc, "stat"))?.split("\n", 1)[0];
  const ticks = line?.startsWith("cpu ") ? line.trim().split(/\s+/).slice(1, 9).map(Number) : undefined;
  if (!ticks || ticks.length < 4 || !ticks.every(Number.isFinite)) return timesOfNode();
  const total = ticks.reduce((sum, tick) => sum + tick, 0);
  const idle = (ticks[3] as number) + (ticks[4] ?? 0);
  return { busy: (total - idle) / TICKS_A_SECOND, total: total / TICKS_A_SECOND };
}

function timesOfNode(): CpuTimes {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    busy += (all - times.idle) / 1000;
    total += all / 1000;
  }
  return { busy, total };
}

export interface Memory {
  /** Bytes. `available` is what programs can get without swapping. */
  readonly total: number;
  readonly available: number;
  /** Undefined without swap. */
  readonly swap?: { readonly total: number; readonly free: number };
}

/**
 * Memory of the machine by /proc/meminfo; where this process may have less, as in a container or a service with a limit, the
 * total is the lowest limit, and what is available is what all limits and the machine still leave.
 */
export function memory(roots: HostRoots = HOST): Memory {
  const fields = new Map(
    (textOf(join(roots.proc, "meminfo")) ?? "").split("\n").map((line) => {
      const [name = "", kibibytes] = line.split(/:\s*/);
      return [name, Number.parseInt(kibibytes ?? "", 10) * 1024] as const;
    }),
  );
  const known = (name: string): number | undefined => {
    const bytes = fields.get(name);
    return bytes !== undefined && Number.isFinite(bytes) ? bytes : undefined;
  };
  const host = { total: known("MemTotal") ?? totalmem(), available: known("MemAvailable") ?? freemem() };
  const swapTotal = known("SwapTotal") ?? 0;
  const swap = swapTotal > 0 ? { swap: { total: swapTotal, free: known("SwapFree") ?? 0 } } : {};
  const groups = groupMemories(roots).filter(({ limit }) => limit < host.total);
  return {
    total: Math.min(host.total, ...groups.map(({ limit }) => limit)),
    available: Math.min(host.available, ...groups.map(({ available }) => available)),
    ...swap,
  };
}

/** Runnable processes on average over 1, 5 and 15 minutes; undefined where the system does not tell (Windows). */
export function load({ proc }: HostRoots = HOST): readonly [number, number, number] | undefined {
  const averages = textOf(join(proc, "loadavg"))?.split(" ", 3).map(Number) ?? loadavg();
  if (averages.length < 3 || !averages.every(Number.isFinite)) return undefined;
  // Windows has no load, and Node gives zeros for it.
  if (process.platform === "win32") return undefined;
  return averages as unknown as readonly [number, number, number];
}

/** Seconds since the machine started. */
export function hostUptime({ proc }: HostRoots = HOST): number {
  const seconds = Number.parseFloat(textOf(join(proc, "uptime")) ?? "");
  return Number.isFinite(seconds) ? seconds : uptime();
}

export interface Temperature {
  /** What the kernel calls the place: "cpu-thermal", "x86_pkg_temp". */
  readonly zone: string;
  readonly celsius: number;
}

/** Zones that are told; more than any gateway has. */
const MAX_ZONES = 16;

/**
 * Temperatures of the thermal zones (kernel Documentation/driver-api/thermal/sysfs-api.rst: `temp` in thousandths of a
 * degree), or, where there are none, of the hardware monitors. Zones that cannot be read are left out.
 */
export function temperatures({ sys }: HostRoots = HOST): Temperature[] {
  const zones = folders(join(sys, "class/thermal"), "thermal_zone").flatMap((zone) =>
    temperatureIn(join(zone, "temp"), textOf(join(zone, "type"))),
  );
  const found = zones.length > 0 ? zones : folders(join(sys, "class/hwmon"), "hwmon").flatMap(monitored);
  return named(found.slice(0, MAX_ZONES));
}

function monitored(folder: string): Temperature[] {
  const name = textOf(join(folder, "name"))?.trim() ?? "hwmon";
  const inputs = names(folder).filter((file) => /^temp\d+_input$/.test(file));
  return inputs.flatMap((file) => {
    const label = textOf(join(folder, file.replace("input", "label")))?.trim();
    return temperatureIn(join(folder, file), label ? `${name} ${label}` : name);
  });
}

function temperatureIn(path: string, zone = "zone"): Temperature[] {
  const thousandths = numberIn(path);
  const celsius = (thousandths ?? Number.NaN) / 1000;
  // A sensor that is off says -274 or nothing.
  if (!(celsius > -100 && celsius < 250)) return [];
  return [{ zone: zone.trim().replaceAll(/[^\w.-]+/g, "_") || "zone", celsius }];
}

/** Two zones of one name are told apart by a number. */
function named(found: readonly Temperature[]): Temperature[] {
  const seen = new Map<string, number>();
  return found.map(({ zone, celsius }) => {
    const count = (seen.get(zone) ?? 0) + 1;
    seen.set(zone, count);
    return { zone: count === 1 ? zone : `${zone}_${count}`, celsius };
  });
}

function folders(path: string, prefix: string): string[] {
  return names(path)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(path, name));
}

/** Sorted as people count: zone 2 before zone 10. */
function names(path: string): string[] {
  try {
    return readdirSync(path).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  } catch {
    return [];
  }
}
