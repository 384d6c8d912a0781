import { describe, expect, it } from "vitest";
import { schema as anomaly } from "../nodes/intelligence/anomaly/schema";
import { schema as rul } from "../nodes/intelligence/rul/schema";
import type { Fields } from "./fields";
import { fingerprintOf, formerFingerprintsOf } from "./fingerprint";
import { migrate } from "./node-schema";
import { flag, integer, link, optionalQuantity, quantity, rows, text } from "./schema";
import { parseConfig } from "./validate";

const FIELDS: Fields = {
  window: integer("Window", { default: 5, min: 1 }),
  ceiling: optionalQuantity("Ceiling"),
  severity: quantity("Severity", { default: 1 }),
  store: link("Store", "gatewise-store"),
  limits: rows("Limits", { sensor: text("Sensor"), weight: quantity("Weight", { default: 1 }) }),
};
const KEPT = { keepState: ["severity"], formerFields: [] };
const named = (raw: Record<string, unknown>, fields: Fields = FIELDS): string =>
  fingerprintOf({ config: fields, ...KEPT }, parseConfig(fields, raw).values);

describe("fingerprintOf", () => {
  it("tells configurations apart that make other states of the same readings", () => {
    const others = [
      { window: 6 },
      { ceiling: 5 },
      { limits: [{ sensor: "a" }] },
      { limits: [{ sensor: "a", weight: 2 }] },
    ];
    expect(new Set([{}, ...others].map((raw) => named(raw))).size).toBe(5);
  });

  it("does not mind what shapes no state, where the states are, and what is written out though it is the default", () => {
    expect(named({ window: 6, severity: 7, store: "other", ceiling: "", limits: [] })).toBe(named({ window: 6 }));
  });

  it("is the same in a version with more fields and columns, and in any order of fields", () => {
    const raw = { window: 6, limits: [{ sensor: "a", weight: 2 }] };
    const { window, limits, ...rest } = FIELDS;
    const later = {
      ...rest,
      limits: rows("Limits", { tolerance: quantity("Tolerance", { default: 0 }), ...limits?.columns }),
      window: window as never,
      novel: flag("Novel"),
    };
    expect(named(raw, later)).toBe(named(raw));
    expect(named({ ...raw, novel: true }, later)).not.toBe(named(raw));
  });
});

describe("formerFingerprintsOf", () => {
  it("knows what the pack before called the same configuration, with the fields that its flow brings", () => {
    const former = { config: FIELDS, ...KEPT };
    const { values } = parseConfig(FIELDS, { window: 6 });
    const before = formerFingerprintsOf(former, values, []);
    const later = { ...FIELDS, novel: flag("Novel") };
    const stored = ["id", "wires", ...Object.keys(FIELDS)];
    const now = formerFingerprintsOf({ ...former, config: later }, parseConfig(later, { window: 6 }).values, stored);
    expect(now).toContain(before[0]);
    const changed = parseConfig(later, { window: 6, severity: 7 }).values;
    expect(formerFingerprintsOf({ ...former, config: later }, changed, stored)).not.toContain(before[0]);
  });

  it("knows the z-score of the anomaly node's first version", () => {
    // As that version, commit c69a5aa, computed it for all of its fields, most of them left at their defaults.
    const { values } = parseConfig(anomaly.config, migrate(anomaly, { version: 1, store: "store" }));
    expect(formerFingerprintsOf(anomaly, values, ["version", "store"])).toContain("5d9fb4fbf116bf0f");
  });

  it("knows a rul node that the editor saved before fingerprints were of what shapes states", () => {
    // As commit ec9b333 computed it for the fields that it had, which its editor stored all of.
    const stored =
      "method sensor failure failureSpread shape baseline file unitColumn ageColumn hoursPerAge valueColumn window step models model " +
      "modelHours ranges runningSensor runningFrom mediumAbove highAbove coefficients ageBy counter hoursPerCount dueBelow dueBy " +
      "hysteresis onset origin hasTypical typicalLife typicalSpread horizon every store";
    const { values } = parseConfig(rul.config, { sensor: "wear", failure: 10, store: "store" });
    expect(formerFingerprintsOf(rul, values, stored.split(" "))).toContain("1416b3ffdd0deee3");
  });
});
