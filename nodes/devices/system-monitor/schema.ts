import { choice, choices, flag, group, integer, nodeSchema, quantity, rows, secret, text } from "../../../kit/schema";

const OWN_PORT = { prometheus: "port" } as const;
const SERVED = { prometheus: ["editor", "port"] } as const;

export const schema = nodeSchema("system-monitor", {
  family: "devices",
  icon: "system-monitor.svg",
  summary:
    "Tells how the gateway itself is: processor, memory, disk, temperature, event loop and nodes; also for Prometheus.",
  version: 1,
  inputs: 1,
  outputs: ["figures", "thresholds that were crossed"],
  config: {
    deviceId: text("Device id", {
      maxLength: 256,
      placeholder: "name of the machine",
      pattern: "^[^/+#]*$",
      patternReason: "expected an id without /, + and #",
    }),
    interval: quantity("Interval", {
      unit: "s",
      default: 10,
      min: 0.05,
      max: 86_400,
      hint: "A message asks for the figures at once.",
    }),
    ...group("Figures", {
      figures: choices(
        "Of",
        {
          cpu: "Processor",
          load: "Load",
          memory: "Memory",
          disk: "Disks",
          temperature: "Temperatures",
          uptime: "Uptime",
          process: "This process",
          eventLoop: "Event loop",
        },
        { default: ["cpu", "load", "memory", "disk", "temperature", "uptime", "process", "eventLoop"] },
      ),
      disks: rows(
        "Disks",
        {
          path: text("Path on it", { required: true, default: "/", maxLength: 1024 }),
          name: text("Name", { placeholder: "none needed for one", maxLength: 64, pattern: "^[^/+#]*$" }),
        },
        { default: [{ path: "/", name: "" }] },
      ),
      slowest: integer("Latency of", {
        unit: "slowest nodes",
        default: 5,
        min: 0,
        max: 100,
        hint: "Nodes of this pack: within what time 95 % of their messages of the interval were done.",
      }),
    }),
    ...group("Thresholds", {
      thresholds: rows(
        "Limits",
        {
          figure: text("Figure", { required: true, placeholder: "memory", maxLength: 128 }),
          direction: choice("Is", { above: "above", below: "below" }),
          limit: quantity("Limit", { default: 90 }),
          hysteresis: quantity("Back by", { default: 5, min: 0 }),
        },
        {
          different: "figure",
          default: [
            { figure: "cpu", direction: "above", limit: 90, hysteresis: 10 },
            { figure: "memory", direction: "above", limit: 90, hysteresis: 5 },
            { figure: "disk", direction: "above", limit: 90, hysteresis: 2 },
            { figure: "temperature", direction: "above", limit: 80, hysteresis: 5 },
            { figure: "eventloop.lag", direction: "above", limit: 200, hysteresis: 100 },
          ],
          hint: "Each becomes a sensor of its own, memory.exceeded, that is true beyond the limit and until the figure is back.",
        },
      ),
    }),
    ...group("Prometheus", {
      prometheus: choice("Served", {
        off: "not at all",
        editor: "with Node-RED's editor, under its login",
        port: "on a port of its own, under /metrics",
      }),
      host: text("Address", {
        default: "127.0.0.1",
        required: true,
        maxLength: 256,
        when: OWN_PORT,
        hint: "127.0.0.1 is for this machine only, 0.0.0.0 for every network it is in: give a token then.",
      }),
      port: integer("Port", { default: 9464, min: 1, max: 65_535, when: OWN_PORT }),
      ofNode: flag("Node.js's own metrics too", {
        default: true,
        when: SERVED,
        hint: "nodejs_ and process_: garbage collection, heap spaces, handles.",
      }),
    }),
  },
  credentials: {
    token: secret("Token", {
      group: "Prometheus",
      when: OWN_PORT,
      hint: "Who asks says Authorization: Bearer and this. Empty for anyone.",
    }),
  },
});
