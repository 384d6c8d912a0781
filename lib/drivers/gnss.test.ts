import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cuts, framed } from "../../test/support/pieces";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { BadData } from "./core";
import { nmeaChecksum, nmeaSentence } from "./core/nmea";
import { gnss } from "./gnss";
import { gnssModel } from "./gnss.model";

const ascii = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const signed = (body: string) => `$${body}*${nmeaChecksum(body).toString(16).toUpperCase().padStart(2, "0")}`;
const decoded = (sentence: string) =>
  Object.fromEntries(gnss.decode(ascii(sentence)).map(({ sensor, ...reading }) => [sensor, reading]));
const valuesOf = (sentence: string) =>
  Object.fromEntries(gnss.decode(ascii(sentence)).map(({ sensor, value }) => [sensor, value]));

/** Tests of npm nmea-simple 3.3.0 and gpsinformation.org/dale/nmea.htm: the shared vectors nmea.json. */
const VALID = [
  "$GNDTM,W84,,0.0,N,0.0,E,0.0,W84*71",
  "$GNGNS,144127,4306.925564,N,08930.865195,W,AN,7,1.2,320.2,-37.0,,*7C",
  "$GPAPB,A,A,0.10,R,N,V,V,011,M,DEST,011,M,011,M*3C",
  "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
  "$GPGLL,6005.068,N,02332.341,E,095601,A,D*42",
  "$GPGSA,A,3,12,05,25,29,,,,,,,,,9.4,7.6,5.6*37",
  "$GPGSV,2,1,08,01,40,083,46,02,17,308,41,12,07,344,39,14,22,228,45*75",
  "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A",
  "$HCHDG,98.3,0.0,E,12.6,W*57",
  "$IIGGA,123519,4807.039980,N,01131.000020,E,1,8,0.9,545.9,M,46.9,M,,*6F",
  "$PMTK314,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0*28",
  "$PRDID,-1.31,7.81,47.31*68",
  "$XXVTG,210.43,T,209.43,M,2.91,N,5.38,K,A*38",
];

describe("sentences", () => {
  it.each(VALID)("takes %s", (sentence) => {
    expect(() => gnss.decode(ascii(sentence))).not.toThrow();
  });

  it.each([
    ["a wrong checksum", "$IIHDM,201.5,M*21", "checksum error"],
    ["no checksum", "$GPGGA,123519,4807.038,N", "not a sentence with a checksum"],
    ["noise", "\u0000\u00ff%", "not a sentence with a checksum"],
    ["61 minutes", signed("GPGLL,4861.000,N,01131.000,E,123519,A"), "expected degrees and minutes"],
    ["a latitude beyond the pole", signed("GPGLL,9000.001,N,01131.000,E,123519,A"), "expected degrees and minutes"],
    ["no hemisphere", signed("GPGLL,4807.038,,01131.000,E,123519,A"), "expected degrees and minutes"],
    ["letters for a number", signed("GPVTG,x,T,,M,1,N,1,K,A"), 'expected a number, got "x"'],
    [
      "the 31st of February",
      signed("GPRMC,123519,A,4807.038,N,01131.000,E,0,0,310224,,"),
      "expected a time and a date",
    ],
  ])("refuses %s", (_, sentence, reason) => {
    expect(() => gnss.decode(ascii(sentence))).toThrow(BadData);
    expect(() => gnss.decode(ascii(sentence))).toThrow(reason);
  });

  it("begins at the last $", () => {
    expect(nmeaSentence(ascii("$GPGGA,1235$GPGLL,4916.45,N,12311.12,W,225444,A,*1D"))).toMatchObject({ type: "GLL" });
  });

  it("never says anything but values or BadData", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("GGA", "RMC", "GSA", "VTG", "GLL", "constructor"),
        fc.array(
          fc.constantFrom("", "A", "V", "N", "E", "1", "3", "-1", "4807.038", "1e9", "NaN", "99999999999999999999"),
          {
            maxLength: 20,
            size: "max",
          },
        ),
        (type, fields) => {
          try {
            for (const { value, quality, reason } of gnss.decode(ascii(signed(`GP${[type, ...fields].join()}`)))) {
              expect(value === null).toBe(quality === "bad");
              expect(quality === "good" || reason).toBeTruthy();
              expect(value).not.toBeNaN();
            }
          } catch (error) {
            expect(error).toBeInstanceOf(BadData);
          }
        },
      ),
    );
  });
});

describe("values", () => {
  /** As VALID. */
  it("of GGA", () => {
    expect(decoded("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47")).toEqual({
      latitude: { unit: "deg", quality: "good", value: expect.closeTo(48.1173, 9) },
      longitude: { unit: "deg", quality: "good", value: expect.closeTo(11.516666666666667, 9) },
      altitude: { unit: "m", quality: "good", value: 545.4 },
      satellites: { unit: "1", quality: "good", value: 8 },
      hdop: { unit: "1", quality: "good", value: 0.9 },
      fix: { unit: "1", quality: "good", value: "GNSS" },
    });
  });

  it("of RMC", () => {
    expect(valuesOf("$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A")).toEqual({
      latitude: expect.closeTo(48.1173, 9),
      longitude: expect.closeTo(11.516666666666667, 9),
      speed: expect.closeTo((22.4 * 1852) / 3600, 9),
      course: 84.4,
      time: "1994-03-23T12:35:19.000Z",
    });
  });

  it("of GLL in the south-west", () => {
    expect(valuesOf("$GPGLL,4916.45,N,12311.12,W,225444,A,*1D")).toEqual({
      latitude: expect.closeTo(49.274166666666666, 9),
      longitude: expect.closeTo(-123.18533333333333, 9),
    });
    expect(valuesOf(signed("GPGLL,3351.5,S,15112.5,E,225444,A"))).toMatchObject({
      latitude: expect.closeTo(-33.858333, 6),
    });
  });

  it("of GSA and VTG", () => {
    expect(valuesOf("$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1*39")).toEqual({
      ...{ dimensions: 3, pdop: 2.5, hdop: 1.3, vdop: 2.1 },
    });
    // 5.5 kn and 10.2 km/h are the same speed, rounded.
    expect(valuesOf("$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48")).toEqual({
      course: 54.7,
      speed: expect.closeTo(10.2 / 3.6, 2),
    });
    expect(valuesOf(signed("GPVTG,054.7,T,,M,,N,36.0,K,A"))).toMatchObject({ speed: 10 });
  });

  const noFix = { value: null, quality: "bad", reason: "no fix" };

  it("without a fix are bad", () => {
    /** u-blox M8 Receiver description, UBX-13003221: what a cold receiver says. */
    expect(decoded(signed("GNGGA,092725.00,,,,,0,00,99.99,,,,,,"))).toMatchObject({
      ...{ latitude: noFix, longitude: noFix, altitude: noFix, hdop: noFix },
      satellites: { value: 0, quality: "good" },
      fix: { value: "none", quality: "good" },
    });
    expect(decoded(signed("GNRMC,083559.00,V,,,,,,,091202,,,N"))).toMatchObject({
      ...{ latitude: noFix, speed: noFix, course: noFix },
      time: { value: "2002-12-09T08:35:59.000Z", quality: "uncertain" },
    });
    expect(decoded(signed("GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99"))).toMatchObject({
      dimensions: { value: 0, quality: "good" },
      pdop: noFix,
    });
    expect(decoded(signed("GPVTG,,,,,,,,,N"))).toMatchObject({ course: noFix, speed: noFix });
    expect(decoded(signed("GPVTG,,T,,M,,N,,K"))).toMatchObject({ course: noFix, speed: noFix });
    expect(decoded(signed("GPGLL,,,,,083559.00,V,N"))).toMatchObject({ latitude: noFix, longitude: noFix });
  });

  it("that are not measured are uncertain, those not given bad", () => {
    expect(decoded(signed("GPGGA,123519,4807.038,N,01131.000,E,6,00,,545.4,M,46.9,M,,"))).toMatchObject({
      latitude: { value: expect.closeTo(48.1173, 9), quality: "uncertain", reason: "estimated by dead reckoning" },
      hdop: { value: null, reason: "not given" },
      fix: { value: "estimated" },
    });
    expect(decoded(signed("GPRMC,123519,A,4807.038,N,01131.000,E,0.02,,230394,,,A"))).toMatchObject({
      course: { value: null, quality: "bad", reason: "not given" },
    });
    expect(decoded(signed("GPVTG,054.7,T,,M,9999,N,,K,A"))).toMatchObject({
      speed: { quality: "bad", reason: expect.stringContaining("out of range") },
    });
  });
});

it("takes what several sentences say from one of them, and from another when that one stays away", () => {
  const context = { state: gnss.definition.state!() };
  const channels = (sentence: string) => gnss.decode(ascii(sentence), context).map(({ sensor }) => sensor);
  const gga = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47";
  const rmc = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A";
  const vtg = "$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48";
  expect(channels(vtg)).toEqual(["speed", "course"]);
  expect(channels(rmc)).toEqual(["latitude", "longitude", "speed", "course", "time"]);
  expect(channels(gga)).toEqual(["latitude", "longitude", "altitude", "satellites", "hdop", "fix"]);
  expect([channels(rmc), channels(vtg)]).toEqual([["speed", "course", "time"], []]);
  channels("$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1*39");
  expect(channels(gga)).toEqual(["latitude", "longitude", "altitude", "satellites", "fix"]);
  for (let i = 0; i < 60; i++) channels("$GPTXT,01,01,02,ANTSTATUS=OPEN*2B");
  expect(channels(rmc)).toEqual(["latitude", "longitude", "speed", "course", "time"]);
});

it("finds the sentences however the stream is cut", () => {
  const stream = ascii(`038,N*00\r\n${VALID.join("\r\n")}\r\n`);
  for (const pieces of cuts(stream)) {
    const lines = framed(gnss.definition.framer, pieces).map((line) => Buffer.from(line).toString("latin1"));
    expect(lines).toEqual(["038,N*00", ...VALID]);
  }
});

describe("on a simulated bus", () => {
  const place = { latitude: -33.8568, longitude: -151.2153, altitude: 12.5, speed: 10, course: 271.25, satellites: 11 };

  async function readOnce(values: Record<string, number>, corrupt = 0) {
    const clock = new VirtualClock(Date.UTC(2026, 1, 28, 23, 59, 58));
    const bus = new SimulatedBus("serial", clock);
    const part = bus.plug(gnssModel, { values });
    part.corruptNext(corrupt);
    const session = gnss.connect(bus.shared());
    const readings = await clock.run(session.read());
    await session.close();
    return Object.fromEntries(
      readings.map(({ sensor, value, quality, reason }) => [sensor, reason ?? value ?? quality]),
    );
  }

  it("says where it is", async () => {
    expect(await readOnce(place)).toMatchObject({
      latitude: expect.closeTo(-33.8568, 7),
      longitude: expect.closeTo(-151.2153, 7),
      speed: expect.closeTo(10, 3),
      ...{ altitude: 12.5, course: 271.25, satellites: 11, fix: "GNSS", dimensions: 3 },
      time: "2026-02-28T23:59:59.000Z",
    });
  });

  it("says that it does not know", async () => {
    expect(await readOnce({ ...place, satellites: 1 })).toMatchObject({
      latitude: "no fix",
      satellites: 1,
      dimensions: 0,
    });
  });

  it("does without a damaged sentence", async () => {
    const readings = await readOnce(place, 1);
    expect(readings).not.toHaveProperty("altitude");
    expect(readings).toMatchObject({ speed: expect.closeTo(10, 3) });
  });
});
