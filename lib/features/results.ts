import type { Reading } from "../reading";
import type { Extract, Figure } from "./extract";
import { amplitudes } from "./spectrum";

/** Where figures come from: the series, and what is known of its samples. */
export interface Origin {
  readonly deviceId: string;
  readonly sensor: string;
  readonly end: number;
  readonly uncertain: boolean;
  readonly historical: boolean;
}

/** A reading a figure: sensor `vibration` gives `vibration.rms`, dated at the block's end. */
export function readingsOf(origin: Origin, figures: readonly Figure[]): Reading[] {
  const { deviceId, sensor, end, uncertain, historical } = origin;
  return figures.map(({ name, value, unit }) => {
    const reading: Reading = {
      deviceId,
      sensor: `${sensor}.${name}`,
      value,
      unit,
      timestamp: end,
      quality: uncertain ? "uncertain" : "good",
    };
    return historical ? { ...reading, historical: true } : reading;
  });
}

/** A spectrum as it is drawn: `amplitudes[k]` is at k times `step`. */
export interface DrawnLines {
  readonly kind: "spectrum" | "envelope";
  /** Hz between the lines, or orders when the speed changed within the block. */
  readonly step: number;
  readonly stepUnit: "Hz" | "order";
  readonly amplitudes: Float64Array;
  /** Of the envelope: the band it was taken of, Hz. */
  readonly band?: { readonly lowHz: number; readonly highHz: number };
}

/** The same with where it comes from. */
export interface DrawnSpectrum extends DrawnLines {
  readonly deviceId: string;
  readonly sensor: string;
  readonly timestamp: number;
  readonly unit: string;
}

/** The spectra that were made for the figures. */
export function linesToDraw({ spectrum, envelope }: Extract): DrawnLines[] {
  const drawn: DrawnLines[] = [];
  if (spectrum) {
    drawn.push({ kind: "spectrum", step: spectrum.stepHz, stepUnit: "Hz", amplitudes: amplitudes(spectrum) });
  }
  if (envelope) {
    const { band, byOrder, spectrum: lines } = envelope;
    const stepUnit = byOrder ? "order" : "Hz";
    drawn.push({ kind: "envelope", step: lines.stepHz, stepUnit, amplitudes: amplitudes(lines), band });
  }
  return drawn;
}

export function spectraOf(origin: Origin, unit: string, lines: readonly DrawnLines[]): DrawnSpectrum[] {
  const { deviceId, sensor, end: timestamp } = origin;
  return lines.map((one) => ({ deviceId, sensor, timestamp, unit, ...one }));
}
