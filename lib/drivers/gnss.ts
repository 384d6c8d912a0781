import { bad, type ChannelValue, type Decoded, lineFramer, streamDriver, uncertain } from "./core";
import { nmeaAngle, nmeaNumber, nmeaSentence, nmeaTime } from "./core/nmea";

/** 1 kn is exactly 1852 m an hour (SI brochure, table 8). */
const KNOT = 1852 / 3600;

/** GGA, field 6: what the fix is worth. */
const FIX = [
  "none",
  "GNSS",
  "differential",
  "PPS",
  "RTK fixed",
  "RTK float",
  "estimated",
  "manual",
  "simulated",
] as const;
type Fix = (typeof FIX)[number];

/** The mode indicator at the end of RMC, VTG and GLL since NMEA 2.3. */
const MODE: Readonly<Record<string, Fix>> = {
  A: "GNSS",
  D: "differential",
  E: "estimated",
  F: "RTK float",
  M: "manual",
  N: "none",
  P: "PPS",
  R: "RTK fixed",
  S: "simulated",
};

/**
 * Any receiver of satellite navigation that speaks NMEA 0183: u-blox, MediaTek, Quectel, SiRF. Fields are numbered as in
 * NMEA 0183 4.10, the first behind the address being 0 here; u-blox documents the same in its "M8 Receiver description".
 */
export const gnss = streamDriver({
  name: "GNSS receiver (NMEA 0183)",
  maker: "any",
  measures: "position, altitude, speed, course and time by GPS, Galileo, GLONASS, BeiDou",
  datasheet: "NMEA 0183 version 4.10; u-blox M8 Receiver description, UBX-13003221, section 31",
  state: (): Heard => ({ sentences: 0, last: new Map() }),
  framer: () => lineFramer(),
  channels: [
    { sensor: "latitude", unit: "deg", range: [-90, 90] },
    { sensor: "longitude", unit: "deg", range: [-180, 180] },
    { sensor: "altitude", unit: "m", range: [-1000, 100_000] },
    { sensor: "speed", unit: "m/s", range: [0, 515] }, // receivers for civil use stop at 1000 kn
    { sensor: "course", unit: "deg", range: [0, 360] },
    { sensor: "satellites", unit: "1", range: [0, 200] },
    { sensor: "hdop", unit: "1", range: [0, 100] },
    { sensor: "pdop", unit: "1", range: [0, 100] },
    { sensor: "vdop", unit: "1", range: [0, 100] },
    { sensor: "fix", unit: "1" },
    { sensor: "dimensions", unit: "1", range: [0, 3] },
    { sensor: "time", unit: "1" },
  ],
  decode(line, { state }) {
    const { talker, type, fields } = nmeaSentence(line);
    const values = talker === "P" ? undefined : SENTENCES.get(type)?.(fields);
    state.sentences += 1;
    if (!values) return {};
    state.last.set(type, state.sentences);
    const isSent = (other: string) => state.sentences - (state.last.get(other) ?? Number.NEGATIVE_INFINITY) <= RECENT;
    return Object.fromEntries(Object.entries(values).filter(([channel]) => sayer(channel, isSent, type) === type));
  },
});

interface Heard {
  sentences: number;
  /** By type, the number of the last one. */
  readonly last: Map<string, number>;
}

/** More sentences than receivers of all systems send in a second. */
const RECENT = 60;

/** Who is listened to where several sentences of a second say the same: the first of these that the receiver sends. */
const SAYERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["latitude", ["GGA", "RMC", "GLL"]],
  ["longitude", ["GGA", "RMC", "GLL"]],
  ["speed", ["RMC", "VTG"]],
  ["course", ["RMC", "VTG"]],
  ["hdop", ["GSA", "GGA"]],
]);

const sayer = (channel: string, isSent: (type: string) => boolean, otherwise: string) =>
  SAYERS.get(channel)?.find(isSent) ?? otherwise;

const SENTENCES: ReadonlyMap<string, (fields: readonly string[]) => Decoded> = new Map([
  ["GGA", gga],
  ["RMC", rmc],
  ["GSA", gsa],
  ["VTG", vtg],
  ["GLL", gll],
]);

function gga([, latitude, north, longitude, east, quality, satellites, hdop, altitude]: readonly string[]): Decoded {
  const fix = FIX[nmeaNumber(quality) ?? 0] ?? "none";
  return {
    ...position(fix, [latitude, north], [longitude, east]),
    altitude: known(fix, nmeaNumber(altitude)),
    satellites: nmeaNumber(satellites) ?? bad("not given"),
    hdop: known(fix, nmeaNumber(hdop)),
    fix,
  };
}

function rmc(fields: readonly string[]): Decoded {
  const [time, status, latitude, north, longitude, east, knots, course, date] = fields;
  const fix = fixOf(status, fields[11]);
  const now = nmeaTime(time, date);
  return {
    ...position(fix, [latitude, north], [longitude, east]),
    speed: known(fix, metresPerSecond(nmeaNumber(knots), KNOT)),
    course: known(fix, nmeaNumber(course)),
    time: now && fix === "none" ? uncertain(now, "the receiver's own clock: no fix") : (now ?? bad("not given")),
  };
}

function gsa(fields: readonly string[]): Decoded {
  const dimensions = nmeaNumber(fields[1]) ?? 1;
  // Without a fix receivers leave these empty or say 99.99.
  const fix = dimensions > 1 ? "GNSS" : "none";
  const [pdop, hdop, vdop] = [14, 15, 16].map((index) => known(fix, nmeaNumber(fields[index])));
  return { dimensions: dimensions > 1 ? dimensions : 0, pdop, hdop, vdop };
}

function vtg([course, , , , knots, , kilometres, , mode]: readonly string[]): Decoded {
  const fix = fixOf("A", mode);
  const speed = metresPerSecond(nmeaNumber(knots), KNOT) ?? metresPerSecond(nmeaNumber(kilometres), 1 / 3.6);
  // Before NMEA 2.3 nothing but empty fields says that there is no fix.
  if (!mode && speed === undefined) return { course: bad("no fix"), speed: bad("no fix") };
  return { course: known(fix, nmeaNumber(course)), speed: known(fix, speed) };
}

function gll([latitude, north, longitude, east, , status, mode]: readonly string[]): Decoded {
  return position(fixOf(status, mode), [latitude, north], [longitude, east]);
}

function position(fix: Fix, latitude: (string | undefined)[], longitude: (string | undefined)[]): Decoded {
  return {
    latitude: known(fix, nmeaAngle(latitude[0], latitude[1])),
    longitude: known(fix, nmeaAngle(longitude[0], longitude[1])),
  };
}

/** The status is A or V (a warning); the mode says more where there is one. */
function fixOf(status: string | undefined, mode: string | undefined): Fix {
  if (status !== "A") return "none";
  return mode ? (MODE[mode] ?? "none") : "GNSS";
}

/** A value as good as the fix is. */
function known(fix: Fix, value: number | undefined): ChannelValue {
  if (fix === "none") return bad("no fix");
  if (value === undefined) return bad("not given");
  if (fix === "estimated") return uncertain(value, "estimated by dead reckoning");
  if (fix === "manual") return uncertain(value, "entered by hand");
  return fix === "simulated" ? uncertain(value, "simulated by the receiver") : value;
}

const metresPerSecond = (value: number | undefined, factor: number) =>
  value === undefined ? undefined : value * factor;
