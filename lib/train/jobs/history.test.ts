import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reading } from "../../../test/support/series";
import type { Reading } from "../../reading";
import { IN_MEMORY, openStore, type Store } from "../../store";
import { historyTable } from "./history";
import { checkedJob, runJob } from "./run";

let store: Store;
beforeEach(() => {
  store = openStore(IN_MEMORY);
});
afterEach(() => store.close());

const START = 1_700_000_000_000;
const YEAR = 365 * 86_400_000;
const job = checkedJob({ task: "anomaly", name: "usual", learner: "components", sensors: ["a", "b"] });

/** A row of two sensors a second. */
const rows = (deviceId: string, from: number, count: number, unit = "Cel"): Reading[] =>
  Array.from({ length: count }, (_, i) => from + i).flatMap((i) => [
    reading(i % 7, START + 1000 * i, { deviceId, sensor: "a", unit }),
    reading(i % 5, START + 1000 * i, { deviceId, sensor: "b", unit: "bar" }),
  ]);
const table = (devices: readonly string[] = []) => historyTable(store.history, { devices, hold: 0 }, job);

describe("rows from history", () => {
  it("are all there when nothing is wrong", async () => {
    store.history.append([...rows("d1", 0, 30), ...rows("d2", 0, 20)]);
    expect(await table()).toMatchObject({ values: { rows: 50 }, notes: [], warnings: [], leftOut: {} });
  });

  it("tell which were left out for their unit, with a warning", async () => {
    store.history.append([...rows("d1", 0, 30), ...rows("d1", 30, 8, "[degF]"), ...rows("d2", 0, 20)]);
    expect(await table()).toMatchObject({
      values: { rows: 50 },
      leftOut: { "readings of another unit": 8, "incomplete rows": 8 },
      notes: [
        "8 readings left out because their unit is not the one that the sensor had at first: d1 (8)",
        "8 rows left out because sensors are missing: d1 (8)",
      ],
      warnings: [
        "units changed, and what came in the other one is left out: d1: a in [degF], not in Cel; convert them before",
      ],
    });
  });

  it("of devices with different units are trained on, with a warning", async () => {
    store.history.append([...rows("d1", 0, 30), ...rows("d2", 0, 20, "[degF]")]);
    const { warnings, values } = await table();
    expect(values.rows).toBe(50);
    expect(warnings).toEqual([
      "devices have different units: a is in [degF] at d2 and in Cel at d1; convert them before, or train them apart",
    ]);
  });

  it("tell which were left out for their times", async () => {
    const astray = reading(1, START + YEAR, { deviceId: "d1", sensor: "a", unit: "Cel" });
    store.history.append([...rows("d1", 0, 30), astray, ...rows("d2", 0, 20)]);
    const { leftOut, notes, values } = await table();
    expect(values.rows).toBe(50);
    expect(leftOut).toEqual({ "readings dated ahead": 1 });
    expect(notes).toEqual(["1 reading left out because their time is far ahead of all others of the device: d1 (1)"]);
  });

  it("name the devices with the most of it, and only a few", async () => {
    const lonely = (deviceId: string, count: number): Reading[] =>
      Array.from({ length: count }, (_, i) =>
        reading(1, START + 1e6 + 1000 * i, { deviceId, sensor: "a", unit: "Cel" }),
      );
    for (let i = 1; i <= 9; i++) store.history.append([...rows(`d${i}`, 0, 10), ...lonely(`d${i}`, i)]);
    const { notes, leftOut } = await table();
    expect(leftOut).toEqual({ "incomplete rows": 45 });
    expect(notes).toEqual([
      "45 rows left out because sensors are missing: d9 (9), d8 (8), d7 (7), d6 (6), d5 (5) and 4 more",
    ]);
  });

  it("that are too few say what was left out", async () => {
    store.history.append(rows("d1", 0, 30).filter(({ sensor }) => sensor === "a"));
    await expect(table()).rejects.toThrow(
      "expected at least two rows with a, b, got 0; 30 rows left out because sensors are missing: d1 (30)",
    );
  });

  it("carry it into the report", async () => {
    store.history.append([...rows("d1", 0, 300), ...rows("d1", 300, 8, "[degF]"), ...rows("d2", 0, 300)]);
    const { report } = await runJob(await table(), job);
    expect(report).toMatchObject({ rows: 600, leftOut: { "readings of another unit": 8 } });
    expect(report.notes).toContainEqual(expect.stringContaining("8 readings left out because their unit"));
    expect(report.warnings).toContainEqual(expect.stringContaining("a in [degF], not in Cel"));
  });
});
