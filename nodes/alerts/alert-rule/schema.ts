import {
  choice,
  code,
  flag,
  group,
  integer,
  link,
  multiline,
  nodeSchema,
  optionalQuantity,
  quantity,
  rows,
  strings,
  text,
} from "../../../kit/schema";

const SEVERITIES = { critical: "Critical", high: "High", medium: "Medium", low: "Low", info: "Info" } as const;

const EXAMPLE = `{
  "device_ids": ["greenhouse-*"],
  "sensor_types": ["temperature"],
  "conditions": { "min_value": 5, "max_value": 35 },
  "message": "{{deviceId}}: {{value}} {{unit}} is out of range",
  "severity": "high"
}`;

export const schema = nodeSchema("alert-rule", {
  family: "alerts",
  icon: "alert-rule.svg",
  summary:
    "Watches readings against limits and tells when an alert is raised, changes, is acknowledged and is cleared.",
  version: 1,
  inputs: 1,
  outputs: ["alert events", "readings, passed through", "answers to the list command"],
  config: {
    mode: choice("Rule", { limits: "Limits in a table", json: "Simple JSON" }),
    limits: rows(
      "Limits",
      {
        op: choice("When the value is", {
          ">": "above",
          ">=": "at or above",
          "<": "below",
          "<=": "at or below",
          "==": "equal to",
          "!=": "not",
        }),
        value: text("Limit", { required: true, placeholder: "38.5, true, open", maxLength: 256 }),
        severity: choice("Severity", SEVERITIES, { default: "high" }),
        deadband: optionalQuantity("Deadband", {
          min: 0,
          hint: "how far the value must come back before it counts as normal",
        }),
      },
      {
        when: { mode: "limits" },
        default: [{ op: ">", severity: "high" }],
        hint: "The worst limit that is met decides the severity.",
      },
    ),
    rules: code("Rules", {
      language: "json",
      default: EXAMPLE,
      when: { mode: "json" },
      hint: "One rule, an array of them, or {rules: [...]}: device_ids, sensor_types, conditions (min_value, max_value, equals), message, severity.",
    }),
    ...group("Which readings", {
      devices: strings("Devices", {
        when: { mode: "limits" },
        placeholder: "all; or pump-1, greenhouse-*",
        hint: "Ids with commas between them; * stands for any characters.",
      }),
      sensors: strings("Sensors", { when: { mode: "limits" }, placeholder: "all; or temperature, *.temp" }),
      quality: choice("Quality", {
        notBad: "Good and uncertain",
        goodOnly: "Good only",
        any: "Any, bad ones too",
      }),
      historical: flag("Evaluate historical readings", {
        hint: "What is replayed from a buffer or file normally raises nothing.",
      }),
    }),
    ...group("Timing", {
      onDelay: quantity("Raise after", {
        unit: "s",
        default: 0,
        min: 0,
        max: 31_536_000,
        hint: "How long a limit has to be met without a break.",
      }),
      offDelay: quantity("Clear after", {
        unit: "s",
        default: 0,
        min: 0,
        max: 31_536_000,
        hint: "How long the value has to be back without a break.",
      }),
      repeatCount: integer("At least", { unit: "readings beyond the limit", default: 1, min: 1, max: 1000 }),
      repeatWindow: quantity("within", { unit: "s", default: 300, min: 0.001, max: 31_536_000 }),
    }),
    ...group("Silence", {
      noData: flag("Alert when a series falls silent"),
      noDataAfter: quantity("Silent for", {
        unit: "s",
        default: 300,
        min: 0.1,
        max: 31_536_000,
        when: { noData: true },
      }),
      noDataSeverity: choice("Severity", SEVERITIES, { default: "medium", when: { noData: true } }),
    }),
    ...group(
      "Message",
      {
        message: multiline("Raised", {
          when: { mode: "limits" },
          maxLength: 4096,
          placeholder: "{{deviceId}} {{sensor}} is {{value}} {{unit}} ({{limit}})",
          hint: "May use {{deviceId}}, {{sensor}}, {{value}}, {{unit}}, {{limit}}, {{severity}}, {{rule}}, {{labels.x}}, {{metadata.x}}; {{metadata.name|deviceId}} takes the first that is there.",
        }),
        clearMessage: text("Cleared", {
          maxLength: 4096,
          placeholder: "{{deviceId}} {{sensor}} is back at {{value}} {{unit}}",
        }),
        labels: rows(
          "Labels",
          { name: text("Name", { required: true, maxLength: 64 }), value: text("Value", { maxLength: 256 }) },
          {
            when: { mode: "limits" },
            hint: "Travel with every event and are part of the alert's identity: site, ward, team.",
          },
        ),
      },
      { folded: true },
    ),
    ...group("Operation", {
      latch: flag("Latch", { hint: "An alert stays until somebody has acknowledged it, even when the value is back." }),
      store: link("Store", "gatewise-store", {
        required: false,
        hint: "Keeps alerts over restarts, so that none is raised twice or forgotten.",
      }),
    }),
  },
  commands: {
    acknowledge:
      'acknowledges the alert whose id is in msg.payload; {id, by, comment} says who and why; "all" means every one',
    shelve: "silences alerts for a time: {id or deviceId, minutes, by}. They go on being evaluated",
    unshelve: "ends a shelving before its time",
    suppress: "silences alerts until unsuppress: {id or deviceId, by}",
    unsuppress: "ends a suppression",
    outOfService: "silences alerts for maintenance until backInService: {id or deviceId, by}",
    backInService: "ends the maintenance",
    clear: "ends standing alerts, for devices that are gone; readings beyond a limit raise them again",
    list: "answers by the third output with every alert that stands or is silenced",
  },
});
