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
  text,
} from "../../../kit/schema";

const BY_WEAR = ["extrapolation", "similarity"] as const;
const LIVES = ["extrapolation", "similarity", "model"] as const;

export const schema = nodeSchema("rul", {
  family: "intelligence",
  icon: "rul.svg",
  summary: "Estimates how long a device will still last, and when it needs maintenance.",
  version: 1,
  inputs: 1,
  outputs: ["remaining life and recommendation", "changes of phase"],
  config: {
    method: choice("Method", {
      extrapolation: "Wear extrapolated to a failure value",
      similarity: "Compared with runs to failure",
      model: "By a trained model",
      probability: "Maintenance probability, seven days",
    }),
    sensor: text("Figure of wear", {
      default: "health",
      required: true,
      when: { method: BY_WEAR },
      hint: "The sensor that shows wear: health from the node of that name, or a feature such as vibration.rms.",
    }),
    failure: quantity("Failed at", {
      default: 0.2,
      when: { method: "extrapolation" },
      hint: "Value of the figure at which the device counts as failed; above or below its normal values. Of health, 0 is failed altogether: 0.2 leaves a reserve, because just before the end the index says little.",
    }),
    failureSpread: quantity("Give or take", {
      default: 0,
      min: 0,
      when: { method: "extrapolation" },
      hint: "Standard deviation, in the figure's unit, by which devices differ in it when they fail. 0: all fail at the same value.",
    }),
    shape: choice(
      "Wear grows",
      { auto: "As the readings show", linear: "At a constant speed", exponential: "In equal ratios" },
      { when: { method: "extrapolation" } },
    ),
    baseline: integer("Learn normal from", {
      unit: "first readings",
      default: 50,
      min: 10,
      max: 10_000,
      when: { method: "extrapolation" },
      hint: "The device must be healthy meanwhile. Nothing is claimed before wear has visibly begun.",
    }),
    file: text("Runs to failure", {
      required: true,
      placeholder: "runs.csv",
      when: { method: "similarity" },
      hint: "CSV file with a header, at least three lives from healthy to failed. Relative names: from Node-RED's user directory.",
    }),
    unitColumn: text("Column of the unit", { default: "unit", required: true, when: { method: "similarity" } }),
    ageColumn: text("Column of the age", {
      default: "age",
      required: true,
      when: { method: "similarity" },
      hint: "Rises with every row of a unit: cycles, hours.",
    }),
    hoursPerAge: quantity("One in that column is", {
      unit: "h",
      default: 1,
      min: 1e-9,
      when: { method: "similarity" },
    }),
    valueColumn: text("Column of the figure", { default: "health", required: true, when: { method: "similarity" } }),
    window: integer("Compare", {
      unit: "latest steps",
      default: 20,
      min: 5,
      max: 200,
      when: { method: "similarity" },
    }),
    step: optionalQuantity("Length of a step", {
      unit: "h",
      min: 1e-9,
      when: { method: "similarity" },
      hint: "Empty: the usual time between two rows of the file.",
    }),
    models: link("Models", "gatewise-models", { when: { method: "model" } }),
    model: text("Model", {
      required: true,
      when: { method: "model" },
      placeholder: "pump-life",
      hint: "Name of a model that answers with remaining life, such as one of train. Its sensors come from the same device.",
    }),
    modelHours: quantity("One in its unit is", {
      unit: "h",
      default: 1,
      min: 1e-9,
      when: { method: "model" },
      hint: "For models that answer in cycles or the like; units of time are known.",
    }),
    ranges: rows(
      "Sensors",
      {
        quantity: choice("Quantity", { temperature: "temperature", vibration: "vibration", pressure: "pressure" }),
        sensor: text("Sensor", { required: true }),
        normal: quantity("Normal", { default: 0 }),
        limit: quantity("Limit", { default: 1 }),
      },
      {
        when: { method: "probability" },
        default: [
          { quantity: "temperature", sensor: "temperature", normal: 40, limit: 80 },
          { quantity: "vibration", sensor: "vibration.rms", normal: 1, limit: 4.5 },
        ],
        hint: "Limit: the value at which the maker, or a standard such as ISO 20816, asks for action.",
      },
    ),
    runningSensor: text("Running, as told by", {
      when: { method: "probability" },
      placeholder: "any reading",
      hint: "A sensor such as current or speed. Empty: the machine runs while it reports.",
    }),
    runningFrom: quantity("Running from", { default: 1, when: { method: "probability" } }),
    mediumAbove: quantity("Medium above", { default: 0.7, min: 0, max: 1, when: { method: "probability" } }),
    highAbove: quantity("High above", { default: 0.9, min: 0, max: 1, when: { method: "probability" } }),
    coefficients: rows(
      "Coefficients",
      { feature: text("Feature", { required: true }), value: quantity("Coefficient", { default: 0 }) },
      {
        when: { method: "probability" },
        hint: "Instead of the usual ones: intercept, temperature.mean, …, vibration.max, hours.variability, days.operated. See the help.",
      },
    ),
    ...group("Age", {
      ageBy: choice(
        "Hours by",
        { calendar: "The calendar", counter: "A counter of the device", readings: "One cycle a reading" },
        { when: { method: BY_WEAR }, hint: "Machines that do not run all day wear by operating hours, or by cycles." },
      ),
      counter: text("Counter", {
        default: "cycles",
        required: true,
        when: { ageBy: "counter" },
        hint: "Sensor of the same device, such as an hours meter.",
      }),
      hoursPerCount: quantity("One count is", {
        unit: "h",
        default: 1,
        min: 1e-9,
        when: { ageBy: ["counter", "readings"] },
      }),
    }),
    ...group("Recommendation", {
      dueBelow: quantity("Maintenance below", { unit: "h", default: 48, min: 1e-6, when: { method: LIVES } }),
      dueBy: choice(
        "Held against it",
        { expected: "The expected life", low: "The careful end of the interval" },
        { when: { method: LIVES } },
      ),
      hysteresis: quantity("Withdrawn when life is", {
        unit: "% above that",
        default: 25,
        min: 0,
        max: 1000,
        when: { method: LIVES },
        hint: "The recommendation stays until the remaining life is that much longer again.",
      }),
    }),
    ...group(
      "Finer points",
      {
        onset: quantity("Wear has begun at", {
          unit: "deviations, summed up",
          default: 12,
          min: 1,
          max: 1000,
          when: { method: BY_WEAR },
          hint: "Of a lasting deviation. Lower finds wear sooner and is wrong more often.",
        }),
        origin: optionalQuantity("Without any wear", {
          when: { method: "extrapolation", shape: ["auto", "exponential"] },
          hint: "Value from which wear grows in equal ratios; found when empty.",
        }),
        hasTypical: flag("Usual life is known", {
          when: { method: "extrapolation" },
          hint: "From the beginning of wear to failure. Makes the first estimates surer.",
        }),
        typicalLife: quantity("Usual life", {
          unit: "h",
          default: 500,
          min: 1e-6,
          when: { hasTypical: true },
        }),
        typicalSpread: quantity("Give or take", {
          unit: "%",
          default: 50,
          min: 1,
          max: 1000,
          when: { hasTypical: true },
        }),
        horizon: quantity("Furthest claim", {
          unit: "h",
          default: 8760,
          min: 1e-6,
          when: { method: "extrapolation" },
          hint: "No remaining life beyond it is told.",
        }),
        every: quantity("Report at most every", {
          unit: "s",
          default: 60,
          min: 0,
          max: 31_622_400,
          hint: "Of the readings' own time. Values in between are learned from all the same.",
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
    reset:
      "forgets what was learned, as after a repair, and takes recommendations back; msg.payload {deviceId} only of this device",
  },
  keepState: [
    "failureSpread",
    "models",
    "modelHours",
    "mediumAbove",
    "highAbove",
    "coefficients",
    "dueBelow",
    "dueBy",
    "hysteresis",
    "horizon",
    "every",
  ],
});
