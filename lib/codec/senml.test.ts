import { describe, expect, it } from "vitest";
import { type DecodeContext, loadCodec } from ".";
import { senmlOfUcum, ucumOfSenml } from "./senml-units";

// Examples of RFC 8428 section 5.1 and 6, bytes and resolved forms as in core-wg/senml-spec, the files that the RFC was made from.
const now = 1_498_780_179_000;
const noDevice: DecodeContext = { deviceId: "", topic: "senml", receivedAt: now };
const onTopic: DecodeContext = { ...noDevice, deviceId: "node-7" };

const decode = async (pack: unknown, context = noDevice) =>
  (await loadCodec("senml-json")).decode(Buffer.from(JSON.stringify(pack)), context);
const decodeCbor = async (hex: string, context = noDevice) =>
  (await loadCodec("senml-cbor")).decode(Buffer.from(hex, "hex"), context);
const brief = ({
  deviceId,
  sensor,
  value,
  unit,
  timestamp,
}: {
  deviceId: string;
  sensor: string;
  value: unknown;
  unit: string;
  timestamp: number;
}) => [deviceId, sensor, value, unit, timestamp];

describe("the examples of RFC 8428", () => {
  it("5.1.1 single datapoint: the device's name alone, the sensor from its unit, the time of arrival", async () => {
    const readings = await decode([{ n: "urn:dev:ow:10e2073a01080063", u: "Cel", v: 23.1 }]);
    expect(readings.map(brief)).toEqual([["urn:dev:ow:10e2073a01080063", "temperature", 23.1, "Cel", now]]);
  });

  it("5.1.2 multiple datapoints: base name and times relative to now", async () => {
    const readings = await decode([
      { bn: "urn:dev:ow:10e2073a01080063:", n: "voltage", t: 0, u: "V", v: 120.1 },
      { n: "current", t: 0, u: "A", v: 1.2 },
    ]);
    expect(readings.map(brief)).toEqual([
      ["urn:dev:ow:10e2073a01080063", "voltage", 120.1, "V", now],
      ["urn:dev:ow:10e2073a01080063", "current", 1.2, "A", now],
    ]);
  });

  const example3 = [
    ["urn:dev:ow:10e2073a0108006", "voltage", 120.1, "V", 1276020076001],
    ["urn:dev:ow:10e2073a0108006", "current", 1.2, "A", 1276020071001],
    ["urn:dev:ow:10e2073a0108006", "current", 1.3, "A", 1276020072001],
    ["urn:dev:ow:10e2073a0108006", "current", 1.4, "A", 1276020073001],
    ["urn:dev:ow:10e2073a0108006", "current", 1.5, "A", 1276020074001],
    ["urn:dev:ow:10e2073a0108006", "current", 1.6, "A", 1276020075001],
    ["urn:dev:ow:10e2073a0108006", "current", 1.7, "A", 1276020076001],
  ];

  it("5.1.2 as JSON: base time, base unit, version, negative times", async () => {
    const readings = await decode([
      { bn: "urn:dev:ow:10e2073a0108006:", bt: 1.276020076001e9, bu: "A", bver: 5, n: "voltage", u: "V", v: 120.1 },
      { n: "current", t: -5, v: 1.2 },
      { n: "current", t: -4, v: 1.3 },
      { n: "current", t: -3, v: 1.4 },
      { n: "current", t: -2, v: 1.5 },
      { n: "current", t: -1, v: 1.6 },
      { n: "current", v: 1.7 },
    ]);
    expect(readings.map(brief)).toEqual(example3);
  });

  it("6 as CBOR: the same pack", async () => {
    const readings = await decodeCbor(
      "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333333333",
    );
    expect(readings.map(brief)).toEqual(example3);
  });

  it("5.1.3 as CBOR: one name, sensors from their units (a position, a humidity, a battery)", async () => {
    const readings = await decodeCbor(
      "8da521781b75726e3a6465763a6f773a31306532303733613031303830303633221a4eaea188236325524802f94d000600a302fb40384e63c74fb54a01636c6f6e0600a302fb404e0a31f8a0902e01636c61740600a202fb40344ccccccccccd06183ca302fb40384e646f15619101636c6f6e06183ca302fb404e0a31f8a0902e01636c617406183ca202fb4034b33333333333061878a302fb40384e6516db0dd801636c6f6e061878a302fb404e0a324c83665101636c6174061878a302f95620016325454c061896a202fb40353333333333330618b4a302fb40384e685db76b3c01636c6f6e0618b4a302fb404e0a32a0663c7501636c61740618b4",
    );
    const device = "urn:dev:ow:10e2073a01080063";
    expect(readings).toHaveLength(13);
    expect(readings.slice(0, 4).map(brief)).toEqual([
      [device, "humidity", 20, "%", 1320067464000],
      [device, "longitude", 24.30621, "deg", 1320067464000],
      [device, "latitude", 60.07965, "deg", 1320067464000],
      [device, "humidity", 20.3, "%", 1320067524000],
    ]);
    expect(readings.slice(9).map(brief)).toEqual([
      [device, "battery", 98, "%", 1320067614000],
      [device, "humidity", 21.2, "%", 1320067644000],
      [device, "longitude", 24.30628, "deg", 1320067644000],
      [device, "latitude", 60.07967, "deg", 1320067644000],
    ]);
  });

  const example6 = [
    { bn: "2001:db8::2/", bt: 1.320078429e9, n: "temperature", u: "Cel", v: 25.2 },
    { n: "humidity", u: "%RH", v: 30 },
    { bn: "2001:db8::1/", n: "temperature", u: "Cel", v: 12.3 },
    { n: "humidity", u: "%RH", v: 67 },
  ];

  it("5.1.6 collection of resources: several devices in a pack", async () => {
    expect((await decode(example6)).map(brief)).toEqual([
      ["2001:db8::2", "temperature", 25.2, "Cel", 1320078429000],
      ["2001:db8::2", "humidity", 30, "%", 1320078429000],
      ["2001:db8::1", "temperature", 12.3, "Cel", 1320078429000],
      ["2001:db8::1", "humidity", 67, "%", 1320078429000],
    ]);
  });

  it("keeps several devices on one device's topic apart by the sensor's name", async () => {
    expect((await decode(example6, onTopic)).map(({ deviceId, sensor }) => [deviceId, sensor])).toEqual([
      ["node-7", "2001:db8::2/temperature"],
      ["node-7", "2001:db8::2/humidity"],
      ["node-7", "2001:db8::1/temperature"],
      ["node-7", "2001:db8::1/humidity"],
    ]);
  });

  it("5.1.4 multiple data types: text, boolean and data", async () => {
    const readings = await decode([
      { bn: "urn:dev:ow:10e2073a01080063:", n: "temp", u: "Cel", v: 23.1 },
      { n: "label", vs: "Machine Room" },
      { n: "open", vb: false },
      { n: "nfv-reader", vd: "aGkgCg" },
    ]);
    expect(readings.map(({ value }) => value)).toEqual([23.1, "Machine Room", false, "aGkgCg"]);
    expect(readings[3]?.metadata).toEqual({ encoding: "base64url" });
  });

  it("section 8: a first record of base fields only", async () => {
    const readings = await decode([
      { bn: "urn:dev:ow:10e2073a01080063:" },
      { n: "temp", u: "Cel", v: 23.1 },
      { n: "fan", u: "/", v: 0 },
    ]);
    expect(readings.map(brief)).toEqual([
      ["urn:dev:ow:10e2073a01080063", "temp", 23.1, "Cel", now],
      ["urn:dev:ow:10e2073a01080063", "fan", 0, "1", now],
    ]);
  });

  it("names that nothing divides are devices, or sensors when the topic names the device", async () => {
    const pack = [{ bt: 1.320078429e9, bu: "/", n: "2001:db8::3", v: 1 }];
    expect((await decode(pack)).map(brief)).toEqual([["2001:db8::3", "value", 1, "1", 1320078429000]]);
    expect((await decode([{ n: "temperature", v: 5 }], onTopic)).map(brief)).toEqual([
      ["node-7", "temperature", 5, "1", now],
    ]);
  });
});

describe("resolution", () => {
  it("adds base value and base sum; a sum is a reading in unit times seconds (4.1, 4.5.4)", async () => {
    const readings = await decode([
      { bn: "m/", bv: 10, bs: 100, bu: "W", n: "power", v: 1.5, s: 20 },
      { n: "power", s: 30 },
    ]);
    expect(readings.map(({ sensor, value, unit }) => [sensor, value, unit])).toEqual([
      ["power", 11.5, "W"],
      ["power.sum", 120, "W.s"],
      ["power", 10, "W"],
      ["power.sum", 130, "W.s"],
    ]);
  });

  it("times from 2^28 on are absolute, smaller ones relative (4.5.3)", async () => {
    const at = async (t: number) => (await decode([{ n: "a/b", v: 1, t }]))[0]?.timestamp;
    expect(await at(2 ** 28)).toBe(268_435_456_000);
    expect(await at(-0.25)).toBe(now - 250);
    expect(await at(2 ** 28 - 1)).toBe(now + 268_435_455_000);
  });

  it.each([
    [[{ n: "a/b" }], "[0]: expected a value"],
    [[{ n: "a/b", v: 1, vs: "x" }], "[0]: expected one value, got v and vs"],
    [[{ n: "a/b", v: "1" }], '[0].v: expected a finite number, got "1"'],
    [[{ n: "a/b", vb: 1 }], "[0].vb: expected true or false, got 1"],
    [[{ n: "a b", v: 1 }], '[0].n: expected a name of letters, digits and - : . / _, got "a b"'],
    [[{ v: 1 }], "[0].n: expected a name"],
    [[{ n: "a".repeat(1000), v: 1 }], "[0].n: expected a name of at most 512 characters, got 1000"],
    [[{ n: "a/b", v: 1, must_: 3 }], "[0].must_: a field that must be understood, and is not"],
    [[{ bver: 11, n: "a/b", v: 1 }], "[0].bver: expected a version up to 10, got 11"],
    [
      [
        { bver: 10, n: "a/b", v: 1 },
        { bver: 9, n: "a/b", v: 1 },
      ],
      "[1].bver: expected one version in a pack, got 10 and 9",
    ],
    [[{ n: "a/b", v: 1, t: "now" }], "[0].t: expected a finite number"],
    [[{ n: 5, v: 1 }], "[0].n: expected text, got 5"],
    [[5], "[0]: expected a record, got 5"],
    [{ n: "a/b", v: 1 }, "expected an array of records, got an object"],
  ])("says what is wrong with %j", async (pack, message) => {
    await expect(decode(pack)).rejects.toThrow(`senml-json: ${message}`);
  });

  it("reads decimal fractions and the tag that says CBOR (RFC 8949 section 3.4.4 and 3.4.6)", async () => {
    // 273.15 is the RFC's own example of a decimal fraction: c4 82 21 19 6ab3; [{0: "a/b", 2: 273.15}]
    expect((await decodeCbor("d9d9f781a20063612f6202c48221196ab3")).map(brief)).toEqual([["a", "b", 273.15, "1", now]]);
  });

  it("ignores extension fields of other makers (4.4)", async () => {
    expect(await decode([{ n: "a/b", v: 1, foo: { bar: 1 } }])).toHaveLength(1);
  });
});

describe("units", () => {
  it("of UCUM go to SenML's symbols (RFC 8428 section 12.1, RFC 8798) and come back", () => {
    const pairs = [
      ["Cel", "Cel"],
      ["m/s2", "m/s2"],
      ["%", "%"],
      ["/min", "1/min"],
      ["/s", "1/s"],
      ["L", "l"],
      ["L/s", "l/s"],
      ["[pH]", "pH"],
      ["[ppm]", "ppm"],
      ["By/s", "B/s"],
      ["V.A", "VA"],
      ["kW.h", "kWh"],
      ["A.h", "Ah"],
      ["B[SPL]", "Bspl"],
      ["dB[W]", "dBW"],
    ] as const;
    expect(pairs.map(([ucum]) => senmlOfUcum(ucum))).toEqual(pairs.map(([, senml]) => senml));
    expect(pairs.map(([, senml]) => ucumOfSenml(senml))).toEqual(pairs.map(([ucum]) => ucum));
    expect([
      senmlOfUcum("1"),
      ucumOfSenml(undefined),
      ucumOfSenml("/"),
      ucumOfSenml("%RH"),
      ucumOfSenml("beat/min"),
    ]).toEqual([undefined, "1", "1", "%", "/min"]);
  });
});
