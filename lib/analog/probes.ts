import { type ChannelInfo, uncertain } from "../drivers/core/values";
import { numberWithin, positiveNumber } from "../numeric";
import { type CurvePoint, calibrationCurve } from "./curve";
import { type AnalogProbe, analogProbe, type Plausible } from "./probe";

/** Beyond the calibration by more than this share of its span, a value is a guess. */
const TOLERATED = 0.05;

export interface TableOptions {
  readonly channel: ChannelInfo;
  /** Two points, or a table of them: voltage and value. */
  readonly points: readonly CurvePoint[];
  readonly plausible?: Plausible;
}

/** Any probe that was calibrated by two points or a table. @throws RangeError */
export function tableProbe({ channel, points, plausible }: TableOptions): AnalogProbe {
  const curve = calibrationCurve(points);
  const formula = (volts: number) => {
    const value = curve.of(volts);
    return curve.beyond(volts) > TOLERATED ? uncertain(value, "beyond the calibration") : value;
  };
  return analogProbe(channel, formula, plausible);
}

export interface SoilMoistureOptions {
  /** The voltage in dry and in saturated soil, or in air and in water. */
  readonly dry: number;
  readonly wet: number;
  /** More points, of soil that was weighed: voltage and volumetric water content in %. */
  readonly points?: readonly CurvePoint[];
  readonly plausible?: Plausible;
}

/** A capacitive or resistive soil probe: 0 % is what was called dry, 100 % what was called wet. @throws RangeError */
export function soilMoistureProbe({ dry, wet, points = [], plausible }: SoilMoistureOptions): AnalogProbe {
  const curve = calibrationCurve([{ at: dry, is: 0 }, { at: wet, is: 100 }, ...points]);
  const formula = (volts: number) => {
    const percent = Math.min(100, Math.max(0, curve.of(volts)));
    const side = percent < 50 ? "drier" : "wetter";
    return curve.beyond(volts) > TOLERATED ? uncertain(percent, `${side} than the calibration`) : percent;
  };
  return analogProbe({ sensor: "moisture", unit: "%", range: [0, 100] }, formula, plausible);
}

export interface PhotoresistorOptions {
  /** Supply of the divider, V. */
  readonly supply: number;
  /** The fixed resistor, Ohm, and on which side the photoresistor is. */
  readonly resistor: number;
  readonly side: "supply" | "ground";
  /** Resistance at 10 lx, Ohm, and the slope between 10 and 100 lx: both in the part's datasheet. */
  readonly at10Lux: number;
  readonly gamma: number;
}

/**
 * Light by a photoresistor (LDR) in a voltage divider. Its datasheet defines gamma = log10(R10 / R100), so the resistance is
 * R10 * (10 lx / E)^gamma. Parts differ by a factor of two and more: a table of one's own is better. @throws RangeError
 */
export function photoresistor({ supply, resistor, side, at10Lux, gamma }: PhotoresistorOptions): AnalogProbe {
  positiveNumber("supply", supply);
  positiveNumber("resistor", resistor);
  positiveNumber("resistance at 10 lx", at10Lux);
  numberWithin("gamma", gamma, 0.1, 2);
  const formula = (volts: number) => {
    const across = side === "supply" ? supply - volts : volts;
    if (across <= 0) return uncertain(MOST_LUX, "saturated");
    // Without light the resistance is far beyond what the divider can tell.
    if (across >= supply) return 0;
    const resistance = (resistor * across) / (supply - across);
    return Math.min(MOST_LUX, 10 * (at10Lux / resistance) ** (1 / gamma));
  };
  return analogProbe({ sensor: "illuminance", unit: "lx", range: [0, MOST_LUX] }, formula);
}

/** Direct sunlight is about 100 000 lx. */
const MOST_LUX = 200_000;

export interface PhotocurrentOptions {
  /** The resistor that the current flows through, Ohm. */
  readonly resistor: number;
  /** Current per illuminance, uA/lx: 0.5 for TEMT6000 (Vishay 81579: 50 uA at 100 lx). */
  readonly sensitivity: number;
  /** The voltage at which the part cannot pass more current, V. */
  readonly saturation: number;
}

/** Light by a phototransistor or photodiode, whose current is in proportion to it. @throws RangeError */
export function photocurrent({ resistor, sensitivity, saturation }: PhotocurrentOptions): AnalogProbe {
  positiveNumber("resistor", resistor);
  positiveNumber("sensitivity", sensitivity);
  positiveNumber("saturation", saturation);
  const formula = (volts: number) => {
    // Offsets of the converter around zero are no light, and no error.
    const lux = Math.max(0, (volts / resistor) * 1e6) / sensitivity;
    return volts >= saturation ? uncertain(lux, "saturated: there may be more light") : lux;
  };
  return analogProbe({ sensor: "illuminance", unit: "lx", range: [0, MOST_LUX] }, formula);
}
