import { uncertain } from "../drivers/core/values";
import { numberWithin } from "../numeric";
import { type AnalogProbe, analogProbe, type Plausible } from "./probe";

/** CODATA 2018, both exact: J/(mol K) and C/mol. */
const GAS_CONSTANT = 8.314462618;
const FARADAY = 96485.33212;
const KELVIN = 273.15;
/** Where glass electrodes are made to give no voltage, and where their slope turns with temperature. */
const ISOPOTENTIAL = 7;

/**
 * What an ideal electrode's voltage falls by for each pH, in V: ln(10) R T / F, 59.16 mV at 25 °C (IUPAC, "Measurement of pH",
 * Pure Appl. Chem. 74 (2002) 2169, equation 4).
 */
export function nernstSlope(celsius: number): number {
  return (Math.LN10 * GAS_CONSTANT * (celsius + KELVIN)) / FARADAY;
}

export interface Buffer {
  /** Of the buffer at the temperature of the calibration. */
  readonly ph: number;
  /** What was measured in it, V, behind whatever amplifier there is. */
  readonly volts: number;
}

export interface PhOptions {
  /** One buffer finds the offset, two also the slope. */
  readonly buffers: readonly [Buffer] | readonly [Buffer, Buffer];
  /** Temperature at the calibration, °C; 25 when missing. */
  readonly calibratedAt?: number;
  /** V out per V of the electrode, negative when the amplifier inverts; with one buffer it has to be known. 1 when missing. */
  readonly gain?: number;
  /** True when each reading comes with the temperature of what is measured. */
  readonly compensated?: boolean;
  readonly plausible?: Plausible;
}

export interface PhCalibration {
  /** V for each pH at the temperature of the calibration. */
  readonly slope: number;
  /** V at pH 7. */
  readonly zero: number;
  /** Slope as a share of the ideal electrode's: 0.95 to 1.02 when new, at the end of its life below 0.85. */
  readonly efficiency: number;
}

/** @throws RangeError for buffers that say nothing */
export function phCalibration({ buffers, calibratedAt = 25, gain = 1 }: PhOptions): PhCalibration {
  numberWithin("temperature of the calibration", calibratedAt, 0, 100);
  if (!Number.isFinite(gain) || gain === 0) throw new RangeError(`gain: expected a number other than 0, got ${gain}`);
  const [first, second] = buffers;
  for (const { ph, volts } of buffers) {
    numberWithin("pH of the buffer", ph, 0, 14);
    numberWithin("voltage in the buffer", volts, -1000, 1000);
  }
  const ideal = -nernstSlope(calibratedAt) * gain;
  const slope = second ? (second.volts - first.volts) / (second.ph - first.ph) : ideal;
  if (!Number.isFinite(slope) || Math.abs(slope) < 1e-6) {
    throw new RangeError("buffers: expected two of different pH with different voltages");
  }
  return { slope, zero: first.volts - slope * (first.ph - ISOPOTENTIAL), efficiency: slope / ideal };
}

/** A pH electrode, its slope following the temperature. @throws RangeError */
export function phProbe(options: PhOptions): AnalogProbe {
  const { slope, zero } = phCalibration(options);
  const { calibratedAt = 25, compensated = false, plausible } = options;
  const ph = (volts: number, celsius: number) =>
    ISOPOTENTIAL + (volts - zero) / (slope * ((celsius + KELVIN) / (calibratedAt + KELVIN)));
  const formula = (volts: number, { temperature }: { readonly temperature?: number }) => {
    if (!compensated) return ph(volts, calibratedAt);
    const isKnown = temperature !== undefined && temperature >= -10 && temperature <= 110;
    return isKnown ? ph(volts, temperature) : uncertain(ph(volts, calibratedAt), "its temperature is not known");
  };
  return analogProbe({ sensor: "ph", unit: "[pH]", range: [0, 14] }, formula, plausible);
}
