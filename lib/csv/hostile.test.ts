import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CsvError, type CsvRow, readCsv } from ".";
import { zoneToUtc } from "./zone";

async function readAll(parts: readonly Uint8Array[]): Promise<{ rows: CsvRow[]; problems: number }> {
  const rows: CsvRow[] = [];
  let problems = 0;
  for await (const chunk of readCsv(Readable.from(parts), { deviceId: "d" })) {
    rows.push(...chunk.rows);
    problems += chunk.problems.length;
  }
  return { rows, problems };
}

const onlyCsvErrors = (bytes: Uint8Array) =>
  readAll([bytes]).then(
    ({ rows }) => {
      for (const { readings } of rows) {
        for (const { value } of readings)
          expect(typeof value === "number" ? Number.isFinite(value) : value !== null).toBe(true);
      }
    },
    (error) => {
      expect(error).toBeInstanceOf(CsvError);
    },
  );

describe("any file is read, in part or whole, or refused as a whole with a reason", () => {
  it("random bytes", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), onlyCsvErrors), { numRuns: 300 });
  });

  it("what looks like CSV", async () => {
    const cell = fc.oneof(
      fc.constantFrom(
        "",
        "1",
        "1.5",
        "1,5",
        "NaN",
        "1e999",
        '"',
        '"a"',
        '"a""b"',
        "true",
        "2020-01-01",
        "2020-02-30 25:00",
        "x",
        "__proto__",
        " ",
        "\0",
      ),
      fc.string({ maxLength: 8 }),
    );
    const line = fc.array(cell, { maxLength: 6 }).map((cells) => cells.join(","));
    const file = fc.array(line, { maxLength: 12 }).map((lines) => `time,a,b\n2020-01-01,1,x\n${lines.join("\n")}`);
    await fc.assert(
      fc.asyncProperty(file, (text) => onlyCsvErrors(Buffer.from(text))),
      { numRuns: 300 },
    );
  });

  it("reads the same however the bytes come in pieces", async () => {
    const text = `\uFEFFwhen;Grad (\u00b0C);note\r\n${Array.from({ length: 30 }, (_, row) => `${row + 1}.03.2021 10:00;${row},5;"\u00fc;${row}"\r\n`).join("")}`;
    const bytes = Buffer.from(text);
    const whole = await readAll([bytes]);
    expect(whole.rows).toHaveLength(30);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const parts = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        expect(await readAll(parts)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
});

describe("time zones", () => {
  it.each(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])(
    "%s: a wall-clock time leads back to a moment that shows it",
    (zone) => {
      const toUtc = zoneToUtc(zone);
      const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
      // The Swedish form is ISO 8601's own: 2024-05-31 18:00:00.
      const wallAt = (utc: number) => Date.parse(`${format.format(utc).replace(" ", "T")}Z`);
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), (seconds) => {
          const wall = wallAt(seconds * 1000);
          expect(wallAt(toUtc(wall))).toBe(wall);
        }),
        { numRuns: 200 },
      );
    },
  );
});
