import type { PulseOptions } from "./pulses";

export interface PulsePreset extends Pick<PulseOptions, "pulse" | "per" | "rateUnit" | "zeroAfterMs"> {
  readonly name: string;
}

/** Usual parts with a pulse output, by what a pulse of theirs stands for. */
export const PULSE_PRESETS = {
  /** YF-S201 datasheet: frequency in Hz = 7.5 times the flow in L/min. */
  yfS201: { name: "Flow meter YF-S201", pulse: { amount: 1 / 450, unit: "L" }, per: "min", zeroAfterMs: 5000 },
  /** YF-B1 to B5 datasheet: frequency in Hz = 6.6 times the flow in L/min. */
  yfB5: { name: "Flow meter YF-B5", pulse: { amount: 1 / 396, unit: "L" }, per: "min", zeroAfterMs: 5000 },
  /** Argent Data Systems, "Weather sensor assembly 80422": 0.011 in, 0.2794 mm of rain close the contact once. */
  argentRain: {
    name: "Rain gauge of Argent 80422 (SparkFun weather kit)",
    ...{ pulse: { amount: 0.2794, unit: "mm" }, per: "h", zeroAfterMs: 900_000 },
  },
  /** The same document: a wind of 2.4 km/h closes the contact once a second, so a pulse is 2/3 m of it. */
  argentWind: {
    name: "Anemometer of Argent 80422 (SparkFun weather kit)",
    ...{ pulse: { amount: 2.4 / 3.6, unit: "m" }, per: "s", zeroAfterMs: 5000 },
  },
  /** Davis Instruments, Rain Collector 6463M: 0.2 mm a tip. */
  davisRain: { name: "Rain collector Davis 6463M", pulse: { amount: 0.2, unit: "mm" }, per: "h", zeroAfterMs: 900_000 },
  /** A meter whose plate says 1000 imp/kWh, by the pulse output of IEC 62053-31. */
  energy1000: {
    name: "Energy meter, 1000 pulses per kWh",
    ...{ pulse: { amount: 1, unit: "W.h" }, per: "h", rateUnit: "W", zeroAfterMs: 600_000 },
  },
} as const satisfies Readonly<Record<string, PulsePreset>>;
