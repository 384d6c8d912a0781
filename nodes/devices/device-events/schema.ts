import { choices, link, nodeSchema } from "../../../kit/schema";

export const schema = nodeSchema("device-events", {
  family: "devices",
  icon: "device-events.svg",
  summary: "Tells when devices register, come online, go offline or change.",
  version: 1,
  inputs: 0,
  outputs: ["device events"],
  config: {
    registry: link("Registry", "gatewise-registry"),
    events: choices(
      "Tell when a device",
      {
        registered: "is registered",
        online: "comes online",
        offline: "goes offline",
        changed: "changes",
        deleted: "is deleted",
      },
      { default: ["registered", "online", "offline", "changed", "deleted"], required: true },
    ),
  },
});
