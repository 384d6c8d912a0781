import { defineNode } from "../../../kit";
import type { DeviceEvent, Registry } from "../../../lib/registry";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const registry = context.use<Registry>("registry");
  const wanted: ReadonlySet<string> = new Set(context.config.events);
  return {
    start() {
      context.status.idle("no event yet");
      context.listen(registry, "event", (event: DeviceEvent) => {
        if (!wanted.has(event.event)) return;
        context.emit({ topic: event.device.id, payload: event });
        context.metrics.count(event.event);
        context.status.ok(`${event.device.name ?? event.device.id}: ${event.event}`);
      });
    },
  };
});
