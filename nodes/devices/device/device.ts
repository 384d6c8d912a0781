import { defineNode, type NodeMessage, type Outputs, ports } from "../../../kit";
import { Enricher, Intake, type Registry } from "../../../lib/registry";
import { commandsOn } from "./commands";
import { schema } from "./schema";

const STATUS_MS = 2000;

export default defineNode(schema, (context) => {
  const registry = context.use<Registry>("registry");
  const { enrich, unknown } = context.config;
  const enricher = enrich.length > 0 ? new Enricher(registry, enrich) : undefined;
  const intake = new Intake(registry, { passUnknown: unknown === "pass", enricher });

  const showStatus = (): void => {
    const { online, offline, maintenance, error } = registry.counts;
    const others = [
      maintenance > 0 ? `${maintenance} in maintenance` : "",
      error > 0 ? `${error} in error` : "",
      offline > 0 ? `${offline} offline` : "",
    ].filter((text) => text !== "");
    const text = [`${online} online`, ...others].join(", ");
    if (error > 0) context.status.warn(text);
    else if (online > 0) context.status.ok(text);
    else context.status.idle(text);
  };

  const answer = async (msg: NodeMessage, work: (msg: NodeMessage) => unknown): Promise<Outputs> =>
    ports(null, { ...msg, payload: await work(msg) });
  const commands = Object.entries(commandsOn(registry)).map(([name, work]) => [
    name,
    (msg: NodeMessage) => answer(msg, work),
  ]);

  return {
    start() {
      showStatus();
      context.every(STATUS_MS, showStatus);
    },
    readings: (batch, _msg, refuse) => intake.take(batch, Date.now(), refuse),
    isInput: (msg) => isDeviceMessage(msg.payload),
    input(msg, refuse) {
      const message = msg.payload as DeviceMessage;
      if (!take(registry, message)) refuse(message, registry.whyRefused(message.deviceId));
      context.metrics.count(`${message.kind} messages`);
      return null;
    },
    commands: Object.fromEntries(commands),
  };
});

/** What `telemetry in` makes of a device's status and alerts messages, as far as it matters here. */
interface DeviceMessage {
  readonly kind: "status" | "alerts";
  readonly deviceId: string;
  readonly retained?: boolean;
  readonly content: unknown;
}

function isDeviceMessage(payload: unknown): payload is DeviceMessage {
  if (typeof payload !== "object" || payload === null) return false;
  const { kind, deviceId, content } = payload as Record<string, unknown>;
  return (kind === "status" || kind === "alerts") && typeof deviceId === "string" && content !== undefined;
}

/** A status is taken over; of alerts it matters that the device was heard. False when the device is refused. */
function take(registry: Registry, { kind, deviceId, content, retained = false }: DeviceMessage): boolean {
  if (kind === "status") return registry.reportStatus(deviceId, content, Date.now(), retained);
  return retained || registry.touch(deviceId, Date.now());
}
