import { describe, expect, it } from "vitest";
import { CodecError, type DecodeContext, loadCodec } from ".";

const context: DecodeContext = { deviceId: "meter-1", topic: "energy/meter-1", receivedAt: 1_700_000_000_000 };
const decode = async (expression: string, payload: unknown, over: Partial<DecodeContext> = {}) => {
  const codec = await loadCodec("jsonata", { expression, timeout: 200 });
  return codec.decode(Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)), {
    ...context,
    ...over,
  });
};

describe("custom JSONata", () => {
  it("gives readings from any JSON", async () => {
    const readings = await decode('payload.{"sensor": "power", "value": W, "unit": "W", "timestamp": t}', {
      W: 230.5,
      t: 1_600_000_000,
    });
    expect(readings).toEqual([
      { deviceId: "meter-1", sensor: "power", value: 230.5, unit: "W", timestamp: 1_600_000_000_000, quality: "good" },
    ]);
  });

  it("gives several, and names devices from the topic", async () => {
    const readings = await decode(
      '$each(payload, function($v, $k) {{"deviceId": $split(topic, "/")[1], "type": $k, "value": $v}})',
      { a: 1, b: 2 },
      { deviceId: "" },
    );
    expect(readings.map(({ deviceId, sensor, value }) => [deviceId, sensor, value])).toEqual([
      ["meter-1", "a", 1],
      ["meter-1", "b", 2],
    ]);
  });

  it("sees text that is not JSON, and a plain result is the topic's sensor", async () => {
    expect(await decode("$number($substringAfter(payload, '='))", "T=21.5", { sensor: "temperature" })).toMatchObject([
      { sensor: "temperature", value: 21.5 },
    ]);
  });

  it("gives no readings only when it says so", async () => {
    expect(await decode("[]", {})).toEqual([]);
    await expect(decode("payload.missing", {})).rejects.toThrow("jsonata: the expression gave no readings");
  });

  it.each([
    ['{"sensor": "a", "value": {}}', "result[0].value: expected a number, boolean or string, got an object"],
    ['{"sensor": "a"}', "result[0].value: expected a number, boolean or string, got undefined"],
    [
      '{"sensor": "a", "value": 1, "deviceId": "other"}',
      'result[0].deviceId: expected "meter-1", the device of the topic',
    ],
    ["1/0", "result[0].value: expected a finite number, got Infinity"],
    ["payload.x + 'a'", "must evaluate to a number"],
  ])("says what is wrong with %s", async (expression, message) => {
    await expect(decode(expression, { x: "text" })).rejects.toThrow(message);
    await expect(decode(expression, { x: "text" })).rejects.toBeInstanceOf(CodecError);
  });

  it("says where an expression does not compile", async () => {
    await expect(loadCodec("jsonata", { expression: "payload.(" })).rejects.toThrow(
      /jsonata: expression: .*\(at character \d+\)/,
    );
    await expect(loadCodec("jsonata", {})).rejects.toThrow("expected a JSONata expression");
  });

  it("stops endless loops, endless recursion and endless sequences", async () => {
    await expect(decode("($f := function($n) { $f($n + 1) }; $f(0))", {})).rejects.toThrow(/timeout|stack/i);
    await expect(decode("($f := function($n) { 1 + $f($n + 1) }; $f(0))", {})).rejects.toThrow(/timeout|stack/i);
    await expect(decode("[1..1000000]", {})).rejects.toThrow(/sequence/i);
  });

  it.each([
    "payload.constructor.constructor('return process')()",
    "payload.__proto__",
    "$constructor",
    "process.env",
    "globalThis",
    "$sum.constructor",
    '($o := {}; $o.__proto__.polluted := "x")',
    'payload ~> |$|{"__proto__": {"polluted": true}}|',
  ])("cannot leave its input: %s", async (expression) => {
    await expect(decode(expression, { a: 1 })).rejects.toBeInstanceOf(CodecError);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("holds JSON payloads to the limits", async () => {
    await expect(decode("1", `${"[".repeat(40)}${"]".repeat(40)}`)).rejects.toThrow("32 levels");
    await expect(decode("1", '{"__proto__": 1}')).rejects.toThrow("reserved");
    await expect(decode("1", "x".repeat(2_000_000))).rejects.toThrow("at most 1048576 bytes");
    await expect(decode("1", '{"a":')).rejects.toThrow("expected JSON");
  });

  it("encodes with an expression of its own", async () => {
    const codec = await loadCodec("jsonata", {
      expression: "payload",
      encodeExpression: '$join(readings.(sensor & "=" & value), ";")',
    });
    const reading = { deviceId: "d", sensor: "s", value: 1.5, unit: "1", timestamp: 0, quality: "good" } as const;
    expect(Buffer.from(await codec.encode([reading, { ...reading, sensor: "t" }])).toString()).toBe("s=1.5;t=1.5");
    const only = await loadCodec("jsonata", { expression: "payload" });
    await expect(only.encode([reading])).rejects.toThrow("encodeExpression: no expression to encode with");
  });
});
