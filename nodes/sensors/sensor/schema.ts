import { choice, code, flag, group, link, nodeSchema, quantity, rows, text } from "../../../kit/schema";

const ADAPTIVE = { trigger: "interval", adaptive: true } as const;

export const schema = nodeSchema("sensor", {
  family: "sensors",
  icon: "sensor.svg",
  summary: "Reads a sensor on a bus: every channel becomes a reading with its unit and quality.",
  version: 1,
  inputs: 1,
  outputs: ["readings", "blocks of samples"],
  config: {
    bus: link("Bus", "gatewise-bus"),
    driver: text("Part", {
      default: "bme280",
      required: true,
      maxLength: 64,
      pattern: "^[A-Za-z][A-Za-z0-9]*$",
      patternReason: "expected a part from the list",
    }),
    place: text("Address", {
      maxLength: 64,
      placeholder: "the part's usual one",
      hint: "I2C address, chip select, 1-Wire ROM id or Modbus unit.",
    }),
    options: code("Options", {
      language: "json",
      default: "{}",
      hint: "What the part can be set to, as it is stored.",
    }),
    deviceId: text("Device id", {
      maxLength: 256,
      placeholder: "name of the node, or part and address",
      pattern: "^[^/+#]*$",
      patternReason: "expected an id without /, + and #",
      hint: "The device that the readings are from.",
    }),
    ...group("When", {
      trigger: choice("Read", {
        interval: "At an interval",
        input: "When a message arrives",
        spoken: "Whenever the part speaks",
      }),
      interval: quantity("Interval", {
        unit: "s",
        default: 60,
        min: 0.01,
        max: 86_400,
        when: { trigger: "interval" },
      }),
      adaptive: flag("Faster when something happens", {
        when: { trigger: "interval" },
        hint: "After two anomalies in a row, and step by step back when they are over.",
      }),
      fastInterval: quantity("Fast interval", { unit: "s", default: 5, min: 0.01, max: 86_400, when: ADAPTIVE }),
      anomalies: choice(
        "Anomalies are",
        {
          own: "values far from the channel's own mean",
          input: "verdicts that come back by the input",
        },
        { when: ADAPTIVE },
      ),
      threshold: quantity("Far is", {
        unit: "standard deviations",
        default: 4,
        min: 1,
        max: 1000,
        when: { ...ADAPTIVE, anomalies: "own" },
      }),
    }),
    ...group(
      "Analog probes",
      {
        probes: rows(
          "Probes",
          {
            input: text("Input", { required: true, placeholder: "input0", maxLength: 64 }),
            kind: choice("Is", { soil: "soil moisture", ph: "pH electrode", table: "other" }),
            sensor: text("Channel", { placeholder: "its own", maxLength: 256 }),
            unit: text("Unit", { placeholder: "Cel", maxLength: 64, when: { kind: "table" } }),
            points: text("Volts = value", { required: true, placeholder: "2.8 = 0, 1.2 = 100", maxLength: 4096 }),
          },
          {
            hint: "For converters: what is connected, and at least two voltages with what they stand for. Soil: 0 is dry, 100 wet. pH: in one or two buffers.",
          },
        ),
      },
      { folded: true },
    ),
    ...group("What comes out", {
      deliver: choice("Deliver", {
        values: "One value a channel",
        blocks: "Blocks of samples, with their mean, rms and peak",
      }),
      calibration: rows(
        "Calibration",
        {
          sensor: text("Channel", { required: true, placeholder: "temperature", maxLength: 256 }),
          gain: quantity("Times", { default: 1 }),
          offset: quantity("Plus", { default: 0 }),
        },
        { hint: "Corrects this one part: what it measures, times a gain, plus an offset." },
      ),
    }),
  },
  commands: {
    read: "reads now; any other message does so too, unless verdicts are expected",
  },
});
