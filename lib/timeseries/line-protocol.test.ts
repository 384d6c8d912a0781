import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  describingTag,
  escapeMeasurement,
  escapeTag,
  formatNanoseconds,
  identifyingTag,
  quoteField,
  splitLine,
  splitTime,
} from "./line-protocol";

describe("escaping, by the examples of InfluxDB's line protocol reference", () => {
  // https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/#special-characters
  it("writes the reference's point with every special character", () => {
    const measurement = escapeMeasurement('"measurement with quo⚡️es and emoji"');
    const tag = `${escapeTag("tag key with sp🚀ces")}=${escapeTag('tag,value,with"commas"')}`;
    const field = `${escapeTag("field_k\\ey")}=${quoteField('string field value, only " need be esc🍭ped')}`;
    expect(`${measurement},${tag} ${field}`).toBe(
      '"measurement\\ with\\ quo⚡️es\\ and\\ emoji",tag\\ key\\ with\\ sp🚀ces=tag\\,value\\,with"commas" ' +
        'field_k\\ey="string field value, only \\" need be esc🍭ped"',
    );
  });

  // https://docs.influxdata.com/influxdb3/core/reference/line-protocol/#special-characters
  it("writes the examples of the 3.x reference", () => {
    expect(`${escapeMeasurement("my Table")} fieldKey=${quoteField("string value")}`).toBe(
      'my\\ Table fieldKey="string value"',
    );
    expect(quoteField('"string" within a string')).toBe('"\\"string\\" within a string"');
    expect(`${escapeTag("tag Key1")}=${escapeTag("tag Value1")}`).toBe("tag\\ Key1=tag\\ Value1");
  });

  it("escapes an equals sign in tags but not in measurements", () => {
    expect(escapeTag("a=b")).toBe("a\\=b");
    expect(escapeMeasurement("a=b")).toBe("a=b");
  });

  it("escapes every backslash of a string field", () => {
    expect(quoteField("C:\\")).toBe('"C:\\\\"');
  });

  it("writes line breaks of a string field as two characters, because a line break ends the point", () => {
    expect(quoteField("one\ntwo\r")).toBe('"one\\\\ntwo\\\\r"');
  });
});

describe("tags that identify", () => {
  it.each(["pump\n1", "C:\\", "a\\,b", "a\\ b", "a\\=b", "\u0000"])(
    "refuses %j, which servers would read otherwise",
    (id) => {
      expect(() => identifyingTag("deviceId", id)).toThrow(/^deviceId: InfluxDB cannot store/);
    },
  );

  it("keeps a harmless backslash", () => {
    expect(identifyingTag("deviceId", "a\\b")).toBe("a\\b");
  });
});

describe("tags that describe", () => {
  it("become storable", () => {
    expect(describingTag("hall 3\nrow 2")).toBe("hall\\ 3\\ row\\ 2");
    expect(describingTag("C:\\data\\")).toBe("C:\\data/");
  });
});

describe("time", () => {
  it("writes nanoseconds with all their digits", () => {
    expect(formatNanoseconds(1556813561098, 0)).toBe("1556813561098000000");
    expect(formatNanoseconds(1465839830100, 400200)).toBe("1465839830100400200");
    expect(formatNanoseconds(1, 7)).toBe("1000007");
    expect(formatNanoseconds(0, 7)).toBe("7");
    expect(formatNanoseconds(-1, 999_999)).toBe("-1");
  });

  it("keeps fractions of a millisecond", () => {
    expect(splitTime(1000.25)).toEqual({ ms: 1000, ns: 250_000 });
    expect(splitTime(-0.5)).toEqual({ ms: -1, ns: 500_000 });
  });

  it("refuses what 64 bits of nanoseconds cannot hold", () => {
    // The reference: from 1677-09-21T00:12:43Z to 2262-04-11T23:47:16Z.
    expect(splitTime(Date.parse("2262-04-11T23:47:16Z")).ns).toBe(0);
    expect(() => splitTime(Date.parse("2262-04-11T23:47:17Z"))).toThrow(/1677 to 2262/);
    expect(() => splitTime(Date.parse("1677-09-21T00:12:43Z"))).toThrow(/1677 to 2262/);
    expect(() => splitTime(Number.NaN)).toThrow(/1677 to 2262/);
  });
});

describe("splitLine", () => {
  it("undoes what the encoder has put together", () => {
    const word = fc.string({ minLength: 1 }).filter((text) => !/\p{Cc}|\\/u.test(text));
    fc.assert(
      fc.property(
        word,
        word,
        fc.string(),
        fc.integer({ min: -9e12, max: 9e12 }),
        fc.nat(999_999),
        (name, tag, text, ms, ns) => {
          const series = `${escapeMeasurement(name)},device_id=${escapeTag(tag)}`;
          const fields = `value_text=${quoteField(text)},quality="good"`;
          expect(splitLine(`${series} ${fields} ${formatNanoseconds(ms, ns)}`)).toEqual({ series, fields, ms, ns });
        },
      ),
    );
  });

  it.each(["", "a", "a b", "a b c", "a b 1.5"])("knows that %j is no line", (line) => {
    expect(splitLine(line)).toBeUndefined();
  });
});
