import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { missingData } from "../../test/support/needs";
import { extrapolationFactory } from "./extrapolation";

const BEARINGS = join(__dirname, "../../../shared/data/femto/features_learning_set.csv");
/** A snapshot was taken every ten seconds. */
const HOURS = 10 / 3600;
/** Acceleration, RMS, that counts as failed: several times what is normal for every one of them. */
const FAILED = 2;
/** Snapshots in a row at or above it. */
const LASTING = 5;

/** RMS of the horizontal axis of each bearing, by snapshot. */
function bearings(): Map<string, number[]> {
  const [header = "", ...lines] = readFileSync(BEARINGS, "utf8").trim().split("\n");
  const column = header.split(",").indexOf("h_rms");
  const found = new Map<string, number[]>();
  for (const line of lines) {
    const cells = line.split(",");
    const own = found.get(cells[0] as string) ?? [];
    found.set(cells[0] as string, own);
    own.push(Number(cells[column]));
  }
  return found;
}

describe.skipIf(missingData(BEARINGS))("extrapolation on bearings that were run to failure (PRONOSTIA)", () => {
  it("claims nothing early on, and is within its interval for most of the last quarter of an hour of the one that wears slowly", () => {
    const rms = bearings().get("Bearing1_1") ?? [];
    const end = rms.findIndex(
      (_, i) => i >= LASTING && rms.slice(i - LASTING + 1, i + 1).every((value) => value >= FAILED),
    );
    expect(end).toBeGreaterThan(2000);
    const estimator = extrapolationFactory({ failure: FAILED, baseline: 100, horizon: 24 })();
    let claims = 0;
    let covered = 0;
    rms.slice(0, end).forEach((value, i) => {
      estimator.push(value, i * HOURS);
      const { life } = i < end / 2 || i > end - 90 ? estimator.verdict() : {};
      if (i < end / 2) expect(life).toBeUndefined();
      if (!life || i < end / 2) return;
      const left = (end - i) * HOURS;
      claims += 1;
      if (life.low <= left && left <= (life.high ?? Number.POSITIVE_INFINITY)) covered += 1;
    });
    expect(claims).toBeGreaterThan(60);
    expect(covered / claims).toBeGreaterThan(0.6);
  });

  it("tells none of the six that it has failed while it runs as when new", () => {
    for (const [name, rms] of bearings()) {
      const estimator = extrapolationFactory({ failure: FAILED, baseline: 100, horizon: 24 })();
      rms.slice(0, 200).forEach((value, i) => {
        estimator.push(value, i * HOURS);
      });
      expect({ name, hours: estimator.verdict().life?.hours ?? 1 }).not.toEqual({ name, hours: 0 });
    }
  });
});
