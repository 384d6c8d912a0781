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
    isInput: (msg) => isReport(msg.payload),
    input(msg, refuse) {
      const report = msg.payload as StatusReport;
      if (!registry.reportStatus(report.deviceId, report.content)) refuse(report, registry.whyRefused(report.deviceId));
      context.metrics.count("status reports");
      return null;
    },
    commands: Object.fromEntries(commands),
  };
});

/** What `telemetry in` makes of a device's status message. */
interface StatusReport {
  readonly kind: "status";
  readonly deviceId: string;
  readonly content: unknown;
}

function isReport(payload: unknown): payload is StatusReport {
  if (typeof payload !== "object" || payload === null) return false;
  const { kind, deviceId, content } = payload as Record<string, unknown>;
  return kind === "status" && typeof deviceId === "string" && content !== undefined;
}
