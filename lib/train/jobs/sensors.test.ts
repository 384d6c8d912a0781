import { describe, expect, it } from "vitest";
import { gaussian } from "../../../test/support/series";
import { TrainingError } from "../data";
import { checkedJob, runJob } from "./run";
import { withSensors } from "./sensors";
import { readTrainingTable, type TrainingTable } from "./table";

async function* sourceOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

interface At {
  readonly unit: number;
  readonly row: number;
  /** From the start of the file. */
  readonly line: number;
}

/** Four pumps with 50 rows each, one after another, with noise `a` and the column of that name. */
async function tableWith(name: string, valueAt: (at: At) => number | string): Promise<TrainingTable> {
  const next = gaussian(1);
  const rows = Array.from({ length: 200 }, (_, line) => {
    const at = { unit: Math.floor(line / 50), row: line % 50, line };
    return `pump-${at.unit},${next().toFixed(4)},${valueAt(at)}`;
  });
  const csv = `pump,a,${name}\n${rows.join("\n")}\n`;
  return readTrainingTable(sourceOf(csv), { sensors: [], settings: [], unit: "pump" });
}

const NOBODY_NAMED = { sensors: [], settings: [] };
const NOON = 1_763_640_000;

describe("sensors that nobody named", () => {
  const uneven = gaussian(2);
  it.each<[string, string, (at: At) => number | string]>([
    ["timestamp", "named as times are", ({ row }) => (row * 7) % 5],
    ["Time (s)", "named as times are", () => 1],
    ["date_time", "named as times are", ({ line }) => line],
    ["unix_ms", "named as times are", ({ line }) => line],
    ["at", "holds times", ({ row }) => NOON + 60 * Math.floor(row / 2)],
    ["at", "holds times", ({ line }) => 1000 * (NOON - line)],
    ["at", "holds times", ({ row, line }) => (line % 3 === 0 ? "" : NOON + row + 0.2)],
    ["energy", "rises with every row", ({ line }) => line + 0.5 * Math.abs(Math.sin(line))],
    ["cycle", "rises evenly in every unit", ({ row }) => row],
    ["minutes", "rises evenly in every unit", ({ unit, row }) => unit * 3 + row * 0.1 + (row > 20 ? 60 : 0)],
  ])("are no clocks: %s %s", async (name, reason, valueAt) => {
    const table = withSensors(await tableWith(name, valueAt), NOBODY_NAMED);
    expect(table.sensors).toEqual(["a"]);
    expect(table.values).toMatchObject({ rows: 200, columns: 1 });
    expect(table.values.values).toHaveLength(200);
    expect(table.notes).toEqual([
      expect.stringMatching(
        new RegExp(`left out, name the sensors to keep it: ${name.replace(/[()]/g, ".")} .${reason}`),
      ),
    ]);
  });

  it.each<[string, (at: At) => number]>([
    ["cycle_time", ({ row }) => 20 + (row % 3)],
    ["date_of_manufacture", () => 2019],
    // A crack grows with every cycle and by its own pace: the very thing to learn from.
    ["crack", ({ unit, row }) => 1 + (0.01 + 0.001 * unit) * row ** 2],
    ["speed", () => 1_000_000_000],
    ["flow", () => 50 + uneven()],
    ["constant", () => 1],
  ])("are all others: %s", async (name, valueAt) => {
    const table = await tableWith(name, valueAt);
    expect(withSensors(table, NOBODY_NAMED)).toBe(table);
  });

  it("keep what is a setting, and everything that is named", async () => {
    const table = await tableWith("time", ({ line }) => line);
    expect(withSensors(table, { sensors: [], settings: ["time"] }).sensors).toEqual(["a", "time"]);
    expect(withSensors(table, { sensors: ["a", "time"], settings: [] })).toBe(table);
  });

  it("must not be clocks alone", async () => {
    const csv = `u,time\n${Array.from({ length: 40 }, (_, i) => `x,${i}`).join("\n")}\n`;
    const table = await readTrainingTable(sourceOf(csv), { ...NOBODY_NAMED, unit: "u" });
    expect(() => withSensors(table, NOBODY_NAMED)).toThrow("no column of numbers is left for the sensors; left out");
  });

  it("are told in the report, and the model is without the clock", async () => {
    const table = await tableWith("timestamp", ({ line }) => NOON + line);
    const { model, report } = await runJob(table, checkedJob({ task: "anomaly", name: "x", learner: "components" }));
    expect(report.sensors).toEqual(["a"]);
    expect(model.preprocess).toMatchObject({ sensors: ["a"] });
    expect(report.notes[0]).toContain("timestamp");
  });
});

describe("sensors that no model can have", () => {
  const wide = (sensors: readonly string[]): TrainingTable => ({
    sensors,
    values: { rows: 2, columns: sensors.length, values: new Float64Array(2 * sensors.length) },
    units: ["all", "all"],
    ages: Float64Array.of(0, 1),
    notes: [],
  });
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);

  it("are refused before anything is trained", async () => {
    const job = checkedJob({ task: "rul", name: "x", unit: "unit", age: "age" });
    const began: unknown[] = [];
    const control = { onProgress: (progress: unknown) => began.push(progress) };
    await expect(runJob(wide(names(300)), job, control)).rejects.toThrow(
      new TrainingError("expected at most 256 sensors, got 300: name those that matter, as --sensors or under Sensors"),
    );
    expect(began).toEqual([]);
    expect(() => withSensors(wide(names(300)), { sensors: names(300), settings: [] })).toThrow("got 300");
    expect(() => withSensors(wide(["x".repeat(257)]), NOBODY_NAMED)).toThrow("at most 256 characters");
    expect(withSensors(wide(names(256)), NOBODY_NAMED).sensors).toHaveLength(256);
  });
});
