import { defineNode } from "../../../kit";
import { describe, type Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { type Intake, type SeriesWindow, windowFactory } from "../../../lib/window";
import { schema } from "./schema";

/** How often each silent series is looked at, and in how many parts, so that 100 000 of them never hold readings up. */
const TICK_MS = 1000;
const PARTS = 10;

const REASONS: Readonly<Record<Exclude<Intake, "counted" | "bad">, (reading: Reading) => string>> = {
  late: ({ deviceId, sensor, timestamp }) =>
    `late: the window of ${new Date(timestamp).toISOString()} of ${deviceId}/${sensor} had closed already; ` +
    `wait longer for late readings, or send the command reset before a recording is played again`,
  future: ({ deviceId, sensor, timestamp }) =>
    `${deviceId}/${sensor} is dated ${new Date(timestamp).toISOString()}, more than a day ahead of the clock`,
  notANumber: ({ deviceId, sensor, value }) =>
    `${deviceId}/${sensor}: expected a number or boolean, got ${describe(value)}`,
};

type State = [key: string, window: SeriesWindow];

export default defineNode(schema, (context) => {
  const { config, metrics, status } = context;
  const windows = context.perSeries<SeriesWindow>(
    windowFactory({ ...config, percentiles: config.percentiles.map(Number) }),
  );

  const showStatus = (): void => {
    const late = metrics.counted("late");
    const evicted = windows.evicted > 0 ? `, ${windows.evicted} series forgotten` : "";
    const text = `${windows.size} series${late > 0 ? `, ${late} late` : ""}${evicted}`;
    if (late > 0 || windows.evicted > 0) status.warn(text);
    else status.ok(text);
  };

  /** Sends what `work` gives of these series; those that gave something count as changed, for the store. */
  const collect = (states: Iterable<State>, work: (window: SeriesWindow, out: Reading[]) => void): void => {
    const out: Reading[] = [];
    const changed: string[] = [];
    for (const [key, window] of states) {
      const before = out.length;
      work(window, out);
      if (out.length > before) changed.push(key);
    }
    for (const key of changed) windows.ofKey(key);
    if (out.length > 0) context.emit(out);
  };

  return {
    start() {
      status.idle("no readings yet");
      let part = 0;
      let round = windows.states();
      context.every(TICK_MS / PARTS, () => {
        if (part === 0) round = windows.states();
        part = (part + 1) % PARTS;
        const now = Date.now();
        collect(nextOf(round, Math.ceil(windows.size / PARTS)), (window, out) => window.tick(now, out));
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
        const selected = seriesSelection(msg.payload) ?? (() => true);
        collect(
          [...windows.states()].filter(([key]) => selected(key)),
          (window, out) => window.flush(out),
        );
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

/** The next few of an iterator, which a for loop would end with its break. */
function* nextOf(states: Iterator<State>, count: number): Generator<State> {
  for (let i = 0; i < count; i++) {
    const next = states.next();
    if (next.done) return;
    yield next.value;
  }
}

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
