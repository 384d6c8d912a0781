import { describe, expect, test } from "vitest";
import { compileRule } from "./rule";
import { AlertRules } from "./rules";
import { parseSimpleRules } from "./simple";

const rule = {
  device_ids: ["greenhouse-1"],
  sensor_types: ["temperature"],
  conditions: { min_value: 5, max_value: 35 },
  message: "Greenhouse out of range",
  severity: "high",
};

describe("the simple JSON form", () => {
  test("becomes a rule that is met below, above or at its values", () => {
    const engine = new AlertRules(parseSimpleRules(JSON.stringify(rule), "n1").map(compileRule));
    const events = [4, 20, 36, 20, 5, 35].flatMap((value, t) =>
      engine.evaluate(
        [{ deviceId: "greenhouse-1", sensor: "temperature", value, unit: "Cel", timestamp: t, quality: "good" }],
        t,
      ),
    );
    expect(events.map(({ event, value }) => `${event} ${value}`)).toEqual([
      "raised 4",
      "cleared 20",
      "raised 36",
      "cleared 20",
    ]);
    expect(events[0]).toMatchObject({ message: "Greenhouse out of range", severity: "high", ruleId: "n1" });
  });

  test("takes one rule, an array, or an object with rules, and gives each an id", () => {
    const leak = { sensor_types: ["leak"], conditions: { equals: true }, id: "leak" };
    expect(parseSimpleRules(JSON.stringify([rule, leak]), "n").map(({ id }) => id)).toEqual(["n:0", "n:leak"]);
    expect(parseSimpleRules(JSON.stringify({ rules: [rule] }), "n").map(({ id, name }) => [id, name])).toEqual([
      ["n", "temperature"],
    ]);
    expect(parseSimpleRules(JSON.stringify(leak), "n")[0]?.limits).toEqual([
      { op: "==", value: true, severity: "medium" },
    ]);
  });

  test.each([
    ["{", /not JSON/],
    ["[]", /at least one rule/],
    ["7", /rule: expected an object, got 7/],
    [[rule, { ...rule, conditions: {} }], /rules\[1\]\.conditions: expected min_value, max_value or equals/],
    [{ ...rule, conditions: { max_value: "35" } }, /rule\.conditions\.max_value: expected a number, got "35"/],
    [{ ...rule, conditions: { max: 35 } }, /rule\.conditions\.max: unknown; expected min_value, max_value, equals/],
    [{ ...rule, conditions: { min_value: 9, max_value: 3 } }, /min_value 9 is above max_value 3/],
    [{ ...rule, severity: "bad" }, /rule\.severity: expected one of info.*got "bad"/],
    [{ ...rule, device_ids: "greenhouse-1" }, /rule\.device_ids: expected an array of names/],
    [{ ...rule, mesage: "typo" }, /rule\.mesage: unknown/],
    [
      [
        { ...rule, id: "a" },
        { ...rule, id: "a" },
      ],
      /two rules have the id "n:a"/,
    ],
    ['{"__proto__": {"severity": "high"}, "conditions": {"equals": 1}}', /expected an object/],
  ])("refuses %j", (input, reason) => {
    expect(() => parseSimpleRules(typeof input === "string" ? input : JSON.stringify(input), "n")).toThrow(reason);
  });
});
