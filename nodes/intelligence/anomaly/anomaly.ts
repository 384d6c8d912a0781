import { defineNode, ports } from "../../../kit";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import type { StoreService } from "../../../lib/store/contract";
import { capOf, isOfSeveralSensors, type Judge, type Judging, judgingBy, stateKeyOf } from "./judging";
import { schema } from "./schema";

const deviceOf = (key: string): string => key.slice(0, key.indexOf("/"));

export default defineNode(schema, (context) => {
  const { config, metrics, status } = context;
  const perDevice = isOfSeveralSensors(config.method);
  let judging: Judging | undefined;
  const cap = capOf(config.method);
  const kept = perDevice ? "devices" : "series";
  const judges = context.perSeries<Judge>(
    () => {
      if (!judging) throw new Error("the detectors have not been loaded");
      return judging.create();
    },
    { ...(cap && { cap }), kept, onEvict: (key) => judging?.forget?.(deviceOf(key)) },
  );
  const keyOf = stateKeyOf(config.method);
  const judgeOf = (reading: Reading): Judge | undefined => judges.admit(keyOf(reading));

  const showStatus = (): void => {
    const problem = judging?.problem ?? judges.problem;
    if (problem) status.warn(problem);
    else status.ok(`${judges.size} ${kept}, ${metrics.counted("anomalies")} anomalies`);
  };

  function judge(batch: readonly Reading[], refuse: (input: unknown, reason: string) => void) {
    const judged: Reading[] = [];
    const anomalies: Reading[] = [];
    for (const input of batch) {
      const reading = verdictOn(input, refuse);
      if (!reading) continue;
      judged.push(reading);
      if (reading !== input && reading.anomaly?.isAnomaly) anomalies.push(reading);
    }
    if (anomalies.length > 0) metrics.count("anomalies", anomalies.length);
    showStatus();
    return ports(judged, anomalies);
  }

  /** The reading with its verdict, without one where there is no room for its state; undefined when its detector cannot take it, such as one sensor too many of a device. */
  function verdictOn(input: Reading, refuse: (input: unknown, reason: string) => void): Reading | undefined {
    try {
      const state = judgeOf(input);
      return state ? state.push(input) : input;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refuse(input, error.message);
      return undefined;
    }
  }

  return {
    async start() {
      status.idle("no readings yet");
      const history = () => context.use<StoreService>("store").history;
      judging = await judgingBy(config, history, context);
    },
    readings(batch, _msg, refuse) {
      const ready = judging?.prepare?.(batch, judgeOf);
      return ready ? ready.then(() => judge(batch, refuse)) : judge(batch, refuse);
    },
    commands: {
      reset(msg) {
        const selected = selectionOf(msg.payload);
        const known = [...judges.states()].map(([key]) => key);
        const forgotten = selected ? known.filter(selected) : known;
        if (!selected) judges.clear();
        else for (const key of forgotten) judges.forget(key);
        if (!selected) judging?.forget?.();
        else for (const key of forgotten) judging?.forget?.(deviceOf(key));
        if (judging?.skipPast) for (const key of forgotten) judging.skipPast(judges.ofKey(key));
        showStatus();
        return undefined;
      },
    },
    close: () => judging?.close?.(),
  };

  /** Detectors of several sensors are forgotten by device, whichever of its sensors is named. */
  function selectionOf(payload: unknown) {
    const isObject = typeof payload === "object" && payload !== null;
    return seriesSelection(perDevice && isObject ? { ...payload, sensor: undefined } : payload);
  }
});
