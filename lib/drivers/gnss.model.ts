import { constant, serialModel, type World } from "../bus/simulated";

/** A receiver at 1 Hz. Below three satellites it has no fix, with three none of its altitude. */
export const gnssModel = serialModel({
  quantities: {
    latitude: { unit: "deg", curve: constant(48.1173), noise: 0.00001 },
    longitude: { unit: "deg", curve: constant(11.516667), noise: 0.00001 },
    altitude: { unit: "m", curve: constant(545.4), noise: 0.5 },
    speed: { unit: "m/s", curve: constant(1.5), noise: 0.1, min: 0 },
    course: { unit: "deg", curve: { kind: "sawtooth", from: 0, to: 360, period: 600 } },
    satellites: { unit: "1", curve: constant(9) },
    hdop: { unit: "1", curve: constant(0.9) },
    pdop: { unit: "1", curve: constant(1.6) },
    vdop: { unit: "1", curve: constant(1.3) },
  },
  create: (world) => ({
    speaks: { everyMs: 1000, message: () => Uint8Array.from(Buffer.from(sentences(world).join(""), "latin1")) },
  }),
});

type Quantity = "latitude" | "longitude" | "altitude" | "speed" | "course" | "satellites" | "hdop" | "pdop" | "vdop";

function sentences(world: World<Quantity>): string[] {
  const value = (quantity: Quantity) => world.value(quantity);
  const [date = "", time = ""] = new Date(world.clock.now()).toISOString().split("T");
  const hhmmss = time.slice(0, 11).replaceAll(":", "");
  const ddmmyy = `${date.slice(8, 10)}${date.slice(5, 7)}${date.slice(2, 4)}`;
  const satellites = Math.max(0, Math.round(value("satellites")));
  if (satellites < 3) {
    return [
      `GNGGA,${hhmmss},,,,,0,${satellites},99.99,,,,,,`,
      "GNGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99",
      `GNRMC,${hhmmss},V,,,,,,,${ddmmyy},,,N`,
      "GNVTG,,,,,,,,,N",
    ].map(sentence);
  }
  const place = `${angle(value("latitude"), 2, "NS")},${angle(value("longitude"), 3, "EW")}`;
  const course = value("course").toFixed(2);
  const knots = ((value("speed") * 3600) / 1852).toFixed(3);
  const altitude = satellites > 3 ? `${value("altitude").toFixed(1)},M,46.9,M` : ",M,,M";
  const [pdop, hdop, vdop] = [value("pdop"), value("hdop"), value("vdop")].map((dop) => dop.toFixed(2));
  return [
    `GNGGA,${hhmmss},${place},1,${String(satellites).padStart(2, "0")},${hdop},${altitude},,`,
    `GNGSA,A,${satellites > 3 ? 3 : 2},04,05,,09,12,,,24,,,,,${pdop},${hdop},${vdop}`,
    `GNRMC,${hhmmss},A,${place},${knots},${course},${ddmmyy},,,A`,
    `GNVTG,${course},T,,M,${knots},N,${(value("speed") * 3.6).toFixed(3)},K,A`,
  ].map(sentence);
}

/** Whole degrees in so many digits, then minutes. */
function angle(degrees: number, digits: number, [positive, negative]: string): string {
  // In steps of what is written, so that 59.999999 minutes do not become 60.
  const steps = Math.round(Math.abs(degrees) * 60 * 1e6);
  const minutes = ((steps % 60_000_000) / 1e6).toFixed(6).padStart(9, "0");
  return `${String(Math.floor(steps / 60_000_000)).padStart(digits, "0")}${minutes},${degrees < 0 ? negative : positive}`;
}

function sentence(body: string): string {
  const sum = [...body].reduce((all, character) => all ^ character.charCodeAt(0), 0);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
}
