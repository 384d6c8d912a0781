import { choice, code, flag, group, integer, link, nodeSchema, quantity, text } from "../../../kit/schema";

const withUnit = ["auto", "plain"];

const NAME = "[A-Za-z_][A-Za-z0-9_-]*";
const LEVEL = `(?:\\+|\\{${NAME}\\}|[^+#\\{\\}/]*)`;
const topicPattern = {
  pattern: `^(?:#|${LEVEL}(?:/${LEVEL})*(?:/(?:#|\\{${NAME}\\.\\.\\.\\}))?)$`,
  patternReason: "expected levels that are plain text, {name} or +, and at most a last # or {name...}",
};

export const schema = nodeSchema("telemetry-in", {
  family: "protocols",
  icon: "telemetry-in.svg",
  summary: "Receives readings from devices over MQTT, in batches, only as fast as the flow can take them.",
  version: 1,
  inputs: 0,
  outputs: ["readings", "status and alert messages of devices"],
  config: {
    broker: link("Broker", "gatewise-broker"),
    topic: text("Topic", {
      default: "devices/{id}/telemetry",
      required: true,
      ...topicPattern,
      hint: "{id} is the device, {sensor} the sensor, any other {name} becomes metadata; + and # match without a name",
    }),
    qos: choice(
      "QoS",
      { qos0: "0: at most once", qos1: "1: at least once", qos2: "2: exactly once" },
      { default: "qos1" },
    ),
    codec: choice(
      "Format",
      {
        auto: "Detect it",
        json: "JSON",
        "senml-json": "SenML JSON",
        "senml-cbor": "SenML CBOR",
        msgpack: "MessagePack",
        plain: "Plain number or text",
        jsonata: "JSONata expression",
      },
      { default: "auto" },
    ),
    unit: text("Unit", {
      default: "1",
      maxLength: 64,
      when: { codec: withUnit },
      hint: "UCUM code of plain numbers: Cel, %, kPa",
    }),
    expression: code("Expression", {
      language: "jsonata",
      default: '{"deviceId": device, "sensor": "temperature", "value": payload.t, "unit": "Cel"}',
      required: true,
      when: { codec: "jsonata" },
      hint: "Gives one reading or an array of them, from payload, topic, device, sensor and receivedAt",
    }),
    shareGroup: text("Share group", {
      pattern: "^[^/+#]*$",
      patternReason: "expected a name without /, + and #",
      hint: "Gateways of one group share the messages out. Empty: each gets them all",
    }),
    ...group(
      "Device messages",
      {
        takeStatus: flag("Take status messages", { hint: "Out by the second output" }),
        statusTopic: text("Status topic", {
          default: "devices/{id}/status",
          required: true,
          ...topicPattern,
          when: { takeStatus: true },
        }),
        takeAlerts: flag("Take alert messages", { hint: "Out by the second output" }),
        alertsTopic: text("Alerts topic", {
          default: "devices/{id}/alerts",
          required: true,
          ...topicPattern,
          when: { takeAlerts: true },
        }),
      },
      { folded: true },
    ),
    ...group(
      "Arrival",
      {
        lateAfter: quantity("Late after", {
          unit: "s",
          default: 60,
          min: 0,
          hint: "Older readings are marked late; 0 marks none",
        }),
        futureAfter: quantity("Future beyond", {
          unit: "s",
          default: 60,
          min: 0,
          hint: "Readings dated further ahead are marked; 0 marks none",
        }),
        duplicates: choice("Duplicates", { mark: "Mark them", drop: "Leave them out", ignore: "Do not look for them" }),
        staleAfter: quantity("Stale after", {
          unit: "s",
          default: 60,
          min: 0,
          hint: "Without a message for so long the status turns yellow; 0 never",
        }),
      },
      { folded: true },
    ),
    ...group(
      "Batches",
      {
        batchTime: integer("Collect for", {
          unit: "ms",
          default: 5,
          min: 0,
          max: 10_000,
          hint: "What arrives within this time leaves as one message",
        }),
        batchSize: integer("At most", { unit: "readings", default: 1000, min: 1, max: 100_000 }),
        maxInFlow: integer("In the flow at most", {
          unit: "batches",
          default: 8,
          min: 1,
          max: 1000,
          hint: "Beyond it nothing is read until the flow has finished one: the broker waits",
        }),
        acknowledge: choice(
          "Acknowledge",
          { handedOver: "When handed to the flow", completed: "When the flow has finished" },
          {
            hint: "Of QoS 1 and 2. Timeseries out finishes when a reading is on disk. The second wants a persistent session",
          },
        ),
        flowLimit: quantity("Flow's time limit", {
          unit: "s",
          default: 30,
          min: 1,
          max: 3600,
          hint: "Then a slow node is not waited for again, or, with the second choice above, the broker is asked to send again",
        }),
      },
      { folded: true },
    ),
    ...group(
      "Limits of a message",
      {
        maxBytes: integer("Size", { unit: "bytes", default: 1_048_576, min: 1, max: 268_435_455 }),
        maxReadings: integer("Readings", { default: 10_000, min: 1, max: 1_000_000 }),
        maxDepth: integer("Nesting", { unit: "levels", default: 32, min: 1, max: 1000 }),
      },
      { folded: true },
    ),
  },
});
