import { choice, choices, flag, group, integer, link, nodeSchema, quantity, strings, text } from "../../../kit/schema";

export const schema = nodeSchema("window", {
  family: "process",
  icon: "window.svg",
  summary: "Gives statistics of readings over windows of time or of a number of readings, each series on its own.",
  version: 1,
  inputs: 1,
  outputs: ["statistics"],
  config: {
    kind: choice("Windows", {
      tumbling: "Tumbling: back to back",
      sliding: "Sliding: overlapping",
      session: "Session: until a pause",
    }),
    by: choice("Length by", { time: "Time", count: "Number of readings" }, { when: { kind: ["tumbling", "sliding"] } }),
    size: quantity("Length", {
      unit: "s",
      default: 60,
      min: 0.001,
      max: 31_622_400,
      when: { by: "time", kind: ["tumbling", "sliding"] },
    }),
    every: quantity("A result every", {
      unit: "s",
      default: 10,
      min: 0.001,
      max: 31_622_400,
      when: { by: "time", kind: "sliding" },
      hint: "At most the length, and at least a 2000th of it.",
    }),
    count: integer("Length", {
      unit: "readings",
      default: 100,
      min: 1,
      max: 1_000_000,
      when: { by: "count", kind: ["tumbling", "sliding"] },
    }),
    everyCount: integer("A result every", {
      unit: "readings",
      default: 10,
      min: 1,
      max: 1_000_000,
      when: { by: "count", kind: "sliding" },
      hint: "At most the length.",
    }),
    gap: quantity("Ends after a pause of", {
      unit: "s",
      default: 30,
      min: 0.001,
      max: 31_622_400,
      when: { kind: "session" },
    }),
    maxDuration: quantity("Lasts at most", {
      unit: "s",
      default: 3600,
      min: 0,
      max: 31_622_400,
      when: { kind: "session" },
      hint: "Then the next one begins without a pause; 0 for any length.",
    }),
    ...group("Results", {
      statistics: choices(
        "Statistics",
        {
          mean: "Mean",
          min: "Minimum",
          max: "Maximum",
          sum: "Sum",
          count: "Count",
          std: "Standard deviation (sample)",
          first: "First",
          last: "Last",
          rate: "Rate of change per second",
        },
        { default: ["mean", "min", "max"] },
      ),
      percentiles: strings("Percentiles", {
        each: { kind: "number", min: 0, max: 100 },
        placeholder: "50, 95, 99.9",
        hint: "Numbers from 0 to 100 with commas between them.",
      }),
      naming: text("Sensor name", {
        default: "{sensor}.{statistic}",
        required: true,
        maxLength: 128,
        hint: "{sensor} and {statistic} are put in: temperature.mean, temperature.p95.",
      }),
      timestamp: choice("Timestamp is", { end: "the window's end", start: "the window's start" }),
      bounds: flag("Bounds in metadata", {
        hint: "Adds windowStart and windowEnd. Mind that time-series databases make a new series of each different tag.",
      }),
    }),
    ...group(
      "Late and silent",
      {
        lateness: quantity("Wait for late", {
          unit: "s",
          default: 0,
          min: 0,
          max: 31_622_400,
          hint: "A window by time stays open for late readings for this long after its end. Later ones are refused and counted.",
        }),
        idle: quantity("Wait on silence", {
          unit: "s",
          default: 5,
          min: 0,
          max: 86_400,
          hint: "When no reading comes that shows a window by time to be over, the clock does, this much later.",
        }),
        timeout: quantity("Unfinished after", {
          unit: "s",
          default: 0,
          min: 0,
          max: 31_622_400,
          when: { by: "count", kind: "tumbling" },
          hint: "A window by count that has had no reading for this long is given as it is; 0 for never.",
        }),
      },
      { folded: true },
    ),
    ...group(
      "State",
      {
        maxReadings: integer("Readings kept", {
          unit: "a window",
          default: 10_000,
          min: 1,
          max: 1_000_000,
          hint: "Bounds the memory of sliding windows and of percentiles. Other statistics keep no readings.",
        }),
        store: link("Store", "gatewise-store", {
          required: false,
          hint: "Keeps open windows over redeploys and restarts.",
        }),
      },
      { folded: true },
    ),
  },
  commands: {
    flush: "gives all open windows as they are; msg.payload {deviceId} or {deviceId, sensor} only these",
    reset: "discards all open windows and accepts earlier times again; the payload as for flush",
  },
});
