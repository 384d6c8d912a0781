import { code, group, link, nodeSchema, optionalQuantity, text } from "../../../kit/schema";

const DAY_S = 86_400;

export const schema = nodeSchema("actuator", {
  family: "sensors",
  icon: "actuator.svg",
  summary: "Sets an output on a bus, such as a relay, valve, motor or display, and keeps it safe.",
  version: 1,
  inputs: 1,
  outputs: ["what was set"],
  config: {
    bus: link("Bus", "gatewise-bus"),
    driver: text("Part", {
      default: "pca9685",
      required: true,
      maxLength: 64,
      pattern: "^[A-Za-z][A-Za-z0-9]*$",
      patternReason: "expected a part from the list",
    }),
    place: text("Address", {
      maxLength: 64,
      placeholder: "the part's usual one",
      hint: "I2C address or chip select; lines of GPIO are among the options.",
    }),
    options: code("Options", {
      language: "json",
      default: "{}",
      hint: "What the part can be set to, as it is stored.",
    }),
    output: text("Output", {
      maxLength: 64,
      placeholder: "the first",
      hint: "Of parts with several: channel3, motor0.",
    }),
    deviceId: text("Device id", {
      maxLength: 256,
      placeholder: "name of the node, or part and address",
      pattern: "^[^/+#]*$",
      patternReason: "expected an id without /, + and #",
      hint: "The device that the readings of what was set are from.",
    }),
    ...group("Safety", {
      safe: text("Safe value", {
        maxLength: 256,
        placeholder: "the part's: off, 0, empty",
        hint: "Set at start, at close and when the input is lost.",
      }),
      inputTimeout: optionalQuantity("Input is lost after", {
        unit: "s",
        min: 0.1,
        max: 365 * DAY_S,
        placeholder: "never",
        hint: "Without a message for so long the output goes to its safe value.",
      }),
      maxOn: optionalQuantity("On for at most", {
        unit: "s",
        min: 0.1,
        max: 365 * DAY_S,
        placeholder: "ever",
        hint: "Then it is switched off, and stays off until off has been asked for.",
      }),
      minOn: optionalQuantity("On for at least", {
        unit: "s",
        min: 0,
        max: DAY_S,
        placeholder: "0",
        hint: "For compressors and pumps; going safe does not wait.",
      }),
      minOff: optionalQuantity("Off for at least", { unit: "s", min: 0, max: DAY_S, placeholder: "0" }),
      low: optionalQuantity("Lowest value", { placeholder: "the part's" }),
      high: optionalQuantity("Highest value", { placeholder: "the part's" }),
    }),
  },
});
