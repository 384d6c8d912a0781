import { choice, group, integer, link, nodeSchema, quantity, text } from "../../../kit/schema";

const CUSTOM = { signal: "pulses", meter: "other" } as const;

export const schema = nodeSchema("gpio-in", {
  family: "sensors",
  icon: "gpio-in.svg",
  summary: "Watches a GPIO line: a door or switch, a motion detector, or the pulses of a meter.",
  version: 1,
  inputs: 1,
  outputs: ["readings"],
  config: {
    bus: link("Chip", "gatewise-bus"),
    line: integer("Line", {
      default: 17,
      min: 0,
      max: 9999,
      hint: "The number of the line on its chip, as gpioinfo lists it.",
    }),
    deviceId: text("Device id", {
      maxLength: 256,
      placeholder: "name of the node, or line-17",
      pattern: "^[^/+#]*$",
      patternReason: "expected an id without /, + and #",
      hint: "The device that the readings are from.",
    }),
    wiring: choice("Wired", {
      toGround: "Contact to ground: active is low, pulled up",
      toSupply: "Contact to the supply: active is high, pulled down",
      driven: "Output that drives the line: active is high",
      drivenLow: "Output that drives the line: active is low",
    }),
    debounce: quantity("Debounce", {
      unit: "ms",
      default: 20,
      min: 0,
      max: 60_000,
      hint: "A level that lasts less does not count; 0 for pulses of more than 10 Hz from electronics.",
    }),
    signal: choice("It is", {
      state: "A door, switch or contact",
      motion: "A motion detector (PIR)",
      pulses: "A meter with pulses: flow, rain, wind, energy",
    }),
    ...group("Signal", {
      sensor: text("Channel", {
        default: "active",
        required: true,
        maxLength: 256,
        when: { signal: "state" },
        hint: "What true means: open, wet, running.",
      }),
      duration: text("Channel of durations", {
        maxLength: 256,
        placeholder: "none",
        when: { signal: "state" },
        hint: "Says for how many seconds it was so, each time it ends: openFor.",
      }),
      hold: quantity("Motion lasts", {
        unit: "s",
        default: 30,
        min: 0,
        max: 86_400,
        when: { signal: "motion" },
        hint: "After the detector has become quiet; what it says in between is one motion.",
      }),
      warmUp: quantity("Warms up for", { unit: "s", default: 60, min: 0, max: 3600, when: { signal: "motion" } }),
      meter: choice(
        "Meter",
        {
          other: "Other",
          yfS201: "Flow meter YF-S201",
          yfB5: "Flow meter YF-B5",
          argentRain: "Rain gauge of the SparkFun weather kit (Argent 80422)",
          argentWind: "Anemometer of the SparkFun weather kit (Argent 80422)",
          davisRain: "Rain collector Davis 6463M",
          energy1000: "Energy meter, 1000 pulses per kWh",
        },
        { when: { signal: "pulses" } },
      ),
      amount: quantity("A pulse is", { default: 1, min: 1e-9, when: CUSTOM }),
      unit: text("Unit of it", {
        default: "1",
        required: true,
        maxLength: 64,
        when: CUSTOM,
        hint: "UCUM code: L, mm, W.h",
      }),
      per: choice("Rate by", { s: "second", min: "minute", h: "hour" }, { when: CUSTOM }),
      every: quantity("Say it every", {
        unit: "s",
        default: 10,
        min: 0.1,
        max: 86_400,
        when: { signal: "pulses" },
      }),
      edges: choice(
        "Counts",
        { active: "when it becomes active", inactive: "when it stops being active", both: "both" },
        { when: CUSTOM },
      ),
      store: link("Store", "gatewise-store", {
        required: false,
        when: { signal: "pulses" },
        hint: "Keeps the count over restarts.",
      }),
    }),
  },
  commands: { reset: "counts from nothing again" },
  keepState: ["debounce", "sensor", "duration", "hold", "warmUp", "per", "every"],
});
