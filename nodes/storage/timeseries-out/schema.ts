import {
  choice,
  flag,
  group,
  integer,
  link,
  nodeSchema,
  optionalQuantity,
  quantity,
  strings,
} from "../../../kit/schema";

export const schema = nodeSchema("timeseries-out", {
  family: "storage",
  icon: "timeseries-out.svg",
  summary:
    "Stores readings as time series, in the embedded store or in InfluxDB, and loses none while the server is away.",
  version: 1,
  inputs: 1,
  outputs: ["confirmed writes, answers to commands"],
  config: {
    target: choice("Write to", { store: "The embedded store", influxdb: "InfluxDB" }),
    influxdb: link("InfluxDB", "gatewise-influxdb", { when: { target: "influxdb" } }),
    store: link("Store", "gatewise-store", {
      hint: "Holds the readings, or for InfluxDB the outbox in which they wait for the server.",
    }),
    ...group("Writes", {
      batchReadings: integer("Batch size", {
        unit: "readings",
        default: 5000,
        min: 1,
        max: 100_000,
        when: { target: "influxdb" },
      }),
      batchTime: quantity("Batch time", {
        unit: "s",
        default: 1,
        min: 0,
        max: 3600,
        when: { target: "influxdb" },
        hint: "A full batch is written at once, a smaller one after this time.",
      }),
      metadata: choice(
        "Metadata as tags",
        { all: "All", listed: "Only these", none: "None" },
        {
          when: { target: "influxdb" },
          hint: "Each new value makes a new series: leave out what changes with every reading.",
        },
      ),
      metadataKeys: strings("Keys", {
        when: { target: "influxdb", metadata: "listed" },
        required: true,
        placeholder: "site, line",
      }),
    }),
    ...group("Outbox", {
      maxReadings: integer("Most readings", {
        unit: "readings",
        default: 1_000_000,
        min: 1,
        max: 1_000_000_000,
        when: { target: "influxdb" },
      }),
      maxMegabytes: quantity("Most space", {
        unit: "MB",
        default: 500,
        min: 1,
        max: 1_000_000,
        when: { target: "influxdb" },
      }),
      maxHours: optionalQuantity("Longest wait", {
        unit: "hours",
        min: 0.001,
        max: 876_000,
        when: { target: "influxdb" },
        placeholder: "as long as it takes",
      }),
      whenFull: choice(
        "When full",
        { "drop-oldest": "Drop the oldest and count them", "refuse-newest": "Refuse the newest with an error" },
        { when: { target: "influxdb" } },
      ),
    }),
    ...group(
      "Output",
      {
        confirm: flag("Send a message for each confirmed write", { when: { target: "influxdb" } }),
      },
      { folded: true },
    ),
  },
  commands: {
    flush: "writes what waits now; answers when the server has confirmed it, or with an error",
    stats: "answers with the counts: accepted, written, waiting, dropped and why",
    "dead-letters": "answers with the readings that the server has rejected, at most `msg.limit` (100)",
    "retry-dead-letters": "puts the rejected readings back at the end of the outbox",
    "clear-dead-letters": "forgets the rejected readings",
  },
});
