import { flag, group, integer, link, nodeSchema, quantity, strings, text } from "../../../kit/schema";

export const schema = nodeSchema("federated-client", {
  family: "intelligence",
  icon: "federated-client.svg",
  summary:
    "Takes part in training a model together with other gateways: readings stay here, only what training changed is sent.",
  version: 1,
  inputs: 1,
  outputs: ["predictions of the shared model"],
  config: {
    broker: link("Broker", "gatewise-broker"),
    group: text("Group", {
      default: "gateways",
      required: true,
      maxLength: 64,
      pattern: "^[^/+#]+$",
      patternReason: "expected a name without /, + and #",
      hint: "As at the federated server",
    }),
    client: text("Name of this client", {
      maxLength: 200,
      pattern: "^[^/+#]*$",
      patternReason: "expected a name without /, + and #",
      placeholder: "the broker's user or client id",
      hint: "Each gateway of the group has its own. The broker should let nobody else publish in this name: see the help.",
    }),
    ...group("Readings", {
      sensors: strings("Input sensors", {
        required: true,
        placeholder: "speed, load",
        hint: "Those of the server's model. Nothing is trained on sensors that are not named here, whatever a server asks for.",
      }),
      target: text("Sensor to predict", { required: true, placeholder: "temperature" }),
      hold: quantity("Values stand for", {
        unit: "s",
        default: 0,
        min: 0,
        max: 86_400,
        hint: "Readings of one device and time make a row. For sensors that report slower than others: how long their last value may be used.",
      }),
      minRows: integer("Takes part from", {
        unit: "rows",
        default: 50,
        min: 1,
        max: 1_000_000,
        hint: "With fewer, the client waits.",
      }),
      maxRows: integer("Rows kept", {
        unit: "rows",
        default: 5000,
        min: 1,
        max: 1_000_000,
        hint: "The newest, of all devices together. A thousand rows of ten sensors take 80 kB.",
      }),
    }),
    ...group("Results", {
      predictions: flag("Predict", {
        default: true,
        hint: "Gives the shared model's value for every row of inputs, as the reading {sensor}.predicted.",
      }),
      store: link("Store", "gatewise-store", {
        required: false,
        hint: "Keeps the rows over redeploys and restarts. They stay on this gateway.",
      }),
    }),
  },
  commands: {
    reset: "forgets all rows, also in the store",
  },
  keepState: ["broker", "group", "client", "hold", "minRows", "maxRows", "predictions"],
});
