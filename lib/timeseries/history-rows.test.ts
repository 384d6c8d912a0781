import { describe, expect, it } from "vitest";
import { isoTime, readingFromRow, readingsFromRows, timeOf } from "./history-rows";

const row = (entries: Record<string, unknown>): ReadonlyMap<string, unknown> =>
  new Map(
    Object.entries({ time: "2023-11-14T22:13:20Z", device_id: "pump-1", sensor_type: "t", unit: "Cel", ...entries }),
  );

describe("readingFromRow", () => {
  it("makes a historical reading of what was written", () => {
    expect(readingFromRow(row({ value: 21.5, quality: "uncertain", seq: 4, meta_site: "north" }))).toEqual({
      deviceId: "pump-1",
      sensor: "t",
      value: 21.5,
      unit: "Cel",
      timestamp: 1_700_000_000_000,
      quality: "uncertain",
      seq: 4,
      historical: true,
      metadata: { site: "north" },
    });
  });

  it("takes cells of a CSV, where everything is text and nothing is empty", () => {
    expect(readingFromRow(row({ value: "21.5", quality: "good" }))?.value).toBe(21.5);
    expect(readingFromRow(row({ value_bool: "true", quality: "good" }))?.value).toBe(true);
    expect(readingFromRow(row({ value_bool: "false", quality: "good" }))?.value).toBe(false);
    expect(readingFromRow(row({ quality: "good" }))?.value).toBe("");
  });

  it("keeps a bad reading without a value and skips what another program has written", () => {
    expect(readingFromRow(row({ value: null, quality: "bad" }))?.value).toBeNull();
    expect(readingFromRow(row({ usage: 3 }))).toBeUndefined();
    expect(readingFromRow(row({ device_id: undefined, value: 3 }))).toBeUndefined();
    expect(readingFromRow(row({ time: "yesterday", value: 3 }))).toBeUndefined();
  });

  it("takes no tag for more than it is", () => {
    const reading = readingFromRow(row({ value: 1, quality: "good", meta___proto__: "x" }));
    expect(Object.getPrototypeOf(reading?.metadata)).toBeNull();
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe("time", () => {
  it("reads nanoseconds, and takes away what kept readings of a millisecond apart", () => {
    expect(timeOf("2023-11-14T22:13:20.000000002Z")).toBe(1_700_000_000_000);
    expect(timeOf("2023-11-14T22:13:20.1235")).toBe(1_700_000_000_123.5);
    expect(timeOf("2023-11-14 22:13:20+00:00")).toBe(1_700_000_000_000);
    expect(timeOf(1_700_000_000_000)).toBeUndefined();
  });

  it("writes open bounds as the years that InfluxDB knows", () => {
    expect(isoTime(Number.NEGATIVE_INFINITY)).toBe("1678-01-01T00:00:00.000Z");
    expect(isoTime(Number.POSITIVE_INFINITY)).toBe("2262-01-01T00:00:00.000Z");
    expect(isoTime(1_700_000_000_123)).toBe("2023-11-14T22:13:20.123Z");
  });
});

describe("readingsFromRows", () => {
  const rows = [3, 1, 2].map((second) => row({ time: `2023-11-14T22:13:2${second}Z`, value: second, quality: "good" }));
  const query = { deviceId: "pump-1", limit: 2 };

  it("is in time order and keeps the oldest or the newest", () => {
    expect(readingsFromRows(rows, query).map(({ value }) => value)).toEqual([1, 2]);
    expect(readingsFromRows(rows, { ...query, order: "newest" }).map(({ value }) => value)).toEqual([2, 3]);
  });
});
