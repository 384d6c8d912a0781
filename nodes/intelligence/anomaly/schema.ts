import { choice, flag, group, integer, link, nodeSchema, optionalQuantity, quantity } from "../../../kit/schema";
import { fieldsOfOne } from "./fields-of-one";
import { fieldsOfSeveral } from "./fields-of-several";
import { ASKED_TO_LEARN, CHARTS, SEASONAL, WITH_DECLARED_RANGE, WITH_SCORE_BANDS, WITH_SPREAD } from "./methods";

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
        auto: "Anything unusual (automatic)",
        zScore: "Outliers (z-score)",
        robustZScore: "Outliers, robustly (median)",
        history: "Outliers against the last day (store)",
        ewma: "Small lasting shifts (EWMA chart)",
        cusum: "Small lasting shifts (CUSUM)",
        levelShift: "Steps in level",
        varianceShift: "Changes of the spread",
        range: "New extremes",
        stuck: "Stuck sensors",
        residual: "What a forecast did not expect",
        subsequence: "Patterns never seen",
        hotelling: "Several sensors: control charts (T2, Q)",
        halfSpaceTrees: "Several sensors: half-space trees",
        randomCutForest: "Several sensors: random cut forest",
        isolationForest: "Several sensors: isolation forest",
      },
      { default: "auto" },
    ),
    ...fieldsOfOne,
    ...fieldsOfSeveral,
    ...group(
      "What is known of the series",
      {
        declaredLow: optionalQuantity("Lowest", {
          unit: "reading's unit",
          when: { method: WITH_DECLARED_RANGE },
          hint: "What the sensor can show by its datasheet. Values outside are anomalies at once.",
        }),
        declaredHigh: optionalQuantity("Highest", { unit: "reading's unit", when: { method: WITH_DECLARED_RANGE } }),
        period: quantity("Period", {
          unit: "s",
          default: 86_400,
          min: 1,
          max: 1e9,
          when: { method: SEASONAL },
          hint: "After which the series repeats: a day. An hour is 3600, a week 604800.",
        }),
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
          hint: "No spread is taken as smaller. For series that stand still: the sensor's resolution.",
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
        when: { method: ASKED_TO_LEARN },
        hint: "With it, a lasting change becomes normal. Without, it stays an anomaly.",
      }),
      relearnAfter: integer("Start afresh after", {
        unit: "anomalies in a row",
        default: 100,
        min: 0,
        max: 1_000_000,
        when: { method: ASKED_TO_LEARN, learnAnomalies: false },
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
        hint: "Keeps what was learned over redeploys and restarts; the detector of the last day reads its past from it.",
      }),
    }),
    ...group(
      "Severity",
      {
        medium: quantity("Medium from", {
          unit: "score",
          default: 4,
          min: 0,
          when: { method: WITH_SCORE_BANDS },
          hint: "Anomalies below are low.",
        }),
        high: quantity("High from", {
          unit: "score",
          default: 6,
          min: 0,
          when: { method: WITH_SCORE_BANDS },
        }),
        critical: quantity("Critical from", {
          unit: "score",
          default: 10,
          min: 0,
          when: { method: WITH_SCORE_BANDS },
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
