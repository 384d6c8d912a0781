import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cpuTimes, type HostRoots, hostUptime, load, memory, temperatures } from "./host";
import { processFigures } from "./own-process";
import { figureFamilies, SystemSampler } from "./sampler";

let roots: HostRoots;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-host-"));
  roots = { proc: join(folder, "proc"), sys: join(folder, "sys") };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const stat = (...ticks: number[]): void => write("proc/stat", `cpu  ${ticks.join(" ")}\ncpu0 1 2 3 4\nintr 5\n`);
const MEMINFO =
  "MemTotal:        8000 kB\nMemFree:          500 kB\nMemAvailable:    2000 kB\nSwapTotal:       1000 kB\nSwapFree:         250 kB\n";

describe("what Linux says", () => {
  it("is read as proc(5) has it", () => {
    //   user nice system idle iowait irq softirq steal guest guest_nice
    stat(100, 10, 50, 800, 20, 5, 10, 5, 70, 0);
    expect(cpuTimes(roots)).toEqual({ busy: 1.8, total: 10 });
    write("proc/loadavg", "0.52 1.58 2.59 3/602 12345\n");
    expect(load(roots)).toEqual([0.52, 1.58, 2.59]);
    write("proc/uptime", "350735.47 234388.90\n");
    expect(hostUptime(roots)).toBe(350_735.47);
    write("proc/meminfo", MEMINFO);
    expect(memory(roots)).toEqual({
      total: 8000 * 1024,
      available: 2000 * 1024,
      swap: { total: 1000 * 1024, free: 250 * 1024 },
    });
  });

  it("is that of the container where it has less memory than the machine", () => {
    write("proc/meminfo", MEMINFO);
    write("sys/fs/cgroup/memory.max", "4096000\n");
    write("sys/fs/cgroup/memory.current", "3000000\n");
    write("sys/fs/cgroup/memory.stat", "anon 2000000\ninactive_file 500000\nactive_file 1\n");
    expect(memory(roots)).toMatchObject({ total: 4_096_000, available: 1_596_000 });
    write("sys/fs/cgroup/memory.max", "max\n");
    expect(memory(roots).total).toBe(8000 * 1024);
  });

  it("is that of the service, or of the slice around it, that leaves the least (cgroup v2)", () => {
    write("proc/meminfo", MEMINFO);
    write("proc/self/cgroup", "0::/plant.slice/node-red.service\n");
    const group = (path: string, max: string, current: number): void => {
      write(`sys/fs/cgroup/${path}/memory.max`, `${max}\n`);
      write(`sys/fs/cgroup/${path}/memory.current`, `${current}\n`);
    };
    group("plant.slice/node-red.service", "2000000", 500_000);
    expect(memory(roots)).toMatchObject({ total: 2_000_000, available: 1_500_000 });
    group("plant.slice", "4000000", 3_900_000);
    expect(memory(roots)).toMatchObject({ total: 2_000_000, available: 100_000 });
    group("plant.slice", "max", 3_900_000);
    // systemd's MemoryHigh.
    write("sys/fs/cgroup/plant.slice/node-red.service/memory.high", "1000000\n");
    expect(memory(roots)).toMatchObject({ total: 1_000_000, available: 500_000 });
    // Another group's limit is not ours.
    group("other.slice", "1000", 1000);
    expect(memory(roots)).toMatchObject({ total: 1_000_000, available: 500_000 });
  });

  it("is that of the group with a limit under cgroup v1, and of a container that sees its own group as the root", () => {
    write("proc/meminfo", MEMINFO);
    write("proc/self/cgroup", "9:name=systemd:/\n4:cpuset,memory:/docker/0123\n1:cpu:/docker/0123\n0::/\n");
    const group = (path: string, limit: string, usage: number): void => {
      write(`sys/fs/cgroup/memory/${path}/memory.limit_in_bytes`, `${limit}\n`);
      write(`sys/fs/cgroup/memory/${path}/memory.usage_in_bytes`, `${usage}\n`);
      write(`sys/fs/cgroup/memory/${path}/memory.stat`, "inactive_file 1\ntotal_inactive_file 100000\n");
    };
    // No limit, as the kernel writes it.
    group("", "9223372036854771712", 7_000_000);
    expect(memory(roots)).toMatchObject({ total: 8000 * 1024, available: 2000 * 1024 });
    group("docker/0123", "3145728", 2_145_728);
    expect(memory(roots)).toMatchObject({ total: 3_145_728, available: 1_100_000 });
    rmSync(join(folder, "sys/fs/cgroup/memory/docker"), { recursive: true });
    group("", "3000000", 2_500_000);
    expect(memory(roots)).toMatchObject({ total: 3_000_000, available: 600_000 });
  });

  it("has temperatures of its zones, those that can be read", () => {
    for (const [zone, type, temp] of [
      ["thermal_zone0", "cpu-thermal", "48250"],
      ["thermal_zone1", "x86 pkg temp", "51000"],
      ["thermal_zone2", "off", "-274000"],
      ["thermal_zone3", "cpu-thermal", "47000"],
    ] as const) {
      write(`sys/class/thermal/${zone}/type`, `${type}\n`);
      write(`sys/class/thermal/${zone}/temp`, `${temp}\n`);
    }
    write("sys/class/thermal/cooling_device0/type", "fan");
    expect(temperatures(roots)).toEqual([
      { zone: "cpu-thermal", celsius: 48.25 },
      { zone: "x86_pkg_temp", celsius: 51 },
      { zone: "cpu-thermal_2", celsius: 47 },
    ]);
  });

  it("has those of the hardware monitors where there are no zones", () => {
    write("sys/class/hwmon/hwmon0/name", "coretemp\n");
    write("sys/class/hwmon/hwmon0/temp1_input", "60000\n");
    write("sys/class/hwmon/hwmon0/temp1_label", "Package id 0\n");
    write("sys/class/hwmon/hwmon0/fan1_input", "1200\n");
    expect(temperatures(roots)).toEqual([{ zone: "coretemp_Package_id_0", celsius: 60 }]);
  });

  it("is replaced by what Node knows where there is no /proc, and left out where Node does not know", () => {
    expect(cpuTimes(roots).total).toBeGreaterThan(0);
    expect(memory(roots).total).toBeGreaterThan(0);
    expect(memory(roots).swap).toBeUndefined();
    expect(hostUptime(roots)).toBeGreaterThan(0);
    expect(temperatures(roots)).toEqual([]);
    expect(processFigures(roots)).not.toHaveProperty("files");
    expect(processFigures(roots).rss).toBeGreaterThan(1e6);
  });
});

describe("SystemSampler", () => {
  const DISK = { total: 100, available: 30, used: 0.7, files: 0.2 };
  const sampled = async (sampler: SystemSampler): Promise<Record<string, number>> =>
    Object.fromEntries((await sampler.sample()).figures.map(({ sensor, value }) => [sensor, value]));

  it("tells the processor's work since the last sample", async () => {
    stat(100, 0, 0, 900);
    const sampler = new SystemSampler({ groups: ["cpu"], disks: [], roots });
    expect(await sampled(sampler)).toEqual({});
    stat(175, 0, 0, 925);
    expect(await sampled(sampler)).toEqual({ cpu: 75 });
    // Counters that began anew tell nothing.
    stat(1, 0, 0, 2);
    expect(await sampled(sampler)).toEqual({});
  });

  it("tells each figure with its unit, and nothing that there is not", async () => {
    write("proc/meminfo", MEMINFO);
    write("proc/loadavg", "1 2 3 1/1 1");
    write("proc/self/fd/0", "");
    const groups = ["load", "memory", "disk", "temperature", "process"] as const;
    const disks = [
      { path: "/", name: "" },
      { path: "/data", name: "data" },
    ];
    const sampler = new SystemSampler({ groups, disks, roots, askDisk: async () => DISK });
    const { figures, problems } = await sampler.sample();
    expect(problems).toEqual([]);
    expect(figures.map(({ sensor, unit }) => `${sensor} ${unit}`)).toEqual([
      "load.1 1",
      "load.5 1",
      "load.15 1",
      "memory %",
      "memory.available By",
      "swap %",
      "disk %",
      "disk.available By",
      "disk.files %",
      "disk.data %",
      "disk.data.available By",
      "disk.data.files %",
      "process.cpu %",
      "process.memory By",
      "process.heap By",
      "process.uptime s",
      "process.files 1",
    ]);
    const values = new Map(figures.map(({ sensor, value }) => [sensor, value]));
    expect(values.get("memory")).toBeCloseTo(75, 9);
    expect(values.get("swap")).toBeCloseTo(75, 9);
    expect(values.get("disk.data")).toBeCloseTo(70, 9);
    const families = figureFamilies(figures);
    expect(families.find(({ name }) => name === "gatewise_host_disk_used_ratio")?.samples).toEqual([
      { labels: { disk: "" }, value: expect.closeTo(0.7, 9) },
      { labels: { disk: "data" }, value: expect.closeTo(0.7, 9) },
    ]);
  });

  it("leaves a disk out that is not there, and asks one that hangs only once", async () => {
    let asked = 0;
    const sampler = new SystemSampler({ groups: ["disk"], disks: [{ path: join(folder, "none"), name: "" }], roots });
    const { figures, problems } = await sampler.sample();
    expect(figures).toEqual([]);
    expect(problems).toEqual([expect.stringMatching(/^disk .*none: ENOENT/)]);
    let answer: (disk: typeof DISK) => void = () => undefined;
    const slow = new SystemSampler({
      groups: ["disk"],
      disks: [{ path: "/nfs", name: "" }],
      roots,
      askDisk: () => {
        asked += 1;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    const both = [slow.sample(), slow.sample()];
    answer(DISK);
    for (const sample of await Promise.all(both)) expect(sample.figures.length).toBe(3);
    expect(asked).toBe(1);
  });

  it("reads this machine, whatever it is", async () => {
    const groups = ["cpu", "load", "memory", "disk", "temperature", "uptime", "process", "eventLoop"] as const;
    const sampler = new SystemSampler({ groups, disks: [{ path: folder, name: "" }] });
    try {
      const { figures, problems } = await sampler.sample();
      expect(problems).toEqual([]);
      for (const { sensor, value, unit } of figures) {
        expect(Number.isFinite(value) ? "" : sensor).toBe("");
        if (unit === "%" && !sensor.startsWith("process")) expect(value).toBeLessThanOrEqual(100);
      }
      expect(new Set(figures.map(({ sensor }) => sensor)).size).toBe(figures.length);
    } finally {
      sampler.close();
    }
  });
});
