import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ANY_NAMES, arbitraryBatch, SENML_NAMES } from "../../test/support/arbitrary-readings";
import { CodecError, type DecodeContext, loadCodec } from ".";
import { detectFormat } from "./detect";

const NAMES = ["json", "senml-json", "senml-cbor", "msgpack", "plain", "auto"] as const;
type Name = (typeof NAMES)[number];
const context: DecodeContext = { deviceId: "pump-1", topic: "devices/pump-1/telemetry", receivedAt: 1_700_000_000_000 };

async function refusal(name: Name, bytes: Uint8Array): Promise<CodecError> {
  const codec = await loadCodec(name);
  try {
    codec.decode(bytes, context);
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return error as CodecError;
  }
  throw new Error(`${name} decoded what it should refuse`);
}

const text = (value: string) => Buffer.from(value);
const repeated = (head: number[], times: number, tail: number[]) =>
  Buffer.concat([Buffer.alloc(times * head.length, Buffer.from(head)), Buffer.from(tail)]);

describe.each(NAMES)("%s refuses", (name) => {
  it("10 MB, before it looks at it", async () => {
    const { reason } = await refusal(name, Buffer.alloc(10_000_000, "["));
    expect(reason).toBe("expected at most 1048576 bytes, got 10000000");
  });

  it("nothing at all", async () => {
    expect((await refusal(name, Buffer.alloc(0))).reason).toBe("expected a message, got no bytes");
  });
});

describe("depth 10 000", () => {
  it.each(["json", "senml-json", "auto"] as const)("as %s", async (name) => {
    const arrays = await refusal(name, text("[".repeat(10_000) + "]".repeat(10_000)));
    const objects = await refusal(name, text('{"a":'.repeat(10_000) + 1 + "}".repeat(10_000)));
    expect([arrays.reason, objects.reason]).toEqual(Array(2).fill("expected at most 32 levels of nesting"));
    expect(arrays.path).toBe("byte 32");
  });

  it("as MessagePack: arrays of one, maps of one", async () => {
    expect((await refusal("msgpack", repeated([0x91], 10_000, [0]))).reason).toMatch("32 levels");
    expect((await refusal("msgpack", repeated([0x81, 0xa1, 0x61], 10_000, [0]))).reason).toMatch("32 levels");
  });

  it("as CBOR: arrays, maps, arrays and maps without length, tags", async () => {
    for (const head of [[0x81], [0xa1, 0x00], [0x9f], [0xbf, 0x00], [0xd9, 0xd9, 0xf7]]) {
      expect((await refusal("senml-cbor", repeated(head, 10_000, [0]))).reason).toMatch(/32 levels|fewer tags/);
    }
  });

  it("but not brackets in a text, nor 32 levels", async () => {
    const codec = await loadCodec("json");
    const deep = `${'{"x":'.repeat(31)}1${"}".repeat(31)}`;
    expect(codec.decode(text(`{"sensors":[{"type":"t","value":"${"[{".repeat(500)}"}]}`), context)).toHaveLength(1);
    expect(codec.decode(text(`{"sensors":[],"extra":${deep}}`), context)).toEqual([]);
    expect((await refusal("json", text(`{"sensors":[],"extra":{"y":${deep}}}`))).reason).toMatch("32 levels");
  });
});

describe("keys that reach a prototype", () => {
  it.each(["__proto__", "constructor", "prototype"])("%s, at any depth and however it is spelled", async (key) => {
    const escaped = `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
    for (const spelled of [key, escaped]) {
      for (const message of [
        `{"${spelled}":{},"sensors":[]}`,
        `{"sensors":[{"type":"t","value":1,"metadata":{"${spelled}":"x"}}]}`,
      ]) {
        expect((await refusal("json", text(message))).reason).toBe(`the key "${key}" is reserved`);
        expect((await refusal("auto", text(message))).reason).toBe(`the key "${key}" is reserved`);
      }
    }
    const packed = Buffer.concat([Buffer.from([0x81, 0xa0 | key.length]), text(key), Buffer.from([0x80])]);
    expect((await refusal("msgpack", packed)).reason).toMatch(/reserved|not allowed/);
    expect((await refusal("senml-json", text(`[{"n":"a","v":1,"${key}":1}]`))).reason).toMatch("is reserved");
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe("numbers that are none", () => {
  it.each([
    ["json", '{"sensors":[{"type":"t","value":NaN}]}', /expected JSON/],
    ["json", '{"sensors":[{"type":"t","value":1e999}]}', /sensors\[0\]\.value: expected a finite number, got Infinity/],
    ["senml-json", '[{"n":"t","v":-1e999}]', /\[0\]\.v: expected a finite number, got -Infinity/],
    ["plain", "NaN", /expected a number, true or false, got "NaN"/],
    ["plain", "Infinity", /expected a number/],
    ["plain", "1e999", /expected a number/],
    ["plain", "0x10", /expected a number/],
    ["plain", "21,5", /expected a number/],
    ["plain", "", /got no bytes/],
    ["plain", " ", /expected a number/],
  ] as const)("%s %s", async (name, message, reason) => {
    expect((await refusal(name, text(message))).message).toMatch(reason);
  });

  it("NaN and Infinity in MessagePack and CBOR", async () => {
    const nan = [0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
    const infinity = [0x7f, 0xf0, 0, 0, 0, 0, 0, 0];
    // {"value": <float64>, "type": "t"} and [{0: "t", 2: <float64>}]
    for (const float of [nan, infinity]) {
      const packed = Buffer.concat([
        Buffer.from([0x82, 0xa5]),
        text("value"),
        Buffer.from([0xcb, ...float, 0xa4]),
        text("type"),
        Buffer.from([0xa1, 0x74]),
      ]);
      expect((await refusal("msgpack", packed)).message).toMatch(/value: expected a finite number/);
      expect(
        (await refusal("senml-cbor", Buffer.from([0x81, 0xa2, 0, 0x61, 0x74, 2, 0xfb, ...float]))).message,
      ).toMatch(/NaN|Infinity/i);
    }
  });
});

describe("text that is not UTF-8", () => {
  it.each(["json", "senml-json", "plain"] as const)("%s", async (name) => {
    expect((await refusal(name, Buffer.from([0x22, 0xc3, 0x28, 0x22]))).reason).toMatch("not valid UTF-8");
  });

  it("in MessagePack and CBOR", async () => {
    expect((await refusal("msgpack", Buffer.from([0x81, 0xa2, 0xc3, 0x28, 0x01]))).reason).toMatch("not valid UTF-8");
    expect((await refusal("senml-cbor", Buffer.from([0x81, 0xa2, 0, 0x62, 0xc3, 0x28, 2, 1]))).reason).toMatch(
      "not valid UTF-8",
    );
  });
});

describe("lengths that lie", () => {
  it.each([
    ["msgpack", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["msgpack", [0xdf, 0x00, 0x10, 0x00, 0x00, 0xa1, 0x61]],
    ["msgpack", [0xdb, 0x7f, 0xff, 0xff, 0xff, 0x61]],
    ["msgpack", [0xc9, 0x7f, 0xff, 0xff, 0xff, 0x01]],
    ["senml-cbor", [0x9b, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["senml-cbor", [0x81, 0xbb, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["senml-cbor", [0x7b, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ] as const)("%s %j", async (name, bytes) => {
    expect((await refusal(name, Buffer.from(bytes))).codec).toBe(name);
  });

  it("bytes after the message, 0xc1", async () => {
    expect((await refusal("msgpack", Buffer.from([0x80, 0x00]))).message).toBe(
      "msgpack: byte 1: expected one item, got 1 bytes after it",
    );
    expect((await refusal("msgpack", Buffer.from([0x91, 0xc1]))).message).toBe("msgpack: byte 1: 0xc1 begins no item");
  });

  it("more readings than allowed", async () => {
    const sensors = Array.from({ length: 10_001 }, () => ({ type: "t", value: 1 }));
    expect((await refusal("json", text(JSON.stringify({ sensors })))).reason).toBe(
      "expected at most 10000 readings in a message, got 10001",
    );
    expect((await refusal("json", text(JSON.stringify(sensors)))).reason).toMatch("got 10001");
    const half = { sensors: sensors.slice(0, 6_000) };
    expect((await refusal("json", text(JSON.stringify([half, half])))).reason).toMatch("got 12000");
  });

  it("the limits are options", async () => {
    const codec = await loadCodec("json", { maxReadings: 1, maxBytes: 60, maxDepth: 3 });
    const good = text('{"sensors":[{"type":"t","value":1}]}');
    expect(codec.decode(good, context)).toHaveLength(1);
    expect(() => codec.decode(Buffer.concat([good, Buffer.alloc(60, " ")]), context)).toThrow("at most 60 bytes");
    expect(() => codec.decode(text('{"sensors":[{"type":"t","value":1,"x":[]}]}'), context)).toThrow(
      "at most 3 levels",
    );
  });
});

describe("fuzz: only ever readings or a CodecError", () => {
  const onlyCodecErrors = (decode: () => unknown) => {
    try {
      decode();
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError);
      expect((error as CodecError).reason.length).toBeLessThan(400);
    }
  };

  it.each(NAMES)("%s: random bytes", async (name) => {
    const codec = await loadCodec(name);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => onlyCodecErrors(() => codec.decode(bytes, context))),
      {
        numRuns: 3000,
      },
    );
  });

  it.each(["json", "senml-json", "senml-cbor", "msgpack"] as const)("%s: damaged messages", async (name) => {
    const [codec, auto] = [await loadCodec(name), await loadCodec("auto")];
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("change", "cut", "insert")), {
      minLength: 1,
      maxLength: 4,
    });
    const batch = arbitraryBatch(name.startsWith("senml") ? SENML_NAMES : ANY_NAMES, 4);
    fc.assert(
      fc.property(batch, damage, (readings, changes) => {
        let bytes = [...codec.encode(readings)];
        for (const [at, byte, how] of changes) {
          const index = at % bytes.length;
          if (how === "change") bytes[index] = byte;
          else if (how === "insert") bytes.splice(index, 0, byte);
          else bytes = bytes.slice(0, index + 1);
        }
        onlyCodecErrors(() => codec.decode(Uint8Array.from(bytes), context));
        onlyCodecErrors(() => auto.decode(Uint8Array.from(bytes), context));
      }),
      { numRuns: 1000 },
    );
  });

  it("json: any JSON value", async () => {
    const codec = await loadCodec("auto");
    fc.assert(
      fc.property(fc.json(), (json) => onlyCodecErrors(() => codec.decode(text(json), context))),
      { numRuns: 2000 },
    );
  });
});

describe("detection", () => {
  it.each([
    [' \r\n{"sensors":[]}', "json"],
    ["[]", "json"],
    ['\uFEFF{"a":1}', "json"],
    ["-12.5", "plain"],
    ["true", "plain"],
  ] as const)("%j is %s", (message, format) => expect(detectFormat(text(message))).toBe(format));

  it("a content type goes before the bytes", async () => {
    const codec = await loadCodec("auto");
    const decode = (contentType: string) => codec.decode(text("21.5"), { ...context, contentType });
    expect(decode("text/plain; charset=utf-8")[0]?.value).toBe(21.5);
    expect(() => decode("application/senml+json")).toThrow(/^senml-json: expected an array of records, got 21.5/);
    expect(() => decode("application/msgpack")).toThrow(/^msgpack: /);
    expect(decode("application/octet-stream")[0]?.value).toBe(21.5);
  });
});

it("an unknown codec is named", async () => {
  await expect(loadCodec("xml" as "json")).rejects.toThrow("xml: expected one of auto, json, senml-json");
});
