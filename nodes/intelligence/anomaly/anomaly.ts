import { defineNode, ports } from "../../../kit";
import { detectorFactory, type SeriesDetector } from "../../../lib/detect";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const { metrics, status } = context;
  const detectors = context.perSeries<SeriesDetector>(detectorFactory(context.config));

  const showStatus = (): void => status.ok(`${detectors.size} series, ${metrics.counted("anomalies")} anomalies`);

  return {
    start: () => status.idle("no readings yet"),
    readings(batch) {
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
    },
    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        if (!selected) detectors.clear();
        else for (const key of [...detectors.states()].map(([name]) => name).filter(selected)) detectors.forget(key);
        showStatus();
        return undefined;
      },
    },
  };
});
