import { choice, choices, link, nodeSchema } from "../../../kit/schema";

export const schema = nodeSchema("device", {
  family: "devices",
  icon: "device.svg",
  summary:
    "Tells the registry which devices are heard, lets only known devices through, and looks up or changes devices.",
  version: 1,
  inputs: 1,
  outputs: ["readings of known devices", "answers to commands"],
  config: {
    registry: link("Registry", "gatewise-registry"),
    unknown: choice(
      "Unknown devices",
      { refuse: "are refused with an error", pass: "pass all the same" },
      { hint: "Devices that the registry does not let register themselves." },
    ),
    enrich: choices(
      "Add to readings",
      { name: "name", type: "type", location: "location", firmwareVersion: "firmware version" },
      { default: [], hint: "Written into the readings' metadata. What a reading says itself stays." },
    ),
  },
  commands: {
    list: "a page of the devices that match the payload's status, type, tag and text; sort, offset and limit",
    get: "the device whose id is the payload",
    register: "registers the device in the payload, an object with its id and fields",
    update: "changes the fields in the payload of the device with its id; null removes a field",
    delete: "removes the device whose id is the payload",
    import:
      "registers the devices in the payload, CSV or JSON; msg.existing is refuse, update or skip; msg.dryRun only checks",
    export: "all devices that match the payload, as text; msg.format is csv or json",
  },
});
