import { defineNode, type NodeContext, type NodeMessage, type Outputs, ports, several } from "../../../kit";
import { ALERT_COMMANDS, type AlertEvent, AlertRules, AlertStore, runCommand } from "../../../lib/alert";
import type { Reading } from "../../../lib/reading";
import type { StoreService } from "../../../lib/store/contract";
import { AlertKeeper } from "./keeper";
import { rulesOf } from "./rules-of";
import { schema } from "./schema";

/** Finest step of delays that run out and silences that are noticed while nothing arrives. */
const TICK_MS = 1000;

export default defineNode(schema, (context) => {
  const rules = new AlertRules(rulesOf(context.config, context.id, context.name));
  const store = context.useIf<StoreService>("store");
  const keeper = new AlertKeeper(context, rules, store && new AlertStore(store, context.id));

  /** What goes out for these events, once they are safely kept. */
  const told = (events: readonly AlertEvent[], batch?: readonly Reading[]): Outputs => {
    if (events.length === 0) return ports(null, batch);
    for (const { event } of events) context.metrics.count(event);
    keeper.keep(events);
    showStatus(context, rules);
    return ports(several(events.map((event) => ({ topic: event.id, payload: event }))), batch);
  };

  const orders = ALERT_COMMANDS.map((command) => [
    command,
    (msg: NodeMessage) => told(runCommand(rules, command, msg.payload, Date.now())),
  ]);

  return {
    start() {
      keeper.restore();
      showStatus(context, rules);
      context.every(TICK_MS, () => {
        context.emit(told(rules.tick(Date.now())));
        showStatus(context, rules);
      });
    },
    readings: (batch) => told(rules.evaluate(batch, Date.now()), batch),
    commands: {
      ...Object.fromEntries(orders),
      list: (msg) => ports(null, null, { ...msg, payload: rules.list() }),
    },
  };
});

function showStatus(context: NodeContext<typeof schema>, rules: AlertRules): void {
  const { bySeverity, standing, open } = rules.counts();
  const { late, incomparable, evicted } = rules.losses;
  const losses = [
    late > 0 ? `${late} late` : "",
    incomparable > 0 ? `${incomparable} not comparable` : "",
    evicted > 0 ? `${evicted} series forgotten` : "",
  ].filter((loss) => loss !== "");
  const silenced = standing - [...bySeverity.values()].reduce((sum, count) => sum + count, 0);
  const parts = [
    ...[...bySeverity].map(([severity, count]) => `${count} ${severity}`),
    silenced > 0 ? `${silenced} silenced` : "",
    standing > 0 && open === 0 ? "all acknowledged" : "",
  ].filter((part) => part !== "");
  const text = [parts.length > 0 ? parts.join(", ") : "no alerts", ...losses].join("; ");
  if (open > 0 || losses.length > 0) context.status.warn(text);
  else context.status.ok(text);
}
