import { describe, expect, it } from "vitest";
import { readCsvText as read } from "../../test/support/csv";
import { type CsvOptions, formatByName } from ".";

const times = async (text: string, options: Partial<CsvOptions> = {}) =>
  (await read(text, options)).rows.map(({ timestamp }) => new Date(timestamp).toISOString());

describe("the time", () => {
  it.each([
    ["2015-02-04T17:51:00Z", "2015-02-04T17:51:00.000Z"],
    ["2015-02-04 17:51:00.123456", "2015-02-04T17:51:00.123Z"],
    ["2015-02-04T17:51:00+05:30", "2015-02-04T12:21:00.000Z"],
    ["2015-02-04", "2015-02-04T00:00:00.000Z"],
    ["1423072260", "2015-02-04T17:51:00.000Z"],
    ["1423072260.5", "2015-02-04T17:51:00.500Z"],
    ["1423072260000", "2015-02-04T17:51:00.000Z"],
    ["31/01/2015 17:51", "2015-01-31T17:51:00.000Z"],
    ["01/31/2015 17:51", "2015-01-31T17:51:00.000Z"],
    ["31.01.2015 17:51:05", "2015-01-31T17:51:05.000Z"],
    ["2015/01/31 17:51", "2015-01-31T17:51:00.000Z"],
    ["31/01/2015 5:51 PM", "2015-01-31T17:51:00.000Z"],
    ["31/01/15 12:51 am", "2015-01-31T00:51:00.000Z"],
  ])("is found in %s", async (cell, expected) => {
    expect(await times(`measured,x\n${cell},1\n`)).toEqual([expected]);
  });

  it("is told from the rows where day and month could be either", async () => {
    expect(await times("date,x\n01/02/2020,1\n02/02/2020,1\n13/02/2020,1\n")).toEqual(
      ["2020-02-01", "2020-02-02", "2020-02-13"].map((day) => `${day}T00:00:00.000Z`),
    );
    expect(await times("date,x\n01/31/2020,1\n02/01/2020,1\n")).toEqual(
      ["2020-01-31", "2020-02-01"].map((day) => `${day}T00:00:00.000Z`),
    );
    // Day first would go backwards from March to January.
    expect(await times("date,x\n03/12/2020,1\n04/01/2020,1\n")).toEqual(
      ["2020-03-12", "2020-04-01"].map((day) => `${day}T00:00:00.000Z`),
    );
    expect((await times("date,x\n01/02/2020,1\n", { timestampFormat: "mdy" }))[0]).toMatch("2020-01-02");
  });

  it("may be a date and a time of day", async () => {
    expect(await times("Date;Time;x\n16/12/2006;17:24:00;1\n")).toEqual(["2006-12-16T17:24:00.000Z"]);
    expect(await times("x,Day,At\n1,2006-12-16,17:24\n", { timestampColumn: "Day+At" })).toEqual([
      "2006-12-16T17:24:00.000Z",
    ]);
  });

  it("is not any column of numbers", async () => {
    expect(await times("x,time\n1500000000,1600000000\n")).toEqual(["2020-09-13T12:26:40.000Z"]);
    await expect(read("a,b\n1,2\n")).rejects.toThrow("expected a column of times, found none");
    expect(await times("a,b\n1,2\n", { timestampColumn: "a", timestampFormat: "seconds" })).toEqual([
      "1970-01-01T00:00:01.000Z",
    ]);
  });

  // Europe/Berlin goes from +1 to +2 h on 2021-03-28 at 02:00 and back on 2021-10-31 at 03:00 (IANA time zone database, "EU" rules).
  it.each([
    ["2021-01-01 12:00", "2021-01-01T11:00:00.000Z"],
    ["2021-07-01 12:00", "2021-07-01T10:00:00.000Z"],
    ["2021-03-28 01:59", "2021-03-28T00:59:00.000Z"],
    ["2021-03-28 03:00", "2021-03-28T01:00:00.000Z"],
    ["2021-03-28 02:30", "2021-03-28T01:30:00.000Z"],
    ["2021-10-31 02:30", "2021-10-31T00:30:00.000Z"],
    ["2021-10-31 03:00", "2021-10-31T02:00:00.000Z"],
    ["2021-07-01T12:00Z", "2021-07-01T12:00:00.000Z"],
  ])("%s in Berlin", async (cell, expected) => {
    expect(await times(`time,x\n${cell},1\n`, { timeZone: "Europe/Berlin" })).toEqual([expected]);
  });

  it("has formats as people write them", () => {
    expect(["DD/MM/YYYY HH:mm", "m-d-yy", "YYYY.MM.DD", "ms", "auto", ""].map(formatByName)).toEqual([
      "dmy",
      "mdy",
      "ymd",
      "milliseconds",
      undefined,
      undefined,
    ]);
    expect(() => formatByName("stardate")).toThrow(
      'expected auto, iso, seconds, milliseconds or a pattern like DD/MM/YYYY, got "stardate"',
    );
  });
});
