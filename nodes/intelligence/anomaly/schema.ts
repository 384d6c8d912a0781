import { choice, flag, group, integer, link, nodeSchema, quantity } from "../../../kit/schema";

export const schema = nodeSchema("anomaly", {
  family: "intelligence",
  icon: "anomaly.svg",
  summary: "Learns what is normal for each series and writes on every reading how unusual it is.",
  version: 1,
  inputs: 1,
  outputs: ["all readings, with verdict", "anomalies only"],
  config: {
    method: choice("Detector", { zScore: "z-score over a sliding window" }),
    window: integer("Window", {
      unit: "readings",
      default: 100,
      min: 3,
      max: 10_000,
      when: { method: "zScore" },
      hint: "A value is compared with this many before it. Longer is steadier and gets used to a change later.",
    }),
    minimum: integer("At least", {
      unit: "readings",
      default: 10,
      min: 3,
      max: 10_000,
      when: { method: "zScore" },
      hint: "Nothing is judged before.",
    }),
    threshold: quantity("Threshold", {
      unit: "standard deviations",
      default: 3,
      min: 0.1,
      max: 1000,
      when: { method: "zScore" },
      hint: "3 calls one in 370 normal values an anomaly, 4 one in 16 000.",
    }),
    minStd: quantity("Smallest spread", {
      unit: "reading's unit",
      default: 0,
      min: 0,
      when: { method: "zScore" },
      hint: "The standard deviation is never taken as smaller. For series that stand still: the sensor's resolution.",
    }),
    ...group("Learning", {
      learnAnomalies: flag("Learn anomalies", {
        default: true,
        hint: "With it, a lasting change becomes normal within a window. Without, it stays an anomaly.",
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
        medium: quantity("Medium from", { unit: "score", default: 4, min: 0, hint: "Anomalies below are low." }),
        high: quantity("High from", { unit: "score", default: 6, min: 0 }),
        critical: quantity("Critical from", { unit: "score", default: 10, min: 0 }),
      },
      { folded: true },
    ),
  },
  commands: {
    reset: "forgets what was learned; msg.payload {deviceId} or {deviceId, sensor} only of these",
  },
});
