import { createReadStream } from "node:fs";
import { describe, expect, it } from "vitest";
import { collectCsv as collect, readCsvText as read } from "../../test/support/csv";
import { missingData } from "../../test/support/needs";
import { type CsvOptions, readCsv } from ".";

const values = async (text: string | Buffer, options: Partial<CsvOptions> = {}) =>
  (await read(text, options)).rows.map(({ readings }) =>
    Object.fromEntries(readings.map(({ sensor, value }) => [sensor, value])),
  );

describe("a time series", () => {
  it("with quotes and an index column that the header does not name", async () => {
    const { rows, problems } = await read(
      '"date","Temperature","CO2"\n"1","2015-02-04 17:51:00",23.18,721.25\n"2","2015-02-04 17:51:59",23.15,714\n',
      { units: { Temperature: "Cel", co2: "[ppm]" } },
    );
    const timestamp = Date.UTC(2015, 1, 4, 17, 51);
    expect(problems).toEqual([]);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual({
      line: 2,
      timestamp,
      readings: [
        { deviceId: "room-1", sensor: "Temperature", value: 23.18, unit: "Cel", timestamp, quality: "good" },
        { deviceId: "room-1", sensor: "CO2", value: 721.25, unit: "[ppm]", timestamp, quality: "good" },
      ],
    });
  });

  it.each([
    ["commas", "time,a,b\n2020-01-01,1.5,2\n"],
    ["semicolons and decimal commas", "time;a;b\n2020-01-01;1,5;2\n"],
    ["tabs", "time\ta\tb\n2020-01-01\t1.5\t2\n"],
    ["bars and Windows line ends", "time|a|b\r\n2020-01-01|1.5|2\r\n"],
    ["quotes around delimiters", '"time","a","b"\n"2020-01-01","1.5","2"\n'],
    ["a byte order mark and empty lines", "\uFEFFtime,a,b\n\n2020-01-01,1.5,2\n\n"],
    ["the time last", "a,b,time\n1.5,2,2020-01-01\n"],
    ["line ends of old Macs", "time,a,b\r2020-01-01,1.5,2\r"],
    ["UTF-16", Buffer.from("\uFEFFtime,a,b\n2020-01-01,1.5,2\n", "utf16le")],
  ])("with %s", async (_, text) => {
    const { rows } = await read(text);
    expect(rows[0]?.readings.map(({ sensor, value }) => [sensor, value])).toEqual([
      ["a", 1.5],
      ["b", 2],
    ]);
  });

  it("of Windows, in Latin-1", async () => {
    expect(await values(Buffer.from("time,T (\u00b0C)\n2020-01-01,1\n", "latin1"))).toEqual([{ "T (\u00b0C)": 1 }]);
  });

  it("without header", async () => {
    expect(await values("2020-01-01 00:00,1,true\n2020-01-01 00:01,2,false\n")).toEqual([
      { column2: 1, column3: true },
      { column2: 2, column3: false },
    ]);
  });

  it("of numbers, booleans and texts, with cells missing", async () => {
    expect(await values("time,n,b,t\n2020-01-01,,TRUE,on\n2020-01-02,NA,,off\n2020-01-03,-1e3,false,?\n")).toEqual([
      { b: true, t: "on" },
      { t: "off" },
      { n: -1000, b: false },
    ]);
  });

  it("of which only some columns are wanted", async () => {
    expect(await values("time,a,b,c\n2020-01-01,1,2,3\n", { columns: ["c", "A"] })).toEqual([{ a: 1, c: 3 }]);
  });

  it("with names that a sensor cannot have, or twice", async () => {
    expect(await values("time,a+b,c#,d,d\n2020-01-01,1,2,3,4\n")).toEqual([{ a_b: 1, c_: 2, d: 3, "d.2": 4 }]);
  });
});

describe("what is wrong", () => {
  it("in a line is told with its number, and the others are read", async () => {
    const { rows, problems } = await read(
      "time;x;ok\n01/02/2020 10:00;1,5;true\n13/02/2020 10:00;2;false\n14/02/2020 10:00;abc;maybe\nlater;1;true\n14/02/2020;1\n15/02/2020;3;true\n",
      { timestampFormat: "dmy" },
    );
    expect(problems).toEqual([
      'line 4, column x: expected a number, got "abc"',
      'line 4, column ok: expected a boolean, got "maybe"',
      'line 5, column time: expected a time (dmy), got "later"',
      "line 6: expected 3 cells, got 2",
    ]);
    expect(rows.map(({ line, readings }) => [line, readings.length])).toEqual([
      [2, 2],
      [3, 2],
      [4, 0],
      [7, 2],
    ]);
  });

  it("30 February, 25 o'clock and infinity are none", async () => {
    const good = Array.from({ length: 20 }, (_, hour) => `2020-01-01 ${String(hour).padStart(2, "0")}:00,1`).join("\n");
    const { problems } = await read(
      `time,x\n${good}\n2020-02-30 00:00,1\n2020-01-02 25:00,1\n2020-01-03 00:00,inf\n2020-01-04 00:00,1e999\n`,
    );
    expect(problems).toEqual([
      'line 22, column time: expected a time (iso), got "2020-02-30 00:00"',
      'line 23, column time: expected a time (iso), got "2020-01-02 25:00"',
      'line 24, column x: expected a number, got "inf"',
      'line 25, column x: expected a number, got "1e999"',
    ]);
  });

  it("with the file as a whole stops the reading", async () => {
    await expect(read("")).rejects.toThrow("the file is empty");
    await expect(read("time,x\n")).rejects.toThrow("a header and no rows below it");
    await expect(read("time\n2020-01-01\n")).rejects.toThrow("at least one column besides the time");
    await expect(read("time,x\n2020-01-01,1\n", { columns: ["y"] })).rejects.toThrow(
      'column "y": there is none; the file has time, x',
    );
    await expect(read("time,x\n2020-01-01,1\n", { timestampColumn: "x" })).rejects.toThrow(
      'column x: expected times, got "1"; give the format',
    );
    await expect(read("time,x\n2020-01-01,1\n", { timeZone: "Mars/Olympus" })).rejects.toThrow(
      'expected an IANA name such as Europe/Berlin, got "Mars/Olympus"',
    );
    await expect(read("time,__proto__\n2020-01-01,1\n")).rejects.toThrow('the column name "__proto__" is reserved');
    await expect(read("time,x\n2020-01-01,1\n", { deviceId: "a/b" })).rejects.toThrow("deviceId");
  });

  it("a quote that is never closed spoils its own line", async () => {
    const { rows, problems } = await read(
      'time,x,t\n2020-01-01,1,a\n2020-01-02,"oops,b\n2020-01-03,3,c\n2020-01-04,4,"d"\n2020-01-05,"5,e\n',
    );
    expect(problems).toEqual(["line 3: a quote is opened and not closed", "line 6: a quote is opened and not closed"]);
    expect(rows.map(({ line }) => line)).toEqual([2, 4, 5]);
  });

  it("a line without end does not fill the memory", async () => {
    async function* endless() {
      yield Buffer.from("time,x\n2020-01-01,1\n");
      for (let i = 0; i < 40; i++) yield Buffer.alloc(100_000, "9");
      yield Buffer.from("\n2020-01-02,2\n");
    }
    const { rows, problems } = await collect(endless());
    expect(problems).toEqual(["line 3: expected at most 1048576 characters in a line"]);
    expect(rows.map(({ line }) => line)).toEqual([2, 4]);
  });

  it("a source that fails is an error of the reader", async () => {
    async function* failing() {
      yield Buffer.from(`time,x\n2020-01-01,1\n${"2020-01-02,2\n".repeat(20_000)}`);
      throw new Error("disk gone");
    }
    await expect(collect(failing())).rejects.toThrow("disk gone");
  });
});

describe("the file", () => {
  /** What the reader does with its source; the long one does not end within what is looked at first. */
  async function closedAfter(
    head: string,
    read: (chunks: AsyncIterable<unknown>) => Promise<unknown>,
  ): Promise<boolean> {
    let closed = false;
    async function* source() {
      try {
        yield Buffer.from(head);
        for (;;) yield Buffer.from("2020-01-01,1\n".repeat(1000));
      } finally {
        closed = true;
      }
    }
    await read(readCsv(source(), { deviceId: "d" })).catch(() => undefined);
    return closed;
  }

  it("is closed when the reader stops at the first rows, and when the file is refused", async () => {
    const first = async (chunks: AsyncIterable<unknown>) => {
      for await (const _ of chunks) return;
    };
    expect(await closedAfter("time,x\n", first)).toBe(true);
    expect(await closedAfter("a;b\n1;2\n".repeat(50_000), first)).toBe(true);
  });
});

describe("a big file", () => {
  it("is read as it is used, and closed when the reader stops", async () => {
    let sent = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) {
          sent++;
          yield Buffer.from(sent === 1 ? "time,x\n" : "2020-01-01 00:00:00,1\n".repeat(100));
        }
      } finally {
        closed = true;
      }
    }
    let rows = 0;
    for await (const chunk of readCsv(endless(), { deviceId: "d" })) {
      rows += chunk.rows.length;
      if (rows > 20_000) break;
    }
    expect(rows).toBeLessThan(21_000);
    // What the streams between may hold ahead is bounded, whatever the file's length.
    expect(sent * 100).toBeLessThan(40_000);
    await expect.poll(() => closed).toBe(true);
  });
});

const occupancy = "../shared/data/occupancy/datatraining.txt";
describe.skipIf(missingData(occupancy))("a recording of a real room (UCI 357)", () => {
  it("is read whole", async () => {
    const { rows, problems } = await collect(createReadStream(occupancy));
    // 8 143 rows from 2015-02-04 17:51:00 to 2015-02-10 09:33:00: description of the data set.
    expect(problems).toEqual([]);
    expect(rows).toHaveLength(8143);
    expect([rows[0], rows.at(-1)].map((row) => new Date(row!.timestamp).toISOString())).toEqual([
      "2015-02-04T17:51:00.000Z",
      "2015-02-10T09:33:00.000Z",
    ]);
    expect(rows[0]?.readings.map(({ sensor }) => sensor)).toEqual([
      "Temperature",
      "Humidity",
      "Light",
      "CO2",
      "HumidityRatio",
      "Occupancy",
    ]);
  });
});
