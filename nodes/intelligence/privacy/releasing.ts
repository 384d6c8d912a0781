import type { Behaviour, NodeContext } from "../../../kit";
import { Budget, isClockSet, Ledger } from "../../../lib/privacy";
import type { Reading } from "../../../lib/reading";
import type { StoreService } from "../../../lib/store/contract";
import { Releases } from "./releases";
import type { schema } from "./schema";

const HOUR_MS = 3_600_000;

/** What the node does, apart from the node's module: it is loaded only where a flow uses it. */
export function openReleasing(context: NodeContext<typeof schema>): Behaviour {
  const { config, metrics, status } = context;
  const store = context.useIf<StoreService>("store");
  const budget = new Budget({
    epsilon: config.budget,
    delta: config.mechanism === "gaussian" ? config.delta : 0,
    periodMs: config.period * HOUR_MS,
  });
  const ledger = new Ledger(budget, config.ledger || context.id, store);
  const releases = new Releases(config, ledger);

  ledger.forgetRefilled(Date.now());
  context.every(HOUR_MS, () => ledger.forgetRefilled(Date.now()));
  status.idle(store ? "no readings yet" : "no store: a restart of Node-RED makes all budgets whole");

  const showStatus = (): void => {
    const [released, spent] = [metrics.counted("released"), metrics.counted("without budget")];
    const isRefilled = config.period === 0 || isClockSet(Date.now());
    const text = [
      `${released} released${spent > 0 ? `, ${spent} without budget` : ""}`,
      ...(isRefilled ? [] : ["no budget is refilled until the clock is set"]),
      ...(store ? [] : ["kept in memory only"]),
    ].join("; ");
    if (spent > 0 || !isRefilled) status.warn(text);
    else status.ok(text);
  };

  return {
    readings(batch, _msg, refuse) {
      const now = Date.now();
      const out: Reading[] = [];
      for (const reading of batch) {
        const outcome = releases.take(reading, now);
        if (outcome.kind === "refused") refuse(withoutValue(reading), outcome.reason);
        else if (outcome.kind === "suppressed") metrics.count("without budget");
        else if (outcome.kind === "repeated") {
          metrics.count("without budget");
          out.push(outcome.reading);
        } else if (outcome.kind === "released") {
          metrics.count("released");
          out.push(outcome.reading);
        } else metrics.count(outcome.kind);
      }
      // On disk before anything leaves. When it cannot be written, the message fails and nothing does.
      ledger.commit();
      showStatus();
      return out;
    },
  };
}

/** A refusal goes to logs and catch nodes: they must not tell what was to be hidden. */
function withoutValue({ deviceId, sensor, unit, timestamp }: Reading): Partial<Reading> {
  return { deviceId, sensor, unit, timestamp };
}
