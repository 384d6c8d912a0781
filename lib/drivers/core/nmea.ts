import { BadData } from "./values";

/** A sentence of NMEA 0183: "$GPGGA,123519,…*47" is talker GP, type GGA and its fields. */
export interface NmeaSentence {
  /** Who speaks: GP, GL, GA, GB, GN (several systems), II; P for sentences of a maker's own. */
  readonly talker: string;
  readonly type: string;
  readonly fields: readonly string[];
}

/**
 * The sentence at the end of a line; what is before its $ is noise.
 * @throws BadData when there is none, or its checksum is missing or wrong
 */
export function nmeaSentence(line: Uint8Array): NmeaSentence {
  const text = String.fromCharCode(...line);
  const [, body, sum] = /[$!]([^$!*]*)\*([0-9A-Fa-f]{2})\s*$/.exec(text) ?? [];
  if (body === undefined || sum === undefined) throw new BadData("not a sentence with a checksum");
  if (nmeaChecksum(body) !== Number.parseInt(sum, 16)) throw new BadData("checksum error");
  const [address = "", ...fields] = body.split(",");
  const talker = address.startsWith("P") ? "P" : address.slice(0, 2);
  return { talker, type: address.slice(talker.length), fields };
}

/** Exclusive or of the characters between $ and *. */
export function nmeaChecksum(body: string): number {
  let sum = 0;
  for (let index = 0; index < body.length; index++) sum ^= body.charCodeAt(index);
  return sum & 0xff;
}

/** A number, undefined when the field is empty or not there. @throws BadData for anything else */
export function nmeaNumber(field: string | undefined): number | undefined {
  if (field === undefined || field === "") return undefined;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(field)) throw new BadData(`expected a number, got "${field}"`);
  return Number(field);
}

/**
 * Degrees from degrees and minutes, ddmm.mm or dddmm.mm, and the hemisphere; undefined when they are empty.
 * @throws BadData when they are no position
 */
export function nmeaAngle(field: string | undefined, hemisphere: string | undefined): number | undefined {
  const value = nmeaNumber(field);
  if (value === undefined) return undefined;
  const limit = { N: 90, S: 90, E: 180, W: 180 }[hemisphere ?? ""];
  const degrees = Math.floor(value / 100);
  const minutes = value - 100 * degrees;
  const angle = degrees + minutes / 60;
  if (limit === undefined || value < 0 || minutes >= 60 || angle > limit) {
    throw new BadData(`expected degrees and minutes, got "${field},${hemisphere}"`);
  }
  return hemisphere === "S" || hemisphere === "W" ? -angle : angle;
}

/** hhmmss.ss and ddmmyy as ISO 8601, undefined when one is empty. @throws BadData when they are no time */
export function nmeaTime(time: string | undefined, date: string | undefined): string | undefined {
  if (!time || !date) return undefined;
  const [, hour, minute, second] = /^(\d\d)(\d\d)(\d\d(?:\.\d+)?)$/.exec(time) ?? [];
  const [, day, month, year] = /^(\d\d)(\d\d)(\d\d)$/.exec(date) ?? [];
  // GPS time begins in 1980, so 80 to 99 are of the last century.
  const century = Number(year) >= 80 ? 1900 : 2000;
  const ms = Date.UTC(century + Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  const at = new Date(ms + Math.round(Number(second) * 1000));
  if (Number.isNaN(at.getTime()) || at.getUTCDate() !== Number(day)) {
    throw new BadData(`expected a time and a date, got "${time},${date}"`);
  }
  return at.toISOString();
}
