import { choice, group, integer, link, nodeSchema, quantity, text } from "../../../kit/schema";

const AGGREGATED = ["mean", "min", "max", "sum", "count", "first", "last"] as const;

export const schema = nodeSchema("history", {
  family: "storage",
  icon: "history.svg",
  summary: "Reads recorded readings of a device back, from the embedded store or from InfluxDB.",
  version: 1,
  inputs: 1,
  outputs: ["readings, marked historical"],
  config: {
    source: choice("Read from", { store: "The embedded store", influxdb: "InfluxDB" }),
    store: link("Store", "gatewise-store", { when: { source: "store" } }),
    influxdb: link("InfluxDB", "gatewise-influxdb", { when: { source: "influxdb" } }),
    ...group("What the message does not say", {
      deviceId: text("Device", { maxLength: 256, placeholder: "from msg.payload.deviceId" }),
      sensor: text("Sensor", { maxLength: 256, placeholder: "every sensor of the device" }),
      hours: quantity("Time span", {
        unit: "hours",
        default: 24,
        min: 0.001,
        max: 876_000,
        hint: "Back from now.",
      }),
      limit: integer("Limit", {
        unit: "readings",
        default: 10_000,
        min: 1,
        max: 1_000_000,
        hint: "When there are more, the newest are returned and msg.history.truncated is true.",
      }),
    }),
    ...group("Summary", {
      aggregate: choice("Summarise", {
        none: "No, every reading",
        mean: "Mean",
        min: "Minimum",
        max: "Maximum",
        sum: "Sum",
        count: "Count",
        first: "First",
        last: "Last",
      }),
      every: quantity("Of every", {
        unit: "minutes",
        default: 10,
        min: 0.001,
        max: 5_256_000,
        when: { aggregate: AGGREGATED },
      }),
    }),
  },
});
