import { choice, configSchema, group, integer, link, strings, text } from "../../../kit/schema";

export const schema = configSchema("registry", {
  family: "devices",
  summary: "Knows every device: what it is, whether it is online, and when it was last heard.",
  version: 1,
  config: {
    store: link("Store", "gatewise-store", {
      required: false,
      hint: "Keeps the devices over restarts. Without one they are forgotten at the next deploy.",
    }),
    autoRegistration: choice("Unknown devices", {
      on: "register themselves when first heard",
      listed: "register themselves if their id is listed",
      off: "must be registered by hand",
    }),
    listed: strings("Known ids", {
      required: true,
      when: { autoRegistration: "listed" },
      placeholder: "pump-1, ward-*",
      hint: "Ids with commas between them; * stands for any characters.",
    }),
    offlineAfter: integer("Offline after", {
      unit: "s of silence",
      default: 300,
      min: 1,
      max: 31_536_000,
      hint: "A device may have a time of its own, as its offlineAfter.",
    }),
    ...group(
      "More",
      {
        set: text("Set of devices", {
          default: "devices",
          required: true,
          maxLength: 64,
          hint: "Two registries in one store need two names.",
        }),
        maxDevices: integer("At most", { unit: "devices", default: 200_000, min: 1, max: 2_000_000 }),
      },
      { folded: true },
    ),
  },
});
