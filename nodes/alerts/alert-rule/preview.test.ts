import { describe, expect, test } from "vitest";
import { compileRule, type Limit } from "../../../lib/alert";
import { previewOf } from "./preview";

const preview = (limits: Limit[], over: Parameters<typeof compileRule>[0] | object = {}, devices: string[] = []) =>
  previewOf(compileRule({ id: "r", name: "Fever", limits, ...over }), devices, ["body_temperature"]);

describe("the preview in the dialog", () => {
  test("speaks of a value that meets the worst limit", () => {
    const limits: Limit[] = [
      { op: ">", value: 38, severity: "medium" },
      { op: ">", value: 40, severity: "critical" },
    ];
    expect(preview(limits, {}, ["ward-*"])).toBe("critical: ward-1 body_temperature is 40.4 (> 40)");
  });

  test.each<[Limit, string]>([
    [{ op: "<", value: 0, severity: "low" }, "low: pump-1 body_temperature is -0.01 (< 0)"],
    [{ op: ">=", value: 5, severity: "low" }, "low: pump-1 body_temperature is 5 (>= 5)"],
    [{ op: "==", value: "open", severity: "info" }, "info: pump-1 body_temperature is open (== open)"],
    [{ op: "!=", value: true, severity: "info" }, "info: pump-1 body_temperature is false (!= true)"],
  ])("%j", (limit, text) => {
    expect(preview([limit], {}, ["*"])).toBe(text);
  });

  test("speaks of silence where there is no limit", () => {
    expect(preview([], { noData: { after: 1000, severity: "high" } })).toBe("pump-1 body_temperature sends no data");
  });
});
