import { defineNode } from "../../../kit";
import { type Filter, type FilterMethod, filterFactory } from "../../../lib/filter";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { schema } from "./schema";

/** Methods that keep readings back for good; what the status shows of them is their purpose, not a loss. */
const THINNING: ReadonlySet<FilterMethod> = new Set(["deadband", "rateLimit", "range", "hampel"]);

export default defineNode(schema, (context) => {
  const { config, metrics, status } = context;
  const filters = context.perSeries<Filter>(filterFactory(config));
  const thins = THINNING.has(config.method);

  const showStatus = (): void => {
    const notSent = metrics.counted("notSent");
    status.ok(`${filters.size} series${notSent > 0 ? `, ${notSent} readings not sent` : ""}`);
  };

  return {
    start: () => status.idle("no readings yet"),
    readings(batch) {
      const out: Reading[] = [];
      for (const reading of batch) filters.of(reading).push(reading, out);
      if (thins && out.length < batch.length) metrics.count("notSent", batch.length - out.length);
      showStatus();
      return out;
    },
    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        const held: Reading[] = [];
        for (const [key, filter] of [...filters.states()]) {
          if (selected && !selected(key)) continue;
          filter.reset(held);
          if (selected) filters.forget(key);
        }
        if (!selected) filters.clear();
        showStatus();
        // As a message of its own: with the command still on it, the next node would take it as a command too.
        if (held.length > 0) context.emit(held);
        return undefined;
      },
    },
  };
});
