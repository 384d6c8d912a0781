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

const AGGREGATE = { release: ["series", "devices"] } as const;

export const schema = nodeSchema("privacy", {
  family: "intelligence",
  icon: "privacy.svg",
  summary: "Adds noise to readings, so that no one reading can be told from what is published, within a budget.",
  version: 1,
  inputs: 1,
  outputs: ["readings with noise"],
  config: {
    sensors: rows(
      "Sensors",
      {
        sensor: text("Sensor", { required: true, placeholder: "heart_rate", maxLength: 256 }),
        low: quantity("Least", { default: 0 }),
        high: quantity("Most", { default: 100 }),
        epsilon: optionalQuantity("Epsilon", { min: 0.000_001, max: 1000, placeholder: "as below" }),
      },
      {
        required: true,
        different: "sensor",
        rising: ["low", "high"],
        hint: "What a value can be: noise is in proportion to the range, and values beyond are moved to it. Other sensors are refused.",
      },
    ),
    release: choice("Release", {
      reading: "each reading",
      series: "several readings of a series together",
      devices: "readings of several devices together",
    }),
    count: integer("Of how many", {
      default: 20,
      min: 2,
      max: 100_000,
      when: AGGREGATE,
      hint: "Readings, or devices, in each release. The noise on a mean of so many is so many times smaller; on a sum it is not.",
    }),
    aggregate: choice("Release their", { mean: "mean", sum: "sum" }, { when: AGGREGATE }),
    group: text("Device id of the mean", {
      default: "all",
      required: true,
      maxLength: 256,
      pattern: "^[^/+#]*$",
      patternReason: "expected an id without /, + and #",
      when: { release: "devices" },
    }),
    ...group("Noise", {
      mechanism: choice("Noise", {
        laplace: "Laplace: pure, for few releases",
        gaussian: "Gaussian: for many releases",
      }),
      epsilon: quantity("Epsilon of a release", {
        default: 0.1,
        min: 0.001,
        max: 1000,
        hint: "0.1 hides a reading well, 1 is usual, 10 hides little. The noise on a reading is the range divided by epsilon.",
      }),
      delta: quantity("Delta", {
        default: 0.000_001,
        min: 1e-15,
        max: 0.1,
        when: { mechanism: "gaussian" },
        hint: "How likely more may be given away: less than one in the number of people.",
      }),
      clamp: flag("Keep results within the range", {
        hint: "Moves them to its ends, which makes their mean wrong.",
      }),
    }),
    ...group("Budget", {
      budget: quantity("Epsilon in all", {
        default: 1,
        min: 0.001,
        max: 1_000_000,
        hint: "What all releases may give away together.",
      }),
      account: choice("Of each", { device: "device", series: "series" }),
      period: quantity("In each period of", {
        unit: "h",
        default: 24,
        min: 0,
        max: 87_600,
        hint: "Then it is whole again; 0 for once and for all.",
      }),
      exhausted: choice("When it is spent", {
        suppress: "send nothing, and count it",
        repeat: "repeat the last release",
        refuse: "refuse the reading",
      }),
      ledger: text("Account book", {
        maxLength: 128,
        placeholder: "this node's own",
        hint: "Nodes that release the same data share one budget by one name, in one store or all without.",
      }),
      store: link("Store", "gatewise-store", {
        required: false,
        hint: "Keeps what is spent. Without one, every restart of Node-RED makes all budgets whole.",
      }),
    }),
  },
});
