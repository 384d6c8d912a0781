// What the benches of detectors share: readings to judge, time a point and memory a series.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// Memory can only be told when garbage is gone.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const POOL = 1 << 16;
const START = 1_700_000_000_000;

/** Normal noise around 20, as readings a second apart. */
export const pool = Array.from({ length: POOL }, (_, i) => ({
  deviceId: "device",
  sensor: "temperature",
  value: 20 + Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
  unit: "Cel",
  timestamp: START + 1000 * i,
  quality: "good",
}));

export const readingAt = (i) => pool[i & (POOL - 1)];

/** Gives a detector of one series its i-th reading; 1 when that was an anomaly. */
export const feedReading = (detector, i) => (detector.push(readingAt(i)).anomaly?.isAnomaly ? 1 : 0);

export const SENSORS = 8;
const names = Array.from({ length: SENSORS }, (_, k) => `sensor-${k}`);

/** The same for a detector of eight sensors and a row of their readings, of which each two go together. */
export function feedRow(detector, i) {
  let anomalies = 0;
  for (let k = 0; k < SENSORS; k++) {
    const { value } = readingAt(i * SENSORS + k);
    const common = readingAt(i * SENSORS + (k >> 1)).value;
    const reading = { ...readingAt(0), sensor: names[k], value: value + 2 * common, timestamp: START + 1000 * i };
    if (detector.push(reading).anomaly?.isAnomaly) anomalies += 1;
  }
  return anomalies;
}

/**
 * Many series in turn, as a gateway sees them, after each has learned `warmUp` readings. Best of several runs, of which the
 * first warms up the compiler. In CPU time of the process, garbage collection included, which other processes disturb
 * less than the clock.
 */
export function microsecondsPerPoint(create, { series, points, warmUp, repeats, feed = feedReading }) {
  let best = Number.POSITIVE_INFINITY;
  let anomalies = 0;
  const detectors = Array.from({ length: series }, create);
  // Each series is at a place of its own in the noise, so that no two have the same state.
  detectors.forEach((detector, k) => {
    for (let i = 0; i < warmUp; i++) feed(detector, 17 * k + i);
  });
  const rounds = Math.max(1, Math.round(points / repeats / series));
  let next = warmUp;
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const began = process.cpuUsage();
    for (let round = 0; round < rounds; round++) {
      for (let k = 0; k < series; k++) anomalies += feed(detectors[k], 17 * k + next);
      next += 1;
    }
    const { user, system } = process.cpuUsage(began);
    if (repeat > 0) best = Math.min(best, (user + system) / (rounds * series));
  }
  return { us: best, anomalies };
}

/** Memory of many series that have learned `warmUp` readings each. */
export function bytesPerSeries(create, { series, warmUp, feed = feedReading }) {
  const before = used();
  const detectors = Array.from({ length: series }, create);
  for (const detector of detectors) for (let i = 0; i < warmUp; i++) feed(detector, i);
  const bytes = (used() - before) / series;
  if (detectors.length !== series) throw new Error("the detectors must be alive until here");
  return bytes;
}

function used() {
  // Twice, because buffers go only with the collection after that of their owners.
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
