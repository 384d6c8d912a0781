import { defineNode, type NodeContext } from "../../../kit";
import type { StoreService } from "../../../lib/store";
import {
  aggregateReadings,
  type HistorySource,
  historyRequest,
  type InfluxService,
  openInflux,
  storeHistory,
} from "../../../lib/timeseries";
import { schema } from "./schema";

/** Queries of several messages may run at once; beyond that they wait, in their order. */
const IN_FLIGHT = 4;

export default defineNode(schema, (context) => {
  const source = sourceOf(context);
  return {
    inFlight: IN_FLIGHT,
    async input(msg) {
      const { query, summary } = historyRequest(msg.payload, context.config, Date.now());
      // One more than asked for shows whether there are more.
      const found = await source.query({ ...query, limit: query.limit + 1 });
      const truncated = found.length > query.limit;
      const kept = truncated ? found.slice(-query.limit) : found;
      const readings = summary ? aggregateReadings(kept, summary.how, summary.everyMs) : kept;
      context.metrics.out += readings.length;
      context.status.ok(`${readings.length.toLocaleString("en")} readings of ${query.deviceId}`);
      // A message and not a batch: that nothing was found is an answer too.
      return { ...msg, payload: readings, history: { ...query, count: readings.length, truncated } };
    },
    close: () => source.close(),
  };
});

function sourceOf(context: NodeContext<typeof schema>): HistorySource {
  if (context.config.source === "store") return storeHistory(context.use<StoreService>("store"));
  const { version, connection } = context.use<InfluxService>("influxdb");
  return openInflux(version, connection);
}
