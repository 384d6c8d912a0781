import {
  choice,
  configSchema,
  flag,
  group,
  integer,
  optionalQuantity,
  quantity,
  rows,
  text,
} from "../../../kit/schema";

const WIRED = { connection: "wire" } as const;
const SIMULATED = { connection: "simulated" } as const;

export const schema = configSchema("bus", {
  family: "sensors",
  summary:
    "A bus with sensors and actuators on it: I2C, SPI, serial, 1-Wire or GPIO; wired to this machine or simulated.",
  version: 1,
  config: {
    kind: choice("Kind", {
      i2c: "I2C",
      spi: "SPI",
      serial: "Serial line",
      oneWire: "1-Wire",
      gpio: "GPIO chip",
    }),
    connection: choice("Wired to", {
      simulated: "Nothing: it is simulated",
      wire: "This machine",
    }),
    i2cNumber: integer("Number", {
      default: 1,
      min: 0,
      max: 255,
      when: { kind: "i2c", ...WIRED },
      hint: "1 is /dev/i2c-1, the one on the header of a Raspberry Pi.",
    }),
    spiNumber: integer("Number", {
      default: 0,
      min: 0,
      max: 255,
      when: { kind: "spi", ...WIRED },
      hint: "0 is /dev/spidev0.x; the chip select and the mode are the part's.",
    }),
    maxSpeed: optionalQuantity("Fastest clock", {
      unit: "kHz",
      min: 1,
      max: 200_000,
      placeholder: "the part's",
      when: { kind: "spi", ...WIRED },
      hint: "For long wires, which carry less than the parts can.",
    }),
    path: text("Port", {
      default: "/dev/ttyUSB0",
      required: true,
      maxLength: 1024,
      when: { kind: "serial", ...WIRED },
      hint: "Names in /dev/serial/by-id stay the same when the machine starts anew.",
    }),
    baudRate: integer("Speed", {
      unit: "baud",
      default: 9600,
      min: 50,
      max: 4_000_000,
      when: { kind: "serial", ...WIRED },
      hint: "Parts of one fixed speed set it by themselves.",
    }),
    frame: choice(
      "Frame",
      {
        "8N1": "8 data bits, no parity, 1 stop bit",
        "8E1": "8 data bits, even parity, 1 stop bit",
        "8O1": "8 data bits, odd parity, 1 stop bit",
        "8N2": "8 data bits, no parity, 2 stop bits",
        "7E1": "7 data bits, even parity, 1 stop bit",
      },
      { when: { kind: "serial", ...WIRED } },
    ),
    master: text("Master", {
      default: "w1_bus_master1",
      required: true,
      pattern: "^[A-Za-z0-9_]+$",
      patternReason: "expected a name from /sys/bus/w1/devices such as w1_bus_master1",
      when: { kind: "oneWire", ...WIRED },
    }),
    chip: text("Chip", {
      default: "/dev/gpiochip0",
      required: true,
      maxLength: 1024,
      when: { kind: "gpio", ...WIRED },
      hint: "gpiodetect lists the chips, gpioinfo their lines.",
    }),
    ...group("Simulation", {
      everyPart: flag("Has every part that is asked for", {
        default: true,
        when: SIMULATED,
        hint: "Otherwise only the parts below are there, and others do not answer.",
      }),
      parts: rows(
        "Parts",
        {
          driver: text("Part", { required: true, placeholder: "bme280", maxLength: 64 }),
          place: text("At", { placeholder: "usual", maxLength: 64 }),
          options: text("Options", { placeholder: '{"range": "4"}', maxLength: 4096 }),
        },
        {
          when: SIMULATED,
          hint: "Parts as drivers are called. At: I2C address, chip select, ROM id, Modbus unit or GPIO line.",
        },
      ),
      courses: rows(
        "What they measure",
        {
          part: text("Part or place", { required: true, placeholder: "bme280", maxLength: 64 }),
          quantity: text("Quantity", { required: true, placeholder: "temperature", maxLength: 64 }),
          source: choice("Course", {
            constant: "constant",
            sine: "wave",
            daylight: "daylight",
            sawtooth: "ramp",
            square: "step",
            recording: "CSV file",
          }),
          value: quantity("From", {
            default: 20,
            when: { source: ["constant", "sine", "daylight", "sawtooth", "square"] },
          }),
          amplitude: quantity("By", { default: 5, when: { source: ["sine", "sawtooth", "square"] } }),
          period: quantity("Period, s", {
            default: 86_400,
            min: 0.001,
            when: { source: ["sine", "daylight", "sawtooth", "square"] },
          }),
          noise: quantity("Noise", {
            default: 0,
            min: 0,
            when: { source: ["constant", "sine", "daylight", "sawtooth", "square"] },
          }),
          file: text("File", { placeholder: "recordings/office.csv", when: { source: "recording" } }),
          column: text("Column", { placeholder: "as the quantity", when: { source: "recording" } }),
        },
        {
          when: SIMULATED,
          hint: "Otherwise than a part does by itself. A wave goes around From by By, ramp and step go up from From by By.",
        },
      ),
      faults: rows(
        "What goes wrong",
        {
          part: text("Part or place", { required: true, placeholder: "bme280", maxLength: 64 }),
          kind: choice("What", {
            dropout: "no power",
            nack: "does not answer",
            corrupt: "bits turn over",
            stuck: "value is stuck",
            spike: "spike",
            step: "step",
            drift: "drift",
          }),
          quantity: text("Quantity", {
            placeholder: "temperature",
            maxLength: 64,
            when: { kind: ["stuck", "spike", "step", "drift"] },
          }),
          amount: quantity("By", { default: 10, when: { kind: ["spike", "step", "drift"] } }),
          at: quantity("After, s", { default: 60, min: 0 }),
          duration: quantity("For, s", { default: 10, min: 0.001 }),
          every: quantity("Every, s", { default: 0, min: 0, hint: "0 for once" }),
        },
        { when: SIMULATED },
      ),
    }),
  },
});
