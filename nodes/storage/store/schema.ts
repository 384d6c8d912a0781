import { choice, configSchema, group, optionalQuantity, quantity, text } from "../../../kit/schema";

export const schema = configSchema("store", {
  family: "storage",
  summary: "One SQLite file that keeps what must outlast a restart: devices, alerts, outboxes, states and history.",
  version: 1,
  config: {
    file: text("File", {
      default: "gatewise/gatewise.db",
      required: true,
      maxLength: 1024,
      hint: "Below Node-RED's user directory, unless it begins with /. Made when it does not exist.",
    }),
    sync: choice(
      "Survives",
      { normal: "a crash or kill of Node-RED", full: "a power cut too (slower)" },
      { hint: "Power cuts never damage the file: without the slower way they may take the last moments with them." },
    ),
    ...group("History", {
      maxMegabytes: quantity("Size of the file", {
        unit: "MB",
        default: 1024,
        min: 16,
        max: 10_000_000,
        hint: "Beyond it the oldest history goes. What else is kept is never removed for it.",
      }),
      historyDays: optionalQuantity("Age of history", {
        unit: "days",
        min: 1,
        max: 36_500,
        placeholder: "unlimited",
        hint: "Readings that arrived longer ago go, within a few hours.",
      }),
    }),
  },
});
