import { type Behaviour, defineNode } from "../../../kit";
import { GroupCommit } from "../../../lib/outbox";
import type { Reading } from "../../../lib/reading";
import type { StoreService } from "../../../lib/store";
import { InfluxOutbox } from "./influx-outbox";
import type { Context } from "./node-context";
import { schema } from "./schema";

/** Messages that may be on their way to the disk at once: what arrives together is committed together. */
const IN_FLIGHT = 256;

export default defineNode(schema, (context) =>
  context.config.target === "influxdb" ? toInflux(context) : toStore(context),
);

function toInflux(context: Context): Behaviour {
  const outbox = new InfluxOutbox(context);
  return {
    inFlight: IN_FLIGHT,
    start: () => outbox.start(),
    async readings(batch, _msg, refuse) {
      await outbox.accept(batch, refuse);
      return undefined;
    },
    commands: {
      flush: async (msg) => ({ ...msg, payload: await outbox.flush() }),
      stats: (msg) => ({ ...msg, payload: outbox.stats() }),
      "dead-letters": (msg) => ({ ...msg, payload: outbox.deadLetters(msg.limit) }),
      "retry-dead-letters": (msg) => ({ ...msg, payload: outbox.retryDeadLetters() }),
      "clear-dead-letters": (msg) => ({ ...msg, payload: outbox.clearDeadLetters() }),
    },
    close: (removed) => outbox.close(removed),
  };
}

/** Nothing waits on this side: done is on disk, so that flushing has nothing to do and nothing is rejected later. */
function toStore(context: Context): Behaviour {
  const { history } = context.use<StoreService>("store");
  let written = 0;
  const commit = new GroupCommit((batches: readonly (readonly Reading[])[]) => {
    history.append(batches.length === 1 ? (batches[0] ?? []) : batches.flat());
    return [];
  });
  const stats = () => ({ accepted: written, written, waiting: 0, dropped: 0 });
  context.status.idle("embedded store");
  return {
    inFlight: IN_FLIGHT,
    async readings(batch) {
      await commit.append(batch);
      written += batch.length;
      context.status.ok("embedded store");
      return undefined;
    },
    commands: {
      flush: (msg) => ({ ...msg, payload: stats() }),
      stats: (msg) => ({ ...msg, payload: stats() }),
      "dead-letters": (msg) => ({ ...msg, payload: [] }),
      "retry-dead-letters": (msg) => ({ ...msg, payload: { retried: 0 } }),
      "clear-dead-letters": (msg) => ({ ...msg, payload: { cleared: 0 } }),
    },
    close: () => commit.commit(),
  };
}
