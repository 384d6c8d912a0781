import { defineNode, ports } from "../../../kit";
import { detectorFactory, historySpanOf, type Newcomer, PastLoader, type SeriesDetector } from "../../../lib/detect";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import type { StoreService } from "../../../lib/store/contract";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const { config, metrics, status } = context;
  const detectors = context.perSeries<SeriesDetector>(detectorFactory(config));
  const past = config.method === "history" ? pastLoader() : undefined;

  function pastLoader(): PastLoader {
    const { history } = context.use<StoreService>("store");
    const onProblem = (error: unknown): void => context.fail(error);
    return new PastLoader(history, { span: historySpanOf(config), onProblem });
  }

  const showStatus = (): void => status.ok(`${detectors.size} series, ${metrics.counted("anomalies")} anomalies`);

  function judge(batch: readonly Reading[]) {
    const judged: Reading[] = new Array(batch.length);
    const anomalies: Reading[] = [];
    for (let i = 0; i < batch.length; i++) {
      const input = batch[i] as Reading;
      const reading = detectors.of(input).push(input);
      judged[i] = reading;
      if (reading !== input && reading.anomaly?.isAnomaly) anomalies.push(reading);
    }
    if (anomalies.length > 0) metrics.count("anomalies", anomalies.length);
    showStatus();
    return ports(judged, anomalies);
  }

  /** Series of this batch of which the store may know more than their detectors. */
  function newcomersIn(batch: readonly Reading[], loader: PastLoader): Newcomer[] {
    return batch
      .map((reading) => ({ reading, detector: detectors.of(reading) }))
      .filter(({ detector }) => loader.isNew(detector));
  }

  return {
    start: () => status.idle("no readings yet"),
    readings(batch) {
      const newcomers = past ? newcomersIn(batch, past) : [];
      if (!past || newcomers.length === 0) return judge(batch);
      return past.load(newcomers).then(() => judge(batch));
    },
    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        const known = [...detectors.states()].map(([key]) => key);
        const forgotten = selected ? known.filter(selected) : known;
        if (!selected) detectors.clear();
        else for (const key of forgotten) detectors.forget(key);
        if (past) for (const key of forgotten) past.skip(detectors.ofKey(key));
        showStatus();
        return undefined;
      },
    },
  };
});
