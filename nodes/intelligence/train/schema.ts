import {
  choice,
  group,
  integer,
  link,
  nodeSchema,
  optionalQuantity,
  quantity,
  strings,
  text,
} from "../../../kit/schema";

export const schema = nodeSchema("train", {
  family: "intelligence",
  icon: "train.svg",
  summary: "Trains a model on your own recordings, tests it, and puts it into the model store.",
  version: 1,
  inputs: 1,
  outputs: ["report"],
  config: {
    task: choice("Learns", {
      rul: "Remaining useful life",
      classifier: "A class, such as the machine's state",
      anomaly: "What is normal, to find what is not",
    }),
    model: text("Model", {
      required: true,
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
      patternReason: "letters, digits, ., _ and - only",
      placeholder: "pump-life",
      hint: "Its name in the store. Training again makes a new version of it, which predict takes over at once.",
    }),
    models: link("Models", "gatewise-models", { hint: "The store that it goes to; this gateway's key signs it." }),
    source: choice("From", { file: "A CSV file", history: "The history of devices" }),
    file: text("File", {
      required: true,
      when: { source: "file" },
      placeholder: "recordings/pumps.csv",
      hint: "With a header. Relative names: from Node-RED's user directory. msg.filename goes before it.",
    }),
    store: link("Store", "gatewise-store", { when: { source: "history" } }),
    devices: strings("Devices", {
      when: { source: "history" },
      placeholder: "all",
      hint: "For remaining life those that ran to failure: the last reading of each is taken for it.",
    }),
    days: optionalQuantity("Latest", {
      unit: "days",
      min: 0.001,
      when: { source: "history" },
      hint: "Empty: all there is.",
    }),
    hold: quantity("Hold values for", {
      unit: "s",
      default: 60,
      min: 0,
      max: 31_622_400,
      when: { source: "history" },
      hint: "A value stands for its sensor that long, so that sensors that report apart make rows.",
    }),
    ...group("Columns", {
      sensors: strings("Sensors", {
        placeholder: "every column of numbers but clocks",
        hint: "What the model looks at, at most 256. Readings that it is to judge later must have sensors of these names.",
      }),
      unit: text("Unit column", {
        when: { source: "file" },
        hint: "Column of the machine or life that a row belongs to. Needed for remaining life; tests leave out whole units.",
      }),
      age: text("Age column", {
        when: { source: "file", task: "rul" },
        hint: "Column that rises with age, such as cycles. The last row of a unit is its failure.",
      }),
      hoursPerAge: quantity("One of the age is", {
        unit: "h",
        default: 1,
        min: 1e-9,
        when: { source: "file", task: "rul" },
      }),
      settings: strings("Settings", {
        when: { task: "rul" },
        hint: "Sensors that say how a unit is operated, such as load and speed, and not how it is.",
      }),
      target: text("Class", {
        required: true,
        when: { task: "classifier" },
        hint: "Column, or sensor in the history, of what is to be told.",
      }),
      remaining: text("Remaining life", {
        when: { task: "rul", source: "file" },
        placeholder: "counted back from the last row",
        hint: "Column that holds it, where units did not all run to failure.",
      }),
      known: text("Known anomalies", {
        when: { task: "anomaly" },
        placeholder: "none are known",
        hint: "Column, or sensor, whose value tells normal rows from known anomalies: these are not learned from, but tested.",
      }),
      normal: strings("Normal is", {
        when: { task: "anomaly" },
        placeholder: "0, false, no, normal, good, ok …",
        hint: "What it is for normal rows, such as 1 where anomalies are -1. The report counts the rows of each kind.",
      }),
    }),
    ...group(
      "Training",
      {
        learner: choice(
          "By",
          { both: "Boosted trees and small networks", trees: "Boosted trees", network: "Small networks" },
          {
            when: { task: ["rul", "classifier"] },
            hint: "Both together err least; trees alone say which inputs matter just as well and are faster.",
          },
        ),
        normalBy: choice(
          "By",
          {
            both: "Both together",
            isolation: "Isolation forest",
            components: "Principal components",
          },
          {
            when: { task: "anomaly" },
            hint: "A forest finds rows that lie apart, components find sensors that no longer move together.",
          },
        ),
        past: integer("Look back", {
          unit: "rows",
          default: 1,
          min: 1,
          max: 10_000,
          when: { task: ["classifier", "anomaly"] },
          hint: "With more than one, mean, spread and trend of so many rows count beside the row itself.",
        }),
        cap: optionalQuantity("Longest life told apart", {
          unit: "h",
          min: 1e-6,
          when: { task: "rul" },
          hint: "A healthy unit does not show when it will fail. Empty: half the usual life.",
        }),
        folds: integer("Test in", {
          unit: "parts, in turn",
          default: 5,
          min: 0,
          max: 100,
          hint: "0 trains without a test, in a fifth of the time; the report's figures then flatter.",
        }),
        averaged: integer("Models averaged", {
          default: 1,
          min: 1,
          max: 20,
          hint: "More err a little less and take longer.",
        }),
        seed: integer("Seed", {
          default: 1,
          min: 0,
          max: 2_147_483_647,
          hint: "The same seed and data give the same model.",
        }),
        memory: integer("Memory", {
          unit: "MB",
          default: 1024,
          min: 128,
          max: 65_536,
          hint: "Beyond it the training ends, not the gateway.",
        }),
      },
      { folded: true },
    ),
  },
  commands: {
    cancel: "ends the training that is under way",
  },
});
