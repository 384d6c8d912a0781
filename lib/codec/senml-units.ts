/**
 * SenML unit symbols whose UCUM code is another one. Symbols that are the same in both (Cel, K, Pa, m/s2, lx, ...) need no
 * row. RFC 8428 section 12.1 (the primary units) and RFC 8798 (secondary units); UCUM 2.1.
 */
const UCUM_OF_SENML: ReadonlyMap<string, string> = new Map([
  ["/", "1"],
  ["count", "1"],
  ["beats", "1"],
  ["%RH", "%"],
  ["%EL", "%"],
  ["/100", "%"],
  ["/1000", "[ppth]"],
  ["ppm", "[ppm]"],
  ["EL", "s"],
  ["1/s", "/s"],
  ["1/min", "/min"],
  ["beat/min", "/min"],
  ["l", "L"],
  ["l/s", "L/s"],
  ["lat", "deg"],
  ["lon", "deg"],
  ["pH", "[pH]"],
  ["dBW", "dB[W]"],
  ["Bspl", "B[SPL]"],
  ["B", "By"],
  ["KiB", "KiBy"],
  ["GB", "GBy"],
  ["B/s", "By/s"],
  ["MB/s", "MBy/s"],
  ["VA", "V.A"],
  ["kVA", "kV.A"],
  ["VAs", "V.A.s"],
  ["kVAh", "kV.A.h"],
  ["Ah", "A.h"],
  ["Wh", "W.h"],
  ["kWh", "kW.h"],
  ["Wh/km", "W.h/km"],
]);

/** What a reading's UCUM code is called in SenML, where several symbols or none would fit by the table above. */
const SENML_OF_UCUM: ReadonlyMap<string, string> = new Map([
  ["/s", "1/s"],
  ["/min", "1/min"],
  ["L", "l"],
  ["L/s", "l/s"],
  ["[pH]", "pH"],
  ["[ppm]", "ppm"],
  ["[ppth]", "/1000"],
  ["dB[W]", "dBW"],
  ["B[SPL]", "Bspl"],
  ["By", "B"],
  ["KiBy", "KiB"],
  ["GBy", "GB"],
  ["By/s", "B/s"],
  ["MBy/s", "MB/s"],
  ["V.A", "VA"],
  ["kV.A", "kVA"],
  ["V.A.s", "VAs"],
  ["kV.A.h", "kVAh"],
  ["A.h", "Ah"],
  ["W.h", "Wh"],
  ["kW.h", "kWh"],
  ["W.h/km", "Wh/km"],
]);

/** What a record measures, for the sensor's name when its own name is only the device's. */
const SENSOR_OF_SENML: ReadonlyMap<string, string> = new Map([
  ["Cel", "temperature"],
  ["%RH", "humidity"],
  ["%EL", "battery"],
  ["EL", "battery_life"],
  ["lat", "latitude"],
  ["lon", "longitude"],
  ["lx", "illuminance"],
  ["pH", "ph"],
  ["Bspl", "sound_level"],
]);

/** The UCUM code; a symbol without a row is one already, or is kept as it came. No unit is "1". */
export function ucumOfSenml(unit: string | undefined): string {
  return unit === undefined ? "1" : (UCUM_OF_SENML.get(unit) ?? unit);
}

/** The SenML symbol, or undefined for a reading without unit. Percent stays "%", which SenML knows as well. */
export function senmlOfUcum(unit: string): string | undefined {
  return unit === "1" ? undefined : (SENML_OF_UCUM.get(unit) ?? unit);
}

export function sensorOfSenmlUnit(unit: string | undefined): string {
  return (unit !== undefined && SENSOR_OF_SENML.get(unit)) || "value";
}
