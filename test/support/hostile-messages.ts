import fc from "fast-check";
import type { NodeMessage } from "../../kit/red";

/** Texts that mean something to somebody: prototypes, paths, topics, numbers, very long ones. */
const awkwardText = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "",
    " ",
    "a/b",
    "+",
    "#",
    "../..",
    "NaN",
    "1e999",
    "0x10",
    "null",
    "\u0000",
    "\ud800",
    "x".repeat(100_000),
  ),
  fc.string(),
);
const awkwardNumber = fc.oneof(
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0,
    -0,
    1e308,
    -1e308,
    5e-324,
    2 ** 53,
    8.64e15,
    8.65e15,
    1.5,
  ),
  fc.double(),
  fc.integer(),
);
const leaf = fc.oneof(
  awkwardText,
  awkwardNumber,
  fc.constantFrom<unknown>(null, undefined, true, false),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

/** Values that JSON can and cannot write: nested, sparse, typed, with reserved keys. */
const anything = fc.oneof(
  leaf,
  fc.jsonValue(),
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 3,
  }),
  fc
    .constant(null)
    .map(() => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown),
  fc.integer({ min: 100, max: 5000 }).map((depth) => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`) as unknown),
  fc.constant(null).map(() => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    return circle;
  }),
);

const DEVICES = ["d1", "d2", "d3"];
const time = fc.integer({ min: 0, max: 10_000 }).map((step) => 1_700_000_000_000 + 1000 * step);

/** Readings of which one or another field is not what it should be. */
function almostReading(sensors: readonly string[]): fc.Arbitrary<unknown> {
  const good = fc.record({
    deviceId: fc.constantFrom(...DEVICES),
    sensor: fc.constantFrom(...sensors),
    value: fc.oneof(
      {
        weight: 5,
        arbitrary: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double({ min: -1e3, max: 1e3, noNaN: true })),
      },
      { weight: 1, arbitrary: leaf },
    ),
    unit: fc.constantFrom("1", "Cel", "g"),
    timestamp: time,
    quality: fc.constantFrom("good", "good", "good", "uncertain", "bad"),
  });
  const spoilt = fc.tuple(
    good,
    fc.constantFrom(
      "deviceId",
      "sensor",
      "value",
      "unit",
      "timestamp",
      "quality",
      "seq",
      "metadata",
      "anomaly",
      "health",
      "prediction",
      "historical",
      "marks",
    ),
    anything,
  );
  return fc.oneof(
    { weight: 3, arbitrary: good },
    { weight: 2, arbitrary: spoilt.map(([reading, field, value]) => ({ ...reading, [field]: value })) },
  );
}

/** Blocks of samples, tensors and model files, as some nodes take them, with parts that are not what they should be. */
const almostBlock = fc.record(
  {
    deviceId: fc.oneof(fc.constantFrom(...DEVICES), anything),
    sensor: fc.oneof(fc.constant("vibration"), anything),
    unit: fc.oneof(fc.constant("g"), anything),
    rateHz: fc.oneof(fc.constant(1000), anything),
    timestamp: fc.oneof(time, anything),
    samples: fc.oneof(fc.array(fc.double(), { maxLength: 64 }), fc.float64Array({ maxLength: 64 }), anything),
    name: anything,
    files: anything,
    data: anything,
    shape: fc.oneof(fc.array(awkwardNumber, { maxLength: 4 }), anything),
    image: anything,
  },
  { requiredKeys: [] },
);

/**
 * Messages from somebody who is careless or means harm.
 * @param sensors those that the node takes
 * @param commands those that the node knows
 */
export function hostileMessage(sensors: readonly string[], commands: readonly string[]): fc.Arbitrary<NodeMessage> {
  const reading = almostReading(sensors);
  const payload = fc.oneof(
    anything,
    reading,
    fc.array(reading, { maxLength: 10 }),
    almostBlock,
    fc.array(fc.oneof(reading, anything), { maxLength: 5 }),
  );
  const command = fc.oneof(fc.constantFrom(...commands, "reset"), anything);
  return fc.record(
    { payload, topic: fc.oneof(fc.constantFrom(...DEVICES), anything), command },
    { requiredKeys: ["payload"] },
  ) as fc.Arbitrary<NodeMessage>;
}
