import { choice, flag, group, integer, link, nodeSchema, optionalQuantity, quantity } from "../../../kit/schema";

const Z_SCORES = ["zScore", "robustZScore"] as const;
const CHARTS = ["ewma", "cusum"] as const;
const TWO_WINDOWS = ["levelShift", "varianceShift"] as const;
/** Detectors that decide by how improbable a reading is. */
const BY_CHANCE = ["range", ...TWO_WINDOWS, "stuck"] as const;
/** Detectors that believe in no smaller spread than they are told. */
const WITH_SPREAD = [...Z_SCORES, "history", ...CHARTS, "range", ...TWO_WINDOWS] as const;

export const schema = nodeSchema("anomaly", {
  family: "intelligence",
  icon: "anomaly.svg",
  summary: "Learns what is normal for each series and writes on every reading how unusual it is.",
  version: 2,
  inputs: 1,
  outputs: ["all readings, with verdict", "anomalies only"],
  config: {
    method: choice(
      "Find",
      {
        zScore: "Outliers (z-score)",
        robustZScore: "Outliers, robustly (median)",
        history: "Outliers of the last day, from the store",
        ewma: "Small lasting shifts (EWMA chart)",
        cusum: "Small lasting shifts (CUSUM)",
        levelShift: "Steps in level",
        varianceShift: "Changes of the spread",
        range: "New extremes",
        stuck: "Stuck sensors",
      },
      { default: "zScore" },
    ),
    window: integer("Window", {
      unit: "readings",
      default: 100,
      min: 3,
      max: 10_000,
      when: { method: Z_SCORES },
      hint: "A value is compared with this many before it. Longer is steadier and gets used to a change later.",
    }),
    minimum: integer("At least", {
      unit: "readings",
      default: 10,
      min: 3,
      max: 10_000,
      when: { method: Z_SCORES },
      hint: "Nothing is judged before.",
    }),
    threshold: quantity("Threshold", {
      unit: "standard deviations",
      default: 3,
      min: 0.1,
      max: 1000,
      when: { method: Z_SCORES },
      hint: "3 calls one in 370 normal values an anomaly, 4 one in 16 000.",
    }),
    hours: quantity("Looks back", {
      unit: "h",
      default: 24,
      min: 0.01,
      max: 8784,
      when: { method: "history" },
      hint: "What the store below holds of this time is loaded at a series' first reading.",
    }),
    historyMinimum: integer("At least", {
      unit: "readings",
      default: 10,
      min: 3,
      max: 1_000_000,
      when: { method: "history" },
      hint: "Nothing is judged before.",
    }),
    mediumSigmas: quantity("Medium from", {
      unit: "standard deviations",
      default: 2,
      min: 0.1,
      max: 1000,
      when: { method: "history" },
      hint: "2 calls one in 22 normal values an anomaly.",
    }),
    highSigmas: quantity("High from", {
      unit: "standard deviations",
      default: 3,
      min: 0.1,
      max: 1000,
      when: { method: "history" },
    }),
    lambda: quantity("Weight of the newest", {
      default: 0.2,
      min: 0.001,
      max: 1,
      when: { method: "ewma" },
      hint: "Smaller finds smaller shifts, later. 0.05 to 0.3 is usual.",
    }),
    limit: quantity("Limits", {
      unit: "standard deviations",
      default: 3,
      min: 0.1,
      max: 1000,
      when: { method: "ewma" },
      hint: "Of the smoothed value. 3 calls one in 370 normal values an anomaly.",
    }),
    slack: quantity("Slack k", {
      unit: "standard deviations",
      default: 0.5,
      min: 0.05,
      max: 10,
      when: { method: "cusum" },
      hint: "Half of the smallest shift that matters.",
    }),
    decision: quantity("Decision interval h", {
      unit: "standard deviations",
      default: 5,
      min: 0.5,
      max: 100,
      when: { method: "cusum" },
      hint: "With k = 0.5, 5 gives a false alarm in 465 normal readings, 4 in 168.",
    }),
    reference: integer("Older window", {
      unit: "readings",
      default: 100,
      min: 10,
      max: 2000,
      when: { method: TWO_WINDOWS },
      hint: "What the newest readings are compared with.",
    }),
    recent: integer("Newer window", {
      unit: "readings",
      default: 20,
      min: 5,
      max: 2000,
      when: { method: TWO_WINDOWS },
      hint: "A change is found when about half of it has passed through. At most the older window.",
    }),
    shift: quantity("Smallest step", {
      unit: "standard deviations",
      default: 2,
      min: 0,
      max: 1_000_000,
      when: { method: "levelShift" },
      hint: "Smaller ones are left alone, however sure they are.",
    }),
    ratio: quantity("Smallest factor", {
      default: 2,
      min: 1,
      max: 1_000_000,
      when: { method: "varianceShift" },
      hint: "By which the spread must have grown or shrunk.",
    }),
    repeats: integer("At least", {
      unit: "repetitions",
      default: 10,
      min: 1,
      max: 1_000_000,
      when: { method: "stuck" },
      hint: "More are needed where repetitions are normal for the series.",
    }),
    tolerance: quantity("Tolerance", {
      unit: "reading's unit",
      default: 0,
      min: 0,
      when: { method: "stuck" },
      hint: "Changes up to this are none, for sensors whose last digit flickers.",
    }),
    oneIn: quantity("One false alarm in", {
      unit: "readings",
      default: 10_000,
      min: 10,
      max: 1e12,
      when: { method: BY_CHANCE },
      hint: "Of a normal series. More is stricter.",
    }),
    ...group(
      "What is known of the series",
      {
        declaredLow: optionalQuantity("Lowest", {
          unit: "reading's unit",
          when: { method: "range" },
          hint: "What the sensor can show by its datasheet. Values outside are anomalies at once.",
        }),
        declaredHigh: optionalQuantity("Highest", { unit: "reading's unit", when: { method: "range" } }),
        target: optionalQuantity("Mean", {
          unit: "reading's unit",
          when: { method: CHARTS },
          hint: "Where the process should be. Empty: learned.",
        }),
        sigma: optionalQuantity("Standard deviation", {
          unit: "reading's unit",
          min: 1e-100,
          when: { method: CHARTS },
          hint: "Empty: learned.",
        }),
        minStd: quantity("Smallest spread", {
          unit: "reading's unit",
          default: 0,
          min: 0,
          when: { method: WITH_SPREAD },
          hint: "The standard deviation is never taken as smaller. For series that stand still: the sensor's resolution.",
        }),
      },
      { folded: true },
    ),
    ...group("Learning", {
      baseline: integer("Learns from", {
        unit: "readings",
        default: 1000,
        min: 10,
        max: 1_000_000,
        when: { method: CHARTS },
        hint: "Older readings fade. Longer finds slower drifts and gets used to a change later.",
      }),
      learnAnomalies: flag("Learn anomalies", {
        default: true,
        hint: "With it, a lasting change becomes normal. Without, it stays an anomaly.",
      }),
      relearnAfter: integer("Start afresh after", {
        unit: "anomalies in a row",
        default: 100,
        min: 0,
        max: 1_000_000,
        when: { learnAnomalies: false },
        hint: "When a series has moved for good; 0 for never.",
      }),
      gap: quantity("Longest gap", {
        unit: "s",
        default: 0,
        min: 0,
        hint: "A series that has paused for longer is learned afresh; 0 for never.",
      }),
      store: link("Store", "gatewise-store", {
        required: false,
        hint: "Keeps what was learned over redeploys and restarts.",
      }),
    }),
    ...group(
      "Severity",
      {
        medium: quantity("Medium from", {
          unit: "score",
          default: 4,
          min: 0,
          when: { method: [...Z_SCORES, ...CHARTS, ...BY_CHANCE] },
          hint: "Anomalies below are low.",
        }),
        high: quantity("High from", {
          unit: "score",
          default: 6,
          min: 0,
          when: { method: [...Z_SCORES, ...CHARTS, ...BY_CHANCE] },
        }),
        critical: quantity("Critical from", {
          unit: "score",
          default: 10,
          min: 0,
          when: { method: [...Z_SCORES, ...CHARTS, ...BY_CHANCE] },
        }),
      },
      { folded: true },
    ),
  },
  commands: {
    reset: "forgets what was learned; msg.payload {deviceId} or {deviceId, sensor} only of these",
  },
  migrations: {
    // Version 1 knew the z-score alone, and flows that were written by hand need not have named it.
    2: (stored) => ({ ...stored, method: stored.method ?? "zScore" }),
  },
});
