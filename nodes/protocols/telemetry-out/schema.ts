import { choice, code, flag, group, integer, link, nodeSchema, text } from "../../../kit/schema";

export const schema = nodeSchema("telemetry-out", {
  family: "protocols",
  icon: "telemetry-out.svg",
  summary:
    "Publishes readings over MQTT, one message for each device of a batch, and is done when the broker has confirmed them.",
  version: 1,
  inputs: 1,
  outputs: [],
  config: {
    broker: link("Broker", "gatewise-broker"),
    topic: text("Topic", {
      default: "devices/{id}/telemetry",
      required: true,
      hint: "{id} is the reading's device, {sensor} its sensor, any other {name} its metadata",
    }),
    codec: choice("Format", {
      json: "JSON",
      "senml-json": "SenML JSON",
      "senml-cbor": "SenML CBOR",
      msgpack: "MessagePack",
      plain: "Plain value",
      jsonata: "JSONata expression",
    }),
    expression: code("Expression", {
      language: "jsonata",
      default: '{"values": readings.{"name": sensor, "value": value}}',
      required: true,
      when: { codec: "jsonata" },
      hint: "Gives the payload from readings",
    }),
    qos: choice(
      "QoS",
      { qos0: "0: at most once", qos1: "1: at least once", qos2: "2: exactly once" },
      { default: "qos1" },
    ),
    retain: flag("Retain", { hint: "The broker keeps the last message of each topic for who subscribes later" }),
    ...group(
      "Flow",
      {
        inFlight: integer("Unconfirmed at most", {
          unit: "batches",
          default: 16,
          min: 1,
          max: 1000,
          hint: "Further batches wait in front of the node, in their order",
        }),
      },
      { folded: true },
    ),
  },
});
