import { describe, expect, it } from "vitest";
import { CodecError, DEFAULT_LIMITS, type DecodeContext } from ".";
import { jsonCodec } from "./native-json";

const context: DecodeContext = { deviceId: "pump-1", topic: "devices/pump-1/telemetry", receivedAt: 1_700_000_000_500 };
const codec = jsonCodec(DEFAULT_LIMITS);
const decode = (message: unknown, over: Partial<DecodeContext> = {}) =>
  codec.decode(Buffer.from(typeof message === "string" ? message : JSON.stringify(message)), { ...context, ...over });

describe("native JSON", () => {
  it("reads the sensors of a message with their defaults", () => {
    const message = {
      sensors: [
        { type: "temperature", value: 21.5, unit: "Cel" },
        { type: "open", value: false },
      ],
      timestamp: 1_700_000_000_000,
    };
    const common = { deviceId: "pump-1", timestamp: 1_700_000_000_000, quality: "good" };
    expect(decode(message)).toEqual([
      { ...common, sensor: "temperature", value: 21.5, unit: "Cel" },
      { ...common, sensor: "open", value: false, unit: "1" },
    ]);
  });

  it.each([
    ["milliseconds", 1_700_000_000_123, 1_700_000_000_123],
    ["seconds", 1_700_000_000, 1_700_000_000_000],
    ["seconds with a fraction", 1_700_000_000.123, 1_700_000_000_123],
    ["ISO 8601", "2023-11-14T22:13:20.123Z", 1_700_000_000_123],
    ["ISO 8601 with an offset", "2023-11-15T00:13:20+02:00", 1_700_000_000_000],
    ["ISO 8601 without zone, as UTC", "2023-11-14T22:13:20", 1_700_000_000_000],
  ])("takes a timestamp in %s", (_, timestamp, expected) => {
    expect(decode({ sensors: [{ type: "t", value: 1 }], timestamp })[0]?.timestamp).toBe(expected);
    expect(decode({ sensors: [{ type: "t", value: 1, timestamp }] })[0]?.timestamp).toBe(expected);
  });

  it("takes the time of arrival when the message has none", () => {
    expect(decode({ sensors: [{ type: "t", value: 1 }] })[0]?.timestamp).toBe(context.receivedAt);
  });

  it("lets a sensor's own fields win over the message's", () => {
    const [first, second] = decode({
      timestamp: 1_700_000_000,
      seq: 7,
      metadata: { site: "north", floor: 2 },
      sensors: [
        { type: "a", value: 1 },
        { type: "b", value: null, quality: "bad", seq: 8, timestamp: 1_700_000_001, metadata: { site: "south" } },
      ],
    });
    expect(first).toMatchObject({ seq: 7, timestamp: 1_700_000_000_000, metadata: { site: "north", floor: "2" } });
    expect(second).toMatchObject({ seq: 8, timestamp: 1_700_000_001_000, quality: "bad", value: null });
    expect(second?.metadata).toMatchObject({ site: "south", floor: "2" });
  });

  it("adds the topic's named parts as metadata, under the payload's own", () => {
    const metadata = { site: "topic", hall: "3" };
    const message = { metadata: { site: "payload" }, sensors: [{ type: "t", value: 1 }] };
    expect(decode(message, { metadata })[0]?.metadata).toMatchObject({ site: "payload", hall: "3" });
    expect(decode({ sensors: [{ type: "t", value: 1 }] }, { metadata })[0]?.metadata).toMatchObject(metadata);
  });

  it("reads an array of messages, and readings on their own or in an array", () => {
    const reading = {
      deviceId: "pump-1",
      sensor: "t",
      value: 3,
      unit: "K",
      timestamp: 1_700_000_000_000,
      quality: "uncertain",
    };
    expect(decode(reading)).toEqual([reading]);
    expect(decode([reading, { sensors: [{ type: "u", value: 4 }] }]).map(({ sensor }) => sensor)).toEqual(["t", "u"]);
  });

  it("takes the device of the payload only where the topic names none", () => {
    const message = { deviceId: "pump-2", sensors: [{ type: "t", value: 1 }] };
    expect(decode(message, { deviceId: "" })[0]?.deviceId).toBe("pump-2");
    expect(() => decode(message)).toThrow('json: deviceId: expected "pump-1", the device of the topic, got "pump-2"');
    expect(() => decode({ sensors: [{ type: "t", value: 1, deviceId: "x" }] })).toThrow(
      "sensors[0].deviceId: expected",
    );
    expect(() => decode({ sensors: [{ type: "t", value: 1 }] }, { deviceId: "" })).toThrow("the topic names no device");
  });

  it("takes the sensor of the topic when the payload names none", () => {
    expect(decode({ value: 5 }, { sensor: "level" })).toMatchObject([{ sensor: "level", value: 5 }]);
    expect(() => decode({ value: 5 })).toThrow("type: expected a non-empty string, got undefined");
  });

  it.each([
    [
      {
        sensors: [
          { type: "t", value: "1" },
          { type: "u", value: {} },
        ],
      },
      "sensors[1].value",
      "expected a number, boolean or string, got an object",
    ],
    [{ sensors: [{ type: "t", value: null }] }, "sensors[0].value", 'null is allowed only with quality "bad"'],
    [{ sensors: [{ type: 7, value: 1 }] }, "sensors[0].type", "expected a non-empty string, got 7"],
    [
      { sensors: [{ type: "a+b", value: 1 }] },
      "sensors[0].type",
      'must not contain +, # or control characters, got "a+b"',
    ],
    [{ sensors: [{ type: "t", value: 1, unit: 5 }] }, "sensors[0].unit", "expected a UCUM code, got 5"],
    [
      { sensors: [{ type: "t", value: 1, quality: "fine" }] },
      "sensors[0].quality",
      'expected good, uncertain or bad, got "fine"',
    ],
    [{ sensors: [{ type: "t", value: 1, timestamp: "noon" }] }, "sensors[0].timestamp", 'an ISO 8601 time, got "noon"'],
    [{ sensors: [{ type: "t", value: 1 }], timestamp: 1e300 }, "timestamp", "expected milliseconds since 1970"],
    [{ sensors: [{ type: "t", value: 1 }], seq: -1 }, "seq", "expected a non-negative integer, got -1"],
    [{ sensors: [{ type: "t", value: 1, metadata: { a: [] } }] }, "sensors[0].metadata.a", "expected a string"],
    [{ sensors: [5] }, "sensors[0]", "expected {type, value}, got 5"],
    [{ sensors: {} }, "sensors", "expected an array of {type, value}, got an object"],
    [{ temperature: 5 }, "sensors", "expected an array of {type, value}, got undefined"],
    [[{ sensors: [{ type: "t", value: 1 }] }, 3], "[1]", 'expected an object with "sensors", got 3'],
    [[{ sensors: [{ type: "t", value: [] }] }], "[0].sensors[0].value", "got an array of 0"],
    ["5", "", 'expected an object with "sensors", got 5'],
  ])("says where %j is wrong", (message, path, reason) => {
    let caught: unknown;
    try {
      decode(message);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CodecError);
    expect(caught).toMatchObject({ codec: "json", path });
    expect((caught as CodecError).reason).toContain(reason);
  });

  it("ignores a byte order mark and fields it does not know", () => {
    expect(decode('\uFEFF{"sensors":[{"type":"t","value":1,"raw":[1,2]}],"firmware":{"v":1}}')).toHaveLength(1);
  });

  it("allows the reserved names as values", () => {
    expect(decode({ sensors: [{ type: "t", value: "constructor __proto__" }] })[0]?.value).toBe(
      "constructor __proto__",
    );
  });
});
