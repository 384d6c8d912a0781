import Ajv2020 from "ajv/dist/2020";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonSchemaOf } from "./node-schema";
import {
  choice,
  choices,
  code,
  flag,
  integer,
  link,
  nodeSchema,
  optionalQuantity,
  quantity,
  rows,
  strings,
  text,
} from "./schema";
import { applies, parseConfig, problemWith } from "./validate";

const schema = nodeSchema("specimen", {
  family: "process",
  summary: "One field of each kind.",
  version: 1,
  inputs: 1,
  config: {
    method: choice("Method", { mean: "Mean", median: "Median" }, { default: "median" }),
    window: integer("Window", { unit: "readings", default: 5, min: 3, max: 10_000, when: { method: "median" } }),
    gain: quantity("Gain", { default: 1, min: -10 }),
    ceiling: optionalQuantity("Ceiling", { max: 100 }),
    enabled: flag("Enabled", { default: true }),
    title: text("Title", { maxLength: 10 }),
    topic: text("Topic", {
      required: true,
      default: "a/b",
      pattern: "^[^#]+$",
      patternReason: "expected a topic without #",
    }),
    settings: code("Settings", { language: "json" }),
    tags: strings("Tags"),
    statistics: choices("Statistics", { min: "Minimum", max: "Maximum" }, { default: ["min"], required: true }),
    store: link("Store", "gatewise-store", { required: false }),
    broker: link("Broker", "gatewise-broker"),
    limits: rows("Limits", {
      op: choice("Operator", { gt: ">", lt: "<" }),
      value: quantity("Value", { default: 0 }),
    }),
  },
});

const good = { broker: "b1" };
const problemsOf = (raw: Record<string, unknown>) => parseConfig(schema.config, { ...good, ...raw }).problems;

describe("parseConfig", () => {
  it("fills in defaults and types what the editor stores as text", () => {
    const { values, problems } = parseConfig(schema.config, {
      ...good,
      window: "7",
      gain: " -2.5 ",
      tags: "a, b,,c ",
      ceiling: "",
    });
    expect(problems).toEqual([]);
    expect(values).toMatchObject({ method: "median", window: 7, gain: -2.5, tags: ["a", "b", "c"], enabled: true });
    expect(values.ceiling).toBeUndefined();
  });

  it.each([
    [{ window: "2" }, "window", 'expected a whole number from 3 to 10000 readings, got "2"'],
    [{ window: 3.5 }, "window", "expected a whole number from 3 to 10000 readings, got 3.5"],
    [{ window: "" }, "window", "expected a whole number from 3 to 10000 readings, got nothing"],
    [{ gain: "abc" }, "gain", 'expected a number of at least -10, got "abc"'],
    [{ gain: Number.NaN }, "gain", "expected a number of at least -10, got NaN"],
    [{ ceiling: 101 }, "ceiling", "expected a number of at most 100, got 101"],
    [{ method: "mode" }, "method", 'expected one of mean, median, got "mode"'],
    [{ method: "toString" }, "method", 'expected one of mean, median, got "toString"'],
    [{ enabled: "perhaps" }, "enabled", 'expected yes or no, got "perhaps"'],
    [{ title: "elevenchars" }, "title", "expected at most 10 characters, got 11"],
    [{ topic: " " }, "topic", "must not be empty"],
    [{ topic: "a/#" }, "topic", 'expected a topic without #, got "a/#"'],
    [{ statistics: [] }, "statistics", "choose at least one"],
    [{ statistics: ["mode"] }, "statistics", "expected some of min, max, got a list"],
    [{ broker: "" }, "broker", "none is chosen: choose one or add one"],
    [{ limits: {} }, "limits", "expected a table, got an object"],
    [
      {
        limits: [
          { op: "gt", value: 1 },
          { op: "gt", value: "x" },
        ],
      },
      "limits[1].value",
      'expected a number, got "x"',
    ],
    [{ limits: ["x"] }, "limits[0]", 'expected a row, got "x"'],
  ])("says what is wrong with %j", (raw, field, message) => {
    expect(problemsOf(raw)).toEqual([{ field, message }]);
  });

  it("names the place in JSON that cannot be read", () => {
    expect(problemsOf({ settings: "{" })[0]?.message).toMatch(/^is not JSON: /);
  });

  it("does not judge a field that does not apply, and gives it its default", () => {
    const { values, problems } = parseConfig(schema.config, { ...good, method: "mean", window: "nonsense" });
    expect(problems).toEqual([]);
    expect(values.window).toBe(5);
  });

  it("agrees with the published JSON Schema on every parsed configuration", () => {
    const accepts = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false }).compile(
      jsonSchemaOf(schema),
    );
    const anything = fc.record(
      {
        method: fc.constantFrom("mean", "median"),
        window: fc.oneof(fc.integer(), fc.double()),
        gain: fc.double({ noNaN: true, noDefaultInfinity: true }),
        enabled: fc.oneof(fc.boolean(), fc.string()),
        title: fc.string(),
        topic: fc.string(),
        statistics: fc.array(fc.constantFrom("min", "max", "mode")),
        tags: fc.oneof(fc.array(fc.string()), fc.integer()),
        limits: fc.array(
          fc.record({
            op: fc.constantFrom("gt", "eq"),
            value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
          }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anything, (raw) => {
        const { values, problems } = parseConfig(schema.config, { ...good, ...raw });
        if (problems.length > 0) return;
        const stored = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
        expect(accepts(stored), JSON.stringify(accepts.errors)).toBe(true);
      }),
    );
    expect(accepts({ window: 2 })).toBe(false);
    expect(accepts({ limits: [{ value: "x" }] })).toBe(false);
  });
});

describe("problemWith", () => {
  it("leaves to the runtime what comes from an environment variable", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how Node-RED writes an environment variable
    expect(problemWith(schema.config.window, "${WINDOW}")).toBeUndefined();
    expect(problemWith(schema.config.window, "$WINDOW")).toBeDefined();
  });

  it("counts rows from 1 and names columns as the dialog does", () => {
    expect(problemWith(schema.config.limits, [{}, { value: "x" }])).toBe('row 2, Value: expected a number, got "x"');
  });
});

describe("lists of numbers", () => {
  const orders = strings("Orders", { each: { kind: "number", min: 0.1, max: 1000 }, different: true });
  const widths = strings("Widths", { each: { kind: "integer", min: 1 }, required: true });

  it.each(["", "1", "1, 2, 0.5", "1e2", ["1", "2"]])("are taken: %j", (value) => {
    expect(problemWith(orders, value)).toBeUndefined();
  });

  it.each([
    [orders, "abc", 'expected a number from 0.1 to 1000, got "abc"'],
    [orders, "1, two, three", 'expected a number from 0.1 to 1000, got "two"'],
    [orders, "1, 0", 'expected a number from 0.1 to 1000, got "0"'],
    [orders, ["1", " "], 'expected a number from 0.1 to 1000, got " "'],
    [orders, "1, 2, 1.0", 'expected each once, got "1.0" twice'],
    [widths, "8, 1.5", 'expected a whole number of at least 1, got "1.5"'],
    [widths, "", "must not be empty"],
  ])("are refused where an item is none, or there twice", (field, value, reason) => {
    expect(problemWith(field, value)).toBe(reason);
  });

  it("stay as they were written, and texts may be told apart too", () => {
    expect(parseConfig({ orders }, { orders: "2, 1.50" }).values).toEqual({ orders: ["2", "1.50"] });
    expect(problemWith(strings("Names", { different: true }), "a, b, a")).toBe('expected each once, got "a" twice');
  });
});

describe("tables", () => {
  const bands = rows(
    "Bands",
    { name: text("Name"), low: quantity("From Hz", { default: 10 }), high: quantity("To Hz", { default: 1000 }) },
    { different: "name", rising: ["low", "high"] },
  );

  it("tell rows apart by a column, and hold columns in their order", () => {
    expect(problemWith(bands, [{ name: "a" }, { name: "b", low: "5", high: "6" }])).toBeUndefined();
    expect(problemWith(bands, [{ name: "a" }, { name: "b" }, { name: "a" }])).toBe(
      'row 3, Name: expected another one than in row 1, got "a"',
    );
    expect(problemWith(bands, [{ name: "a", low: "20", high: "5" }])).toBe(
      "row 1, To Hz: expected more than 20, got 5",
    );
    expect(problemWith(bands, [{ low: 10, high: 10 }])).toBe("row 1, To Hz: expected more than 10, got 10");
  });

  it("do not judge what is wrong by itself once more", () => {
    const { problems } = parseConfig({ bands }, { bands: [{ low: "x", high: 5 }, { name: "b" }] });
    expect(problems).toEqual([{ field: "bands[0].low", message: 'expected a number, got "x"' }]);
  });
});

describe("applies", () => {
  const fields = {
    source: choice("Source", { file: "File", server: "Server" }),
    secure: flag("Secure", { when: { source: "server" } }),
    verify: flag("Verify", { when: { secure: true } }),
  };

  it("follows a chain of conditions", () => {
    expect(applies(fields, "verify", { source: "server", secure: true })).toBe(true);
    expect(applies(fields, "verify", { source: "file", secure: true })).toBe(false);
    expect(applies(fields, "secure", {})).toBe(false);
  });
});
