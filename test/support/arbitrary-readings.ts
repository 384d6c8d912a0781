import fc from "fast-check";
import { isPrototypeKey, type Reading } from "../../lib/reading";

/** What a wire format can carry; each leaves out what it has no place for. */
interface Shape {
  readonly deviceId: fc.Arbitrary<string>;
  readonly sensor: fc.Arbitrary<string>;
  /** SenML has no times before 1978, and seconds lose milliseconds in far centuries. */
  readonly earliest: number;
  readonly latest: number;
  readonly metadata: boolean;
}

const name = (first: string, rest: string) =>
  fc
    .tuple(fc.constantFrom(...first), fc.string({ unit: fc.constantFrom(...rest), maxLength: 12 }))
    .map((parts) => parts.join(""));
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
// A name that would end in a separator or reach a prototype is not one that devices have.
const plainName = name(LETTERS, `${LETTERS}-_.`).filter((text) => /[A-Za-z0-9]$/.test(text) && !isPrototypeKey(text));
const anyName = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the names that a reading may not have
  .filter((text) => !/[/+#\u0000-\u001f\u007f]/.test(text) && text.isWellFormed() && !isPrototypeKey(text));

export const ANY_NAMES: Shape = {
  deviceId: anyName,
  sensor: anyName,
  earliest: -8.64e15,
  latest: 8.64e15,
  metadata: true,
};
export const SENML_NAMES: Shape = {
  deviceId: plainName,
  sensor: plainName,
  earliest: 268_435_456_000,
  latest: Date.UTC(9999, 11, 31),
  metadata: false,
};

/** Minus zero is a number that JSON cannot write. */
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const text = fc.string({ unit: "grapheme", maxLength: 30 }).filter((value) => value.isWellFormed());
const metadata = fc.dictionary(anyName, text, { minKeys: 1, maxKeys: 4 });

/** Any valid reading of a shape. Seq and metadata are absent, not undefined, when there are none. */
export function arbitraryReading(shape: Shape): fc.Arbitrary<Reading> {
  const measured = fc.record({
    value: fc.oneof({ weight: 4, arbitrary: finite }, fc.boolean(), text),
    quality: fc.constantFrom("good", "uncertain", "bad" as const),
  });
  const missing = fc.constant({ value: null, quality: "bad" as const });
  const common = fc.record(
    {
      deviceId: shape.deviceId,
      sensor: shape.sensor,
      unit: fc.constantFrom("1", "Cel", "%", "m/s2", "/min", "kPa", "L", "deg"),
      timestamp: fc.integer({ min: shape.earliest, max: shape.latest }),
      seq: fc.nat(),
      ...(shape.metadata ? { metadata } : {}),
    },
    { requiredKeys: ["deviceId", "sensor", "unit", "timestamp"] },
  );
  return fc
    .tuple(common, fc.oneof({ weight: 6, arbitrary: measured }, missing))
    .map(([fields, value]) => ({ ...fields, ...value }));
}

/** A batch in which devices and times repeat, as they do in telemetry. */
export function arbitraryBatch(shape: Shape, maxLength = 20): fc.Arbitrary<Reading[]> {
  const batch = fc.array(arbitraryReading(shape), { minLength: 1, maxLength });
  return fc.tuple(batch, fc.integer({ min: 1, max: 5 })).map(([readings, run]) =>
    readings.map((reading, index) => {
      const first = readings[index - (index % run)]!;
      return { ...reading, deviceId: first.deviceId, timestamp: first.timestamp };
    }),
  );
}
