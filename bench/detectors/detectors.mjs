// What a detector costs: microseconds a point and bytes a series, beside the naive way of doing the same.
// Usage: npm run bench:detectors [-- --quick]
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const require = createRequire(import.meta.url);
const { detectorFactory } = require("../../dist/lib/detect/index.js");

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
// Memory can only be told when garbage is gone.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const SERIES = 1000;
const ROUNDS = options.quick ? 1000 : 5000;
const MANY = options.quick ? 20_000 : 100_000;
const REPEATS = 8;
const WINDOW = 100;

/** The peer: keeps the last values in an array and computes mean and standard deviation in two passes for each point. */
class NaiveZScore {
  values = [];

  push(reading) {
    const { values } = this;
    let anomaly;
    if (values.length >= 10) {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const score = Math.abs(reading.value - mean) / Math.sqrt(squares / (values.length - 1));
      anomaly = { detector: "naive", isAnomaly: score > 3, score };
    }
    values.push(reading.value);
    if (values.length > WINDOW) values.shift();
    return anomaly ? { ...reading, anomaly } : reading;
  }
}

function noise(count) {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = 20 + Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  }
  return values;
}

const values = noise(1 << 16);
const readingAt = (i) => ({
  deviceId: "device",
  sensor: "temperature",
  value: values[i & 0xffff],
  unit: "Cel",
  timestamp: 1_700_000_000_000 + i,
  quality: "good",
});
const pool = Array.from({ length: 1 << 16 }, (_, i) => readingAt(i));

/**
 * Best of several runs over many series in turn, as a gateway sees them, windows full; the first run warms up.
 * In CPU time of the process, garbage collection included, which other processes disturb less than the clock.
 */
function microsecondsPerPoint(create) {
  let best = Number.POSITIVE_INFINITY;
  let anomalies = 0;
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const detectors = Array.from({ length: SERIES }, create);
    for (const detector of detectors) for (let i = 0; i < WINDOW; i++) detector.push(pool[i]);
    const began = process.cpuUsage();
    for (let round = 0; round < ROUNDS / REPEATS; round++) {
      for (let series = 0; series < SERIES; series++) {
        const judged = detectors[series].push(pool[(round * 31 + series * 17) & 0xffff]);
        if (judged.anomaly?.isAnomaly) anomalies += 1;
      }
    }
    const points = (ROUNDS / REPEATS) * SERIES;
    const { user, system } = process.cpuUsage(began);
    const us = (user + system) / points;
    if (repeat > 0) best = Math.min(best, us);
  }
  return { us: best, anomalies };
}

/** Memory of many series whose windows are full. */
function bytesPerSeries(create) {
  const used = () => {
    // Twice, because buffers go only with the collection after that of their owners.
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const detectors = Array.from({ length: MANY }, create);
  for (const detector of detectors) for (let i = 0; i <= WINDOW; i++) detector.push(pool[i]);
  const bytes = (used() - before) / MANY;
  if (detectors.length !== MANY) throw new Error("the detectors must be alive until here");
  return bytes;
}

const create = { ours: detectorFactory({ window: WINDOW }), naive: () => new NaiveZScore() };
const ours = { ...microsecondsPerPoint(create.ours), bytes: bytesPerSeries(create.ours) };
const naive = { ...microsecondsPerPoint(create.naive), bytes: bytesPerSeries(create.naive) };

const line = (name, { us, bytes }) =>
  console.log(`  ${name.padEnd(22)} ${us.toFixed(3)} us of CPU a point, ${bytes.toFixed(0)} bytes a series`);
console.log(`z-score, window ${WINDOW}, ${SERIES} series in turn, memory of ${MANY} series with full windows`);
line("gatewise", ours);
line("naive two-pass", naive);
console.log(
  `  ${(naive.us / ours.us).toFixed(1)} times as fast; anomalies found: ${ours.anomalies} and ${naive.anomalies}`,
);

const round = (value, digits) => Number(value.toFixed(digits));
console.log(
  `BENCH ${JSON.stringify({
    name: "detectors",
    zscore_us_per_point: round(ours.us, 4),
    zscore_bytes_per_series: Math.round(ours.bytes),
    naive_us_per_point: round(naive.us, 4),
    naive_bytes_per_series: Math.round(naive.bytes),
    ratio_to_naive: round(naive.us / ours.us, 2),
    series_at_once: MANY,
  })}`,
);
