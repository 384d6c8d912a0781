import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fingerprint } from "./event";
import { matchesGlob, NameFilter } from "./name-filter";
import { compileTemplate, formatUnit, formatValue, type TemplateValues } from "./template";

const values: TemplateValues = {
  rule: "Fever",
  deviceId: "bed-4",
  sensor: "body_temperature",
  value: 39.25,
  unit: "Cel",
  severity: "high",
  state: "ACTIVE",
  limit: { op: ">", value: 38.5, severity: "high" },
  labels: { ward: "3 B" },
  metadata: { location: "Room 12" },
};
const render = (text: string, over: Partial<TemplateValues> = {}) =>
  compileTemplate(text, ["ward"]).render({ ...values, ...over });

describe("a message template", () => {
  test("fills every placeholder", () => {
    expect(render("{{rule}}/{{deviceId}}/{{sensor}}/{{value}} {{unit}}/{{limit}}/{{severity}}/{{state}}")).toBe(
      "Fever/bed-4/body_temperature/39.25 °C/> 38.5/high/ACTIVE",
    );
    expect(render("{{ labels.ward }}, {{ward}}, {{metadata.location}}")).toBe("3 B, 3 B, Room 12");
  });

  test("takes the first that has something to say", () => {
    expect(render("{{metadata.name|deviceId}}, {{ metadata.location | deviceId }}")).toBe("bed-4, Room 12");
    expect(() => render("{{metadata.name|nope}}")).toThrow(/\{\{nope\}\} is unknown/);
  });

  test("leaves no gap where a reading has no unit, no metadata or no limit", () => {
    expect(render("is {{value}} {{unit}} now{{limit}}", { unit: "1", limit: undefined })).toBe("is 39.25 now");
    expect(render("{{value}} {{unit}}, open ({{value}} {{unit}}).", { unit: "1" })).toBe("39.25, open (39.25).");
    expect(render("at {{metadata.floor}} {{metadata.constructor}}!")).toBe("at !");
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: text that must not be taken as a template
  test("evaluates nothing: neither its own text nor what a device sends", () => {
    const hostile = "${process.exit()} {{value}} <script>";
    expect(render("{{deviceId}} $1 $& ${1+1}", { deviceId: hostile })).toBe(`${hostile} $1 $& \${1+1}`);
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above

  test("refuses a placeholder that can never have a value, and says which can", () => {
    expect(() => compileTemplate("{{devcieId}}", ["ward"])).toThrow(
      /\{\{devcieId\}\} is unknown.*deviceId.*labels\.ward/,
    );
    expect(() => compileTemplate("{{labels.__proto__}}", [])).toThrow(/unknown/);
  });

  test("writes numbers and units as people do", () => {
    expect([0.1 + 0.2, 1234567.891, 21, -0.00001234567, true, "open", null].map(formatValue)).toEqual([
      "0.3",
      "1234568",
      "21",
      "-0.0000123457",
      "true",
      "open",
      "unknown",
    ]);
    expect(["Cel", "1", "%", "mm[Hg]", "{beats}/min"].map(formatUnit)).toEqual(["°C", "", "%", "mmHg", "/min"]);
  });
});

describe("a name filter", () => {
  test.each([
    ["*", "anything", true],
    ["pump-*", "pump-17", true],
    ["pump-*", "pumps", false],
    ["*-air", "north-air", true],
    ["room-?", "room-4", true],
    ["room-?", "room-42", false],
    ["a*b*c", "a-bb-c", true],
    ["a*b*c", "a-c-b", false],
    ["a.b", "axb", false],
  ])("%s on %s: %s", (glob, name, verdict) => {
    expect(matchesGlob(glob, name)).toBe(verdict);
    expect(new NameFilter([glob]).accepts(name)).toBe(verdict);
  });

  test("an empty list accepts all, a list accepts any of its names", () => {
    expect(new NameFilter([]).accepts("x")).toBe(true);
    const filter = new NameFilter(["a", "b-*"]);
    expect(["a", "b-1", "c"].map((name) => filter.accepts(name))).toEqual([true, true, false]);
    expect(["a", "b-1", "c"].map((name) => filter.accepts(name))).toEqual([true, true, false]);
  });

  test("a hostile glob costs no more than its length times the name's", () => {
    // Backtracking would take about 256 choose 20 steps here: the test would not end.
    expect(matchesGlob(`${"*a".repeat(20)}b`, "a".repeat(256))).toBe(false);
  });

  test("refuses what is no name", () => {
    expect(() => new NameFilter([""])).toThrow(/expected a name/);
  });
});

describe("a fingerprint", () => {
  test("is the sha256 of the sorted labels, whatever their order", () => {
    const expected = createHash("sha256").update('[["a","1"],["b","2"]]').digest("hex");
    expect(fingerprint({ b: "2", a: "1" })).toBe(expected);
    expect(fingerprint({ a: "1", b: "2" })).toBe(expected);
    expect(fingerprint({ a: "1", b: "3" })).not.toBe(expected);
  });
});
