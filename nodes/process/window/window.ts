import { ConfigError, defineNode } from "../../../kit";
import { describe, type Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { type Intake, type SeriesWindow, windowFactory } from "../../../lib/window";
import { schema } from "./schema";

/** How often windows of silent series are looked at. */
const TICK_MS = 1000;

const REASONS: Readonly<Record<Exclude<Intake, "counted" | "bad">, (reading: Reading) => string>> = {
  late: ({ deviceId, sensor, timestamp }) =>
    `late: the window of ${new Date(timestamp).toISOString()} of ${deviceId}/${sensor} had closed already; ` +
    `wait longer for late readings, or send the command reset before a recording is played again`,
  future: ({ deviceId, sensor, timestamp }) =>
    `${deviceId}/${sensor} is dated ${new Date(timestamp).toISOString()}, more than a day ahead of the clock`,
  notANumber: ({ deviceId, sensor, value }) =>
    `${deviceId}/${sensor}: expected a number or boolean, got ${describe(value)}`,
};

export default defineNode(schema, (context) => {
  const { config, metrics, status } = context;
  const windows = context.perSeries<SeriesWindow>(
    windowFactory({ ...config, percentiles: config.percentiles.map(percentileOf) }),
  );

  const showStatus = (): void => {
    const late = metrics.counted("late");
    const evicted = windows.evicted > 0 ? `, ${windows.evicted} series forgotten` : "";
    const text = `${windows.size} series${late > 0 ? `, ${late} late` : ""}${evicted}`;
    if (late > 0 || windows.evicted > 0) status.warn(text);
    else status.ok(text);
  };

  /** Sends what `work` gives of each series; those that gave something count as changed, for the store. */
  const collect = (work: (window: SeriesWindow, key: string, out: Reading[]) => void): void => {
    const out: Reading[] = [];
    const changed: string[] = [];
    for (const [key, window] of windows.states()) {
      const before = out.length;
      work(window, key, out);
      if (out.length > before) changed.push(key);
    }
    for (const key of changed) windows.ofKey(key);
    if (out.length > 0) context.emit(out);
  };

  return {
    start() {
      status.idle("no readings yet");
      context.every(TICK_MS, () => {
        const now = Date.now();
        collect((window, _key, out) => window.tick(now, out));
      });
    },

    readings(batch, _msg, refuse) {
      const now = Date.now();
      const out: Reading[] = [];
      for (const reading of batch) {
        const verdict = intakeOf(windows.of(reading), reading, now, out, refuse);
        if (verdict === "counted") continue;
        metrics.count(verdict);
        if (verdict !== "bad" && verdict !== "unnamed") refuse(reading, REASONS[verdict](reading));
      }
      showStatus();
      return out;
    },

    commands: {
      flush(msg) {
        const selected = seriesSelection(msg.payload);
        collect((window, key, out) => {
          if (!selected || selected(key)) window.flush(out);
        });
        return undefined;
      },
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        if (!selected) windows.clear();
        else for (const key of [...windows.states()].map(([name]) => name).filter(selected)) windows.forget(key);
        showStatus();
        return undefined;
      },
    },
  };
});

/** A sensor whose results would have no valid name is refused by itself, without the rest of its batch. */
function intakeOf(
  window: SeriesWindow,
  reading: Reading,
  now: number,
  out: Reading[],
  refuse: (input: unknown, reason: string) => void,
): Intake | "unnamed" {
  try {
    return window.push(reading, now, out);
  } catch (error) {
    refuse(
      reading,
      `${reading.sensor}: no valid name for its results: ${error instanceof Error ? error.message : error}`,
    );
    return "unnamed";
  }
}

function percentileOf(text: string): number {
  const percentile = Number(text);
  if (percentile >= 0 && percentile <= 100) return percentile;
  throw new ConfigError(`percentiles: expected numbers from 0 to 100, got "${text}"`);
}
