import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkReading, ReadingError, readingsFromMessage, SeriesMap, seriesKey } from ".";

const now = 1_700_000_000_000;
const plain = {
  deviceId: "pump-1",
  sensor: "temperature",
  value: 21.5,
  unit: "Cel",
  timestamp: now - 5,
  quality: "good",
} as const;

describe("checkReading", () => {
  it("returns what is right as it is", () => {
    const full = { ...plain, seq: 7, historical: true, marks: ["late"], metadata: { room: "4" } } as const;
    expect(checkReading(full, now)).toEqual(full);
  });

  it("fills in what a sender may leave out", () => {
    expect(checkReading({ deviceId: "a", sensor: "b", value: true }, now)).toEqual({
      deviceId: "a",
      sensor: "b",
      value: true,
      unit: "1",
      timestamp: now,
      quality: "good",
    });
  });

  it.each([
    [null, "expected a reading, got null"],
    [[], "expected a reading, got an array of 0"],
    [{ ...plain, deviceId: "a/b" }, 'deviceId: must not contain /, +, # or control characters, got "a/b"'],
    [{ ...plain, deviceId: "" }, 'deviceId: expected a non-empty string, got ""'],
    [{ ...plain, deviceId: "__proto__" }, 'deviceId: the name "__proto__" is reserved'],
    [{ ...plain, deviceId: "x".repeat(257) }, "deviceId: expected at most 256 characters, got 257"],
    [{ ...plain, sensor: "a\u0000" }, "sensor: must not contain +, # or control characters"],
    [{ ...plain, sensor: 5 }, "sensor: expected a non-empty string, got 5"],
    [{ ...plain, value: Number.NaN }, "value: expected a finite number, got NaN"],
    [{ ...plain, value: Number.POSITIVE_INFINITY }, "value: expected a finite number, got Infinity"],
    [{ ...plain, value: null }, 'value: null is allowed only with quality "bad"'],
    [{ ...plain, value: {} }, "value: expected a number, boolean or string, got an object"],
    [{ ...plain, quality: "fine" }, 'quality: expected good, uncertain or bad, got "fine"'],
    [{ ...plain, unit: 3 }, "unit: expected a UCUM code, got 3"],
    [{ ...plain, timestamp: 9e15 }, "timestamp: expected milliseconds since 1970, got 9000000000000000"],
    [{ ...plain, timestamp: "today" }, 'timestamp: expected milliseconds since 1970, got "today"'],
    [{ ...plain, seq: -1 }, "seq: expected a non-negative integer, got -1"],
    [{ ...plain, marks: ["early"] }, "marks: expected some of late, future, duplicate, got an array of 1"],
    [{ ...plain, metadata: { a: {} } }, "metadata.a: expected a string, got an object"],
    [{ ...plain, metadata: JSON.parse('{"__proto__": "x"}') }, 'metadata: the key "__proto__" is reserved'],
  ])("refuses %j with the field and the reason", (input, message) => {
    expect(() => checkReading(input, now)).toThrow(ReadingError);
    expect(() => checkReading(input, now)).toThrow(message);
  });

  it("accepts null with quality bad", () => {
    expect(checkReading({ ...plain, value: null, quality: "bad" }, now).value).toBeNull();
  });

  it("never lets anything but a sound reading pass, whatever comes", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (input) => {
        try {
          const reading = checkReading(input, now);
          expect(typeof reading.value === "number" ? Number.isFinite(reading.value) : true).toBe(true);
          expect(reading.deviceId).not.toMatch(/[/+#]/);
        } catch (error) {
          expect(error).toBeInstanceOf(ReadingError);
        }
      }),
    );
  });
});

describe("readingsFromMessage", () => {
  it("hands a checked batch on as the very same array: a batch costs nothing at each node it passes", () => {
    const batch = [plain, { ...plain, value: 3 }];
    expect(readingsFromMessage({ payload: batch }, now).readings).toBe(batch);
  });

  it("refuses a device id with a slash also inside a batch, where two series could otherwise share a key", () => {
    const intake = readingsFromMessage({ payload: [plain, { ...plain, deviceId: "a/b" }] }, now);
    expect(intake.readings).toEqual([plain]);
    expect(intake.refused[0]?.reason).toContain("msg.payload[1].deviceId: must not contain /");
  });

  it("takes a hole in an array for what it is: no reading", () => {
    const sparse = new Array<unknown>(2);
    sparse[1] = plain;
    const intake = readingsFromMessage({ payload: sparse }, now);
    expect(intake.readings).toEqual([plain]);
    expect(intake.refused).toEqual([{ input: undefined, reason: expect.stringContaining("msg.payload[0]") }]);
    expect(readingsFromMessage({ payload: new Array(3) }, now).refused).toHaveLength(3);
  });

  it("keeps the good and names the bad of a mixed batch", () => {
    const intake = readingsFromMessage({ payload: [plain, { ...plain, value: 3 }, "?", null] }, now);
    expect(intake.readings).toHaveLength(2);
    expect(intake.refused.map((refusal) => refusal.reason)).toEqual([
      'msg.payload[2]: expected a reading, got "?"',
      "msg.payload[3]: expected a reading, got null",
    ]);
  });

  it.each([
    [
      { payload: 3, topic: "room/4" },
      { deviceId: "room.4", sensor: "value", value: 3, timestamp: now },
    ],
    [
      { payload: " 1e3 ", topic: "devices/pump-1/telemetry" },
      { deviceId: "pump-1", value: 1000 },
    ],
    [
      { payload: false, topic: "door" },
      { deviceId: "door", value: false },
    ],
    [{ payload: plain }, plain],
  ])("reads %j", (msg, expected) => {
    expect(readingsFromMessage(msg, now)).toMatchObject({ readings: [expected], refused: [] });
  });

  it.each([
    [{ payload: "warm", topic: "a" }, 'msg.payload: expected readings, a number or a numeric string, got "warm"'],
    [{ payload: "", topic: "a" }, 'msg.payload: expected readings, a number or a numeric string, got ""'],
    [{ payload: 5 }, "msg.topic: a plain value needs msg.topic as its device id, and it is empty"],
    [{ payload: 5, topic: "a/+/b" }, "msg.deviceId: must not contain /, +, # or control characters"],
    [{ payload: undefined }, "msg.payload: expected a reading, got undefined"],
  ])("refuses %j with the reason", (msg, reason) => {
    const intake = readingsFromMessage(msg, now);
    expect(intake.readings).toEqual([]);
    expect(intake.refused[0]?.reason).toContain(reason);
  });
});

describe("seriesKey", () => {
  it("differs for different series, also when sensors contain slashes", () => {
    expect(seriesKey({ deviceId: "a", sensor: "b/c" })).not.toBe(seriesKey({ deviceId: "a.b", sensor: "c" }));
  });
});

describe("SeriesMap", () => {
  it("behaves as a least-recently-used map, held against a plain list", () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c", "d", "e", "f"), write: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, cap) => {
        const map = new SeriesMap<number>(cap);
        for (const [index, { key, write }] of steps.entries()) {
          if (write) map.set(key, index);
          else map.get(key);
          expect(map.size).toBeLessThanOrEqual(cap);
          if (write) expect(map.get(key)).toBe(index);
        }
      }),
    );
  });

  it("evicts what was used longest ago, tells of it and counts it", () => {
    const gone: string[] = [];
    const map = new SeriesMap<number>(2, (key) => gone.push(key));
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.set("c", 3);
    expect(gone).toEqual(["b"]);
    expect(map.evicted).toBe(1);
    expect(map.get("a")).toBe(1);
  });

  it("keeps names from outside away from prototypes", () => {
    const map = new SeriesMap<number>(2);
    expect(map.get("__proto__")).toBeUndefined();
    map.set("__proto__", 1);
    expect(map.get("__proto__")).toBe(1);
  });

  it("refuses a cap below 1", () => {
    expect(() => new SeriesMap(0)).toThrow("expected a cap of at least 1 series, got 0");
  });
});
