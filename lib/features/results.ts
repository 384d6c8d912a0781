import type { Reading } from "../reading";
import type { Extract } from "./extract";
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
export function readingsOf(origin: Origin, { figures }: Extract): Reading[] {
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

/** A spectrum to draw: `amplitudes[k]` is at k times `step`. */
export interface DrawnSpectrum {
  readonly deviceId: string;
  readonly sensor: string;
  readonly timestamp: number;
  readonly kind: "spectrum" | "envelope";
  readonly unit: string;
  /** Hz between the lines, or orders when the speed changed within the block. */
  readonly step: number;
  readonly stepUnit: "Hz" | "order";
  readonly amplitudes: Float64Array;
  /** Of the envelope: the band it was taken of, Hz. */
  readonly band?: { readonly lowHz: number; readonly highHz: number };
}

/** The spectra that were made for the figures. */
export function spectraOf(origin: Origin, unit: string, { spectrum, envelope }: Extract): DrawnSpectrum[] {
  const { deviceId, sensor, end: timestamp } = origin;
  const common = { deviceId, sensor, timestamp, unit };
  const drawn: DrawnSpectrum[] = [];
  if (spectrum) {
    const { stepHz: step } = spectrum;
    drawn.push({ ...common, kind: "spectrum", step, stepUnit: "Hz", amplitudes: amplitudes(spectrum) });
  }
  if (envelope) {
    const { band, byOrder, spectrum: lines } = envelope;
    const stepUnit = byOrder ? "order" : "Hz";
    drawn.push({ ...common, kind: "envelope", step: lines.stepHz, stepUnit, amplitudes: amplitudes(lines), band });
  }
  return drawn;
}
