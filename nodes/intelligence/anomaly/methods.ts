/** Which methods share which fields of the dialog. */

export const Z_SCORES = ["zScore", "robustZScore"] as const;
export const CHARTS = ["ewma", "cusum"] as const;
export const TWO_WINDOWS = ["levelShift", "varianceShift"] as const;
/** Detectors that decide by how improbable a reading is. */
export const BY_CHANCE = ["range", ...TWO_WINDOWS, "stuck", "residual", "subsequence"] as const;
/** Detectors that believe in no smaller spread than they are told. */
export const WITH_SPREAD = [
  "auto",
  ...Z_SCORES,
  "history",
  ...CHARTS,
  "range",
  ...TWO_WINDOWS,
  "residual",
  "subsequence",
] as const;
export const TREES = ["halfSpaceTrees", "randomCutForest"] as const;

/** Detectors of rows, of the readings that several sensors of a device give at a time. */
export const OF_SEVERAL_SENSORS = ["hotelling", ...TREES, "isolationForest"] as const;

/** Detectors that look for a season. */
export const SEASONAL = ["auto", "residual"] as const;
/** Detectors that can be told what the sensor can show. */
export const WITH_DECLARED_RANGE = ["auto", "range"] as const;
/** Detectors that do not decide by themselves what an anomaly teaches them. */
export const ASKED_TO_LEARN = [...Z_SCORES, "history", ...CHARTS, ...BY_CHANCE, ...TREES, "isolationForest"] as const;
/** Detectors whose severity goes by the common bands; the automatic one has bands of its own, the last day standard deviations. */
export const WITH_SCORE_BANDS = [...Z_SCORES, ...CHARTS, ...BY_CHANCE, ...OF_SEVERAL_SENSORS] as const;
