import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeviceFields, exportDevices, importDevices, Registry } from ".";

const full = {
  name: 'The "big" pump, left',
  type: "pump",
  location: "Barn\r\nupper floor",
  tags: ["x", "y z"],
  firmwareVersion: "1.2.3",
  battery: 87.5,
  offlineAfter: 60,
  configuration: { rate: { hz: 5 }, on: true },
};

/** What was told of each device, without what came about by itself. */
function told(registry: Registry): unknown[] {
  return [...registry.find()].map(({ registered: _registered, status: _status, lastSeen: _lastSeen, ...rest }) => rest);
}

const lines = (...all: string[]): string => all.join("\r\n");

describe("export", () => {
  it("writes CSV by RFC 4180: CRLF, quotes around commas, quotes and line breaks, quotes doubled", () => {
    const registry = new Registry();
    registry.register("pump-1", full);
    registry.register("bare");
    expect(exportDevices(registry, "csv")).toBe(
      "id,name,type,location,tags,firmwareVersion,battery,offlineAfter,configuration,status\r\n" +
        'pump-1,"The ""big"" pump, left",pump,"Barn\r\nupper floor",x;y z,1.2.3,87.5,60,' +
        '"{""rate"":{""hz"":5},""on"":true}",offline\r\n' +
        "bare,,,,,,,,,offline\r\n",
    );
  });

  it("can be limited to what matches", () => {
    const registry = new Registry();
    registry.register("pump-1", full);
    registry.register("bare");
    expect(JSON.parse(exportDevices(registry, "json", { type: "pump" }))).toMatchObject([
      { id: "pump-1", battery: 87.5 },
    ]);
  });
});

describe("import", () => {
  it.each(["csv", "json"] as const)("reads back what was exported as %s", async (format) => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    const fields: fc.Arbitrary<DeviceFields> = fc.record(
      {
        name: text.filter((name) => name !== ""),
        location: text.filter((name) => name !== ""),
        tags: fc.uniqueArray(fc.stringMatching(/^[a-z ]{0,3}[a-z]$/).map((tag) => tag.trim())),
        battery: fc.double({ min: 0, max: 100, noNaN: true }).map((battery) => battery + 0),
        configuration: fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(text, fc.boolean(), fc.integer())),
      },
      { requiredKeys: [] },
    );
    const ids = fc.uniqueArray(fc.stringMatching(/^[\w .,"';=-]{1,8}$/), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(ids, fc.array(fields, { minLength: 8, maxLength: 8 }), async (names, told8) => {
        const [from, to] = [new Registry(), new Registry()];
        names.forEach((name, index) => {
          from.register(name, told8[index]);
        });
        const result = await importDevices(to, exportDevices(from, format), { format });
        expect(result).toEqual({ registered: names.length, updated: 0, skipped: 0, problems: [] });
        expect(told(to)).toEqual(told(from));
      }),
      { numRuns: 60 },
    );
  });

  it("reports each bad line of CSV with its number, and takes the others", async () => {
    const registry = new Registry();
    registry.register("known");
    const csv = lines(
      "id,name,battery,tags,configuration",
      "good-1,First,50,a;b,",
      "bad/id,Second,50,,",
      "good-2,Third,lots,,",
      "good-3,Fourth",
      '"good-4","two\r\nlines",,,',
      "known,Fifth,,,",
      "good-1,Sixth,,,",
      "good-5,,,,{oops",
      ",Nobody,,,",
      "__proto__,,,,",
      'good-6,Last,0,,"{""a"":1}"',
    );
    const result = await importDevices(registry, `\uFEFF${csv}`);
    expect(result.registered).toBe(3);
    expect(result.problems).toEqual([
      { line: 3, problem: expect.stringMatching(/^id: must not contain \//) },
      { line: 4, problem: 'battery: expected percent from 0 to 100, got "lots"' },
      { line: 5, problem: "expected 5 columns, got 2" },
      { line: 8, problem: 'device "known" is already registered' },
      { line: 9, problem: 'device "good-1" is already in line 2' },
      { line: 10, problem: 'configuration: expected a JSON object, got "{oops"' },
      { line: 11, problem: expect.stringMatching(/^id: expected a non-empty string/) },
      { line: 12, problem: expect.stringMatching(/reserved/) },
    ]);
    expect(told(registry).slice(1)).toEqual([
      { id: "good-1", name: "First", battery: 50, tags: ["a", "b"], configuration: {} },
      { id: "good-4", name: "two\r\nlines", tags: [], configuration: {} },
      { id: "good-6", name: "Last", battery: 0, tags: [], configuration: { a: 1 } },
    ]);
  });

  it("says in which line a quote was never closed, and takes the lines before it", async () => {
    const registry = new Registry();
    const result = await importDevices(registry, lines("id,name", "a,A", 'b,"B', "c,C"));
    expect(result.registered).toBe(1);
    expect(result.problems).toEqual([{ line: 3, problem: expect.stringMatching(/^cannot be read: /) }]);
  });

  it.each([
    ["", /line 1: expected a header with a column "id"/],
    ["name,battery\r\nx,1", /line 1: expected a header with a column "id"/],
    ["id,colour\r\nx,red", /line 1: no such column "colour"; expected some of id, name/],
    ["id,id\r\na,b", /line 1: the column "id" is there twice/],
    ['{"a": ', /expected JSON/],
    ['{"a": 1}', /expected a list of devices, got an object/],
  ])("refuses as a whole what is no list of devices: %j", async (text, reason) => {
    await expect(importDevices(new Registry(), text)).rejects.toThrow(reason);
  });

  it("reports each bad device of a JSON list by its position", async () => {
    const registry = new Registry();
    const list = [{ id: "a", name: "A" }, { name: "nobody" }, 7, { id: "b", battery: -1 }, { id: "c", extra: 1 }];
    const result = await importDevices(registry, JSON.stringify({ devices: list }));
    expect(result.registered).toBe(1);
    expect(result.problems.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
    expect(result.problems[3]?.problem).toMatch(/extra: no such field/);
  });

  it("updates or skips devices that exist when told to, and checks without changes on a dry run", async () => {
    const registry = new Registry();
    registry.register("a", { name: "Old", location: "barn" });
    registry.touch("a", Date.now());
    const csv = lines("id,name,status", "a,New,offline", "b,Other,maintenance");
    const dry = await importDevices(registry, csv, { existing: "update", dryRun: true });
    expect(dry).toEqual({ registered: 1, updated: 1, skipped: 0, problems: [] });
    expect(registry.size).toBe(1);
    expect((await importDevices(registry, csv, { existing: "skip" })).skipped).toBe(1);
    expect(registry.get("a")?.name).toBe("Old");
    expect(registry.get("b")?.status).toBe("maintenance");
    await importDevices(registry, csv, { existing: "update" });
    expect(registry.get("a")).toMatchObject({ name: "New", location: "barn", status: "online" });
  });
});
