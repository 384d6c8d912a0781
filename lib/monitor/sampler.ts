import { type Disk, diskOf } from "./disk";
import { EventLoopWatch } from "./event-loop";
import type { MetricFamily } from "./families";
import { type CpuTimes, cpuTimes, HOST, type HostRoots, hostUptime, load, memory, temperatures } from "./host";
import { processFigures } from "./own-process";

/** One figure of the machine or the process. */
export interface SystemFigure {
  /** The sensor that it is a reading of: "cpu", "disk.available". */
  readonly sensor: string;
  readonly value: number;
  readonly unit: string;
  /** What it is called in Prometheus, in base units: the value times `factor`. */
  readonly metric: { readonly name: string; readonly help: string; readonly factor?: number; readonly labels?: Labels };
}
type Labels = Readonly<Record<string, string>>;

export type FigureGroup = "cpu" | "load" | "memory" | "disk" | "temperature" | "uptime" | "process" | "eventLoop";

export interface SystemSamplerOptions {
  readonly groups: readonly FigureGroup[];
  /** File systems, by a path on them; a name tells several apart. */
  readonly disks: readonly { readonly path: string; readonly name: string }[];
  readonly roots?: HostRoots;
  /** How a file system is asked; tests have others. */
  readonly askDisk?: (path: string) => Promise<Disk>;
}

export interface SystemSample {
  readonly figures: readonly SystemFigure[];
  /** What was asked for and could not be told, each with the reason. */
  readonly problems: readonly string[];
}

/** A file system that does not answer for so long, as one of a server that is gone, is passed over. */
const DISK_TIMEOUT_MS = 5000;
const PERCENT = 0.01;

/** Takes the figures of the machine and of this process. What a machine does not have is absent, never zero. */
export class SystemSampler {
  readonly #groups: ReadonlySet<FigureGroup>;
  readonly #roots: HostRoots;
  readonly #loop: EventLoopWatch | undefined;
  readonly #asked = new Map<string, Promise<Disk>>();
  #cpu: CpuTimes;
  #own = { cpuSeconds: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6, at: performance.now() };

  constructor(private readonly options: SystemSamplerOptions) {
    this.#groups = new Set(options.groups);
    this.#roots = options.roots ?? HOST;
    this.#cpu = cpuTimes(this.#roots);
    this.#loop = this.#groups.has("eventLoop") ? new EventLoopWatch() : undefined;
  }

  /** Never rejects. Processor and event-loop figures are those since the last sample. */
  async sample(): Promise<SystemSample> {
    const disks = this.#groups.has("disk") ? await this.#disks() : { figures: [], problems: [] };
    const figures = [
      ...(this.#groups.has("cpu") ? this.#cpuFigures() : []),
      ...(this.#groups.has("load") ? this.#loadFigures() : []),
      ...(this.#groups.has("memory") ? this.#memoryFigures() : []),
      ...disks.figures,
      ...(this.#groups.has("temperature") ? this.#temperatureFigures() : []),
      ...(this.#groups.has("uptime") ? this.#uptimeFigures() : []),
      ...(this.#groups.has("process") ? this.#processFigures() : []),
      ...this.#loopFigures(),
    ];
    return { figures, problems: disks.problems };
  }

  close(): void {
    this.#loop?.close();
  }

  #cpuFigures(): SystemFigure[] {
    const [before, now] = [this.#cpu, cpuTimes(this.#roots)];
    const passed = now.total - before.total;
    // Asked twice within a tick, or counters that began anew: there is no new figure.
    if (!(passed > 0)) return [];
    this.#cpu = now;
    const busy = Math.min(1, Math.max(0, (now.busy - before.busy) / passed));
    return [percent("cpu", busy, "host_cpu_ratio", "Share of the processors' time that was work.")];
  }

  #loadFigures(): SystemFigure[] {
    const averages = load(this.#roots) ?? [];
    return averages.map((value, i) => {
      const minutes = [1, 5, 15][i];
      const help = `Runnable processes on average over ${minutes} min.`;
      return { sensor: `load.${minutes}`, value, unit: "1", metric: { name: `host_load${minutes}`, help } };
    });
  }

  #memoryFigures(): SystemFigure[] {
    const { total, available, swap } = memory(this.#roots);
    const figures = [
      percent("memory", 1 - available / total, "host_memory_used_ratio", "Share of the memory that is in use."),
      bytes("memory.available", available, "host_memory_available_bytes", "Memory that programs can still get."),
    ];
    if (!swap) return figures;
    return [
      ...figures,
      percent("swap", 1 - swap.free / swap.total, "host_swap_used_ratio", "Share of the swap in use."),
    ];
  }

  #temperatureFigures(): SystemFigure[] {
    const zones = temperatures(this.#roots);
    if (zones.length === 0) return [];
    const celsius = (sensor: string, value: number, name: string, help: string, labels?: Labels): SystemFigure => ({
      sensor,
      value,
      unit: "Cel",
      metric: { name, help, ...(labels ? { labels } : {}) },
    });
    const hottest = Math.max(...zones.map((zone) => zone.celsius));
    return [
      celsius("temperature", hottest, "host_temperature_max_celsius", "The hottest of the machine's sensors."),
      ...zones.map(({ zone, celsius: value }) =>
        celsius(`temperature.${zone}`, value, "host_temperature_celsius", "Of each of the machine's sensors.", {
          zone,
        }),
      ),
    ];
  }

  #uptimeFigures(): SystemFigure[] {
    return [seconds("uptime", hostUptime(this.#roots), "host_uptime_seconds", "Since the machine started.")];
  }

  #processFigures(): SystemFigure[] {
    const { rss, heapUsed, cpuSeconds, uptime, files } = processFigures(this.#roots);
    const now = performance.now();
    const passed = (now - this.#own.at) / 1000;
    const share = passed > 0 ? (cpuSeconds - this.#own.cpuSeconds) / passed : 0;
    this.#own = { cpuSeconds, at: now };
    const open: SystemFigure[] =
      files === undefined
        ? []
        : [
            {
              sensor: "process.files",
              value: files,
              unit: "1",
              metric: { name: "process_open_files", help: "Open files and sockets." },
            },
          ];
    return [
      percent(
        "process.cpu",
        Math.max(0, share),
        "process_cpu_ratio",
        "Of one processor; more than 1 when several work.",
      ),
      bytes("process.memory", rss, "process_memory_bytes", "Of this process, in memory."),
      bytes("process.heap", heapUsed, "process_heap_used_bytes", "JavaScript objects of this process."),
      seconds("process.uptime", uptime, "process_uptime_seconds", "Since this process started."),
      ...open,
    ];
  }

  #loopFigures(): SystemFigure[] {
    const figures = this.#loop?.take();
    if (!figures) return [];
    const ms = (sensor: string, value: number, name: string, help: string): SystemFigure => ({
      sensor,
      value,
      unit: "ms",
      metric: { name, help, factor: 0.001 },
    });
    return [
      ms("eventloop.lag", figures.p99, "eventloop_lag_p99_seconds", "How late one timer in a hundred came."),
      ms("eventloop.lag.max", figures.max, "eventloop_lag_max_seconds", "How late the latest timer came."),
      percent(
        "eventloop.utilisation",
        figures.utilisation,
        "eventloop_utilisation_ratio",
        "Share of the time it was busy.",
      ),
    ];
  }

  async #disks(): Promise<SystemSample> {
    const answers = await Promise.all(
      this.options.disks.map(async ({ path, name }) => {
        try {
          return { figures: diskFigures(name, await this.#ask(path)), problems: [] };
        } catch (error) {
          return { figures: [], problems: [`disk ${path}: ${error instanceof Error ? error.message : error}`] };
        }
      }),
    );
    return {
      figures: answers.flatMap(({ figures }) => figures),
      problems: answers.flatMap(({ problems }) => problems),
    };
  }

  /** One question at a time for each path: those that hang hold a thread of the process each. */
  async #ask(path: string): Promise<Disk> {
    const { askDisk = diskOf } = this.options;
    let question = this.#asked.get(path);
    if (!question) {
      question = askDisk(path).finally(() => this.#asked.delete(path));
      this.#asked.set(path, question);
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${DISK_TIMEOUT_MS / 1000} s`)), DISK_TIMEOUT_MS);
      timer.unref();
    });
    return Promise.race([question, late]).finally(() => clearTimeout(timer));
  }
}

/** Figures as gauges; those of one name, such as of several disks, are one family. */
export function figureFamilies(figures: readonly SystemFigure[]): MetricFamily[] {
  return [...Map.groupBy(figures, ({ metric }) => metric.name)].map(([name, group]) => ({
    name: `gatewise_${name}`,
    help: group[0]?.metric.help ?? "",
    type: "gauge",
    samples: group.map(({ value, metric: { factor = 1, labels } }) => ({
      value: value * factor,
      ...(labels ? { labels } : {}),
    })),
  }));
}

function diskFigures(name: string, { used, available, files }: Disk): SystemFigure[] {
  const sensor = name === "" ? "disk" : `disk.${name}`;
  const labels = { disk: name };
  const figures = [
    percent(sensor, used, "host_disk_used_ratio", "Share of the file system that is written.", labels),
    bytes(`${sensor}.available`, available, "host_disk_available_bytes", "What can still be written.", labels),
  ];
  if (files === undefined) return figures;
  return [
    ...figures,
    percent(`${sensor}.files`, files, "host_disk_files_ratio", "Share of its files that are in use.", labels),
  ];
}

function percent(sensor: string, share: number, name: string, help: string, labels?: Labels): SystemFigure {
  const metric = { name, help, factor: PERCENT, ...(labels ? { labels } : {}) };
  return { sensor, value: 100 * share, unit: "%", metric };
}

function bytes(sensor: string, value: number, name: string, help: string, labels?: Labels): SystemFigure {
  return { sensor, value, unit: "By", metric: { name, help, ...(labels ? { labels } : {}) } };
}

function seconds(sensor: string, value: number, name: string, help: string): SystemFigure {
  return { sensor, value, unit: "s", metric: { name, help } };
}
