/**
 * The reading: the one value that runs through every node, from driver or protocol to store and alert.
 * Readings are immutable by convention. A node that adds something makes a new object, because Node-RED may hand the
 * same batch to several branches of a flow.
 */
export interface Reading {
  /** As in the registry; never contains `/`, `+`, `#` or control characters. */
  readonly deviceId: string;
  /** Channel on the device: "temperature", "vibration.x". */
  readonly sensor: string;
  /** Null only with quality "bad"; never NaN or Infinity. */
  readonly value: ReadingValue;
  /** UCUM code: "Cel", "%", "m/s2", "1" for none. */
  readonly unit: string;
  /** Milliseconds since the Unix epoch, when measured. */
  readonly timestamp: number;
  readonly quality: Quality;
  /** Per device, for loss and order accounting. */
  readonly seq?: number;
  /** Replayed from a buffer: never raises a live alarm unless asked. */
  readonly historical?: true;
  /** What was odd about its arrival, as judged by the node that took it in. */
  readonly marks?: readonly ArrivalMark[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly anomaly?: AnomalyVerdict;
  readonly health?: HealthVerdict;
  readonly prediction?: Prediction;
}

export type ReadingValue = number | boolean | string | null;
export type Quality = "good" | "uncertain" | "bad";
export type ArrivalMark = "late" | "future" | "duplicate";
export type Severity = "critical" | "high" | "medium" | "low" | "info";

/** Written by a detector. */
export interface AnomalyVerdict {
  readonly detector: string;
  readonly isAnomaly: boolean;
  /** Detector's own scale; for z-scores the distance from the mean in standard deviations. */
  readonly score: number;
  /** Tail probability of a value at least this unusual, when the detector is calibrated. */
  readonly p?: number;
  /** Where the next value was expected, in the reading's unit. */
  readonly expected?: { readonly low: number; readonly high: number };
  readonly severity?: Severity;
  /** Sensors that contributed, strongest first, for multivariate detectors. */
  readonly contributors?: readonly string[];
  /** Members of an ensemble that found it unusual, strongest first. */
  readonly members?: readonly string[];
}

/** Written by a health index: 1 is as new, 0 is failed. */
export interface HealthVerdict {
  readonly index: number;
  /** Sensors that took the index down, strongest first. */
  readonly contributors?: readonly HealthContributor[];
}

export interface HealthContributor {
  readonly sensor: string;
  /** Of the whole deviation from healthy, 0 to 1. */
  readonly share: number;
}

/** Written by a model. */
export interface Prediction {
  readonly model: string;
  readonly value: number | string;
  readonly low?: number;
  readonly high?: number;
  readonly unit?: string;
  /** Of the likeliest classes, by label, for classifiers. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** A reading whose value is a number, which is what filters, windows and detectors work on. */
export type NumericReading = Reading & { readonly value: number };

export function isNumeric(reading: Reading): reading is NumericReading {
  return typeof reading.value === "number";
}
