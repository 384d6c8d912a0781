import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root } from "../support/pack";
import { gaussian } from "../support/series";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What the line that begins with BENCH says. */
  readonly figures: Record<string, unknown> | undefined;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise benches-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function bench(name: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, `bench/${name}/${name}.mjs`), ...args], (error, out, err) => {
      const line = /^BENCH (.*)$/m.exec(out)?.[1];
      const figures = line === undefined ? undefined : JSON.parse(line);
      resolve({ code: error ? Number(error.code) : 0, out, err, figures });
    });
  });
}

function write(path: string, lines: readonly string[]): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${lines.join("\n")}\n`);
}

const stamp = (i: number): string =>
  new Date(Date.UTC(2020, 0, 1) + 60_000 * i).toISOString().slice(0, 19).replace("T", " ");

describe("bench:nab", () => {
  const noise = gaussian(1);
  const rows = Array.from({ length: 1200 }, (_, i) => `${stamp(i)},${(noise() + (i === 900 ? 40 : 0)).toFixed(4)}`);

  it("writes a row of scores for each row, and the three figures when there are labels", async () => {
    write("corpus/data/pumps/one.csv", ["timestamp,value", ...rows]);
    write("corpus/data/pumps/broken.csv", [""]);
    const none = await bench("nab", "--corpus", join(folder, "corpus/"), "--out", join(folder, "results/deep"));
    expect(none.code).toBe(1);
    expect(none.err).toContain("broken.csv: expected columns timestamp and value");
    const result = join(folder, "results/deep/auto/pumps/auto_one.csv");
    const lines = readFileSync(result, "utf8").trimEnd().split("\n");
    expect(lines[0]).toBe("timestamp,value,anomaly_score,label");
    const cells = lines.slice(1).map((line) => line.split(","));
    expect(cells.map(([time, value]) => `${time},${value}`)).toEqual(rows);
    const scores = cells.map(([, , score]) => Number(score));
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
    expect(scores.indexOf(Math.max(...scores))).toBe(900);
    expect(cells.every(([, , , label]) => label === "0")).toBe(true);

    rmSync(join(folder, "corpus/data/pumps/broken.csv"));
    write("corpus/labels/combined_windows.json", [JSON.stringify({ "pumps/one.csv": [[stamp(880), stamp(920)]] })]);
    const scored = await bench("nab", "--corpus", join(folder, "corpus"), "--track", "official", "--out", folder);
    expect(scored).toMatchObject({ code: 0, figures: { track: "official", files: 1, windows: 1, scored_files: 1 } });
    for (const key of ["standard", "low_fp", "low_fn", "loco_standard", "us_per_point"]) {
      expect(scored.figures?.[key], key).toEqual(expect.any(Number));
    }
    const labels = readFileSync(join(folder, "auto/pumps/auto_one.csv"), "utf8").trimEnd().split("\n").slice(1);
    expect(labels.flatMap((line, i) => (line.endsWith(",1") ? [i] : []))).toEqual(
      Array.from({ length: 41 }, (_, i) => 880 + i),
    );
  });

  it("says in one line what is wrong with an order", async () => {
    mkdirSync(join(folder, "data"));
    const refused = async (...args: string[]): Promise<string> => {
      const { code, err, figures } = await bench("nab", ...args);
      expect({ code, figures }).toEqual({ code: 2, figures: undefined });
      expect(err.trimEnd().split("\n")).toHaveLength(1);
      return err;
    };
    expect(await refused()).toMatch(/^nab: --corpus: expected the directory/);
    expect(await refused("--corpus", folder)).toMatch(/data: expected folders with CSV files, found none/);
    expect(await refused("--corpus", folder, "--track", "both")).toMatch(/expected official or online, got both/);
    expect(await refused("--corpus", folder, "--detector", "magic")).toMatch(/expected one of auto, .*got magic/);
    expect(await refused("--colour")).toMatch(/Unknown option '--colour'/);
  });
});

describe("bench:multivariate", () => {
  it("takes the benchmark's form, with gaps in the rows to learn from, and keeps the files apart", async () => {
    const noise = gaussian(2);
    const header = "datetime;Pressure;Current;anomaly;changepoint";
    const rows = Array.from({ length: 700 }, (_, i) => {
      const fault = i >= 550 ? 6 : 0;
      const pressure = i === 20 ? "" : noise() + fault;
      return `${stamp(i)};${pressure};${noise()};${fault > 0 ? "1.0" : "0.0"};0.0`;
    });
    write("data/valve1/a/1.csv", [header, ...rows]);
    write("data/valve2/a/1.csv", [header, ...rows]);
    write("data/anomaly-free/free.csv", ["datetime;Pressure;Current", `${stamp(0)};1;2`]);
    const { code, out, figures } = await bench(
      "multivariate",
      "--data",
      join(folder, "data"),
      "--out",
      join(folder, "alarms"),
    );
    expect(code).toBe(0);
    expect(out).toContain('free.csv: left out, it has no column "anomaly"');
    expect(figures).toMatchObject({ files: 2, rows: 1400, always_f1: expect.any(Number) });
    const alarms = ["valve1-a-1.csv", "valve2-a-1.csv"];
    expect(readdirSync(join(folder, "alarms/hotelling")).sort()).toEqual(alarms);
    // The figures are those of what was written.
    const counts = { tp: 0, fp: 0, fn: 0 };
    for (const name of alarms) {
      const lines = readFileSync(join(folder, "alarms/hotelling", name), "utf8")
        .trimEnd()
        .split("\n")
        .slice(1);
      for (const [i, line] of lines.entries()) {
        const isAlarm = line === `${i},1`;
        if (i >= 550) counts[isAlarm ? "tp" : "fn"] += 1;
        else if (isAlarm) counts.fp += 1;
      }
    }
    expect(figures?.f1).toBeCloseTo((2 * counts.tp) / (2 * counts.tp + counts.fp + counts.fn), 3);
    expect(figures?.mar).toBeCloseTo(counts.fn / 300, 3);
    expect(figures?.far).toBeCloseTo(counts.fp / 1100, 3);
    expect(figures?.f1).toBeGreaterThan(0.9);
  });
});

describe("bench:cmapss", () => {
  it("finds out before it trains what would be in the way at the end", async () => {
    const noise = gaussian(3);
    const engine = (unit: number, cycles: number): string[] =>
      Array.from({ length: cycles }, (_, i) => [unit, i + 1, ...Array.from({ length: 24 }, noise)].join(" "));
    write("train_FD001.txt", [...engine(1, 40), ...engine(2, 50)]);
    write("test_FD001.txt", engine(1, 20));
    write("rul.txt", ["10", "20"]);
    const refused = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await bench("cmapss", "--data", folder, ...args);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      return err.trimEnd();
    };
    expect(await refused("--rul", join(folder, "rul.txt"))).toMatch(
      /^cmapss: .*rul\.txt: expected 1 numbers, one a test engine, got 2$/,
    );
    expect(await refused("--out", join(folder, "rul.txt/predicted"))).toMatch(/^cmapss: .*rul\.txt is no folder/);
    expect(await refused("--subset", "FD009")).toMatch(/^cmapss: .*train_FD009\.txt does not exist/);
    write("test_FD001.txt", [""]);
    expect(await refused("--out", join(folder, "new/predicted"))).toMatch(
      /test_FD001\.txt: expected rows of 26 numbers, it is empty$/,
    );
    expect(existsSync(join(folder, "new"))).toBe(false);
  });
});
