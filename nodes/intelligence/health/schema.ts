import {
  choice,
  flag,
  group,
  integer,
  link,
  nodeSchema,
  optionalQuantity,
  quantity,
  rows,
  strings,
  text,
} from "../../../kit/schema";

const LEARNED = ["mahalanobis", "baseline"] as const;

export const schema = nodeSchema("health", {
  family: "intelligence",
  icon: "health.svg",
  summary: "Makes one health index from the sensors of a device: 1 as new, 0 failed.",
  version: 1,
  inputs: 1,
  outputs: ["health"],
  config: {
    method: choice("Compares with", {
      mahalanobis: "Learned: how the sensors move together",
      baseline: "Learned: each sensor's own range",
      limits: "Declared: good and failed values",
    }),
    sensors: strings("Sensors", {
      when: { method: "mahalanobis" },
      placeholder: "all that the device reports",
      hint: "Names with commas between, such as vibration.rms, temperature. Empty takes those that its first readings have.",
    }),
    weighted: rows(
      "Sensors",
      { sensor: text("Sensor", { required: true }), weight: quantity("Weight", { default: 1, min: 0, max: 1000 }) },
      { when: { method: "baseline" }, hint: "Empty takes all that the first readings have, each with weight 1." },
    ),
    limits: rows(
      "Sensors",
      {
        sensor: text("Sensor", { required: true }),
        good: optionalQuantity("Good", {}),
        failed: optionalQuantity("Failed", {}),
        weight: quantity("Weight", { default: 1, min: 0, max: 1000 }),
      },
      {
        when: { method: "limits" },
        hint: "In the sensor's unit. Failed may lie above or below good. Weights count for the mean only.",
      },
    ),
    combine: choice(
      "Index",
      { worst: "Of the worst sensor", mean: "Weighted mean of all" },
      { when: { method: "limits" } },
    ),
    baseline: integer("Learn from", {
      unit: "first rows",
      default: 200,
      min: 20,
      max: 10_000,
      when: { method: LEARNED },
      hint: "The device must be healthy meanwhile, and pass through all that is normal: idle, load, day and night.",
    }),
    failedAt: quantity("Failed at", {
      unit: "standard deviations",
      default: 10,
      min: 1,
      max: 1_000_000,
      when: { method: LEARNED },
      hint: "Mean distance from normal at which the index is 0. Lower makes it fall sooner.",
    }),
    ...group("Index over time", {
      smoothing: integer("Smooth over", {
        unit: "rows",
        default: 5,
        min: 1,
        max: 100_000,
        hint: "Steadier, and later by about half as many rows; 1 for none.",
      }),
      monotonic: flag("Never rises", {
        hint: "For wear that does not heal. After a repair send the command reset.",
      }),
    }),
    ...group(
      "Rows",
      {
        hold: quantity("Hold values for", {
          unit: "s",
          default: 60,
          min: 0,
          max: 31_622_400,
          hint: "Sensors of one device rarely report in the same millisecond: a value stands for its sensor that long.",
        }),
        store: link("Store", "gatewise-store", {
          required: false,
          hint: "Keeps what was learned over redeploys and restarts.",
        }),
      },
      { folded: true },
    ),
  },
  commands: {
    reset: "forgets what was learned, as after a repair; msg.payload {deviceId} only of this device",
  },
  keepState: ["combine", "failedAt", "smoothing", "monotonic", "hold"],
});
