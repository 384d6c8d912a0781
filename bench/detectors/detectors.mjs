// What the detectors cost: microseconds a point and bytes a series, beside the naive way of doing the same, and the light ones
// on 100 000 series at once. Usage: npm run bench:detectors [-- --quick] [--only METHOD,METHOD]
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bytesPerSeries, feedReading, feedRow, microsecondsPerPoint, SENSORS } from "./measure.mjs";

const require = createRequire(import.meta.url);
const { detectorFactory, DETECTOR_METHODS } = require("../../dist/lib/detect/index.js");
const { multivariateFactory, MULTIVARIATE_METHODS } = require("../../dist/lib/detect/multivariate/index.js");

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
});

const WINDOW = 100;
const WARM_UP = 130;
/** What is asked of each, us a point; methods without a figure are only reported. */
const ASKED = { zScore: 0.35, auto: 10 };
/** Below this cost a detector is light: it is also run on very many series at once. */
const LIGHT_US = 2;
const MANY = 100_000;
const BUDGET_US = options.quick ? 150_000 : 2_500_000;
const REPEATS = options.quick ? 4 : 8;
/** Series, or devices, that are judged in turn, so that none is in the processor's cache when its turn comes. */
const SERIES = { light: 1000, heavy: options.quick ? 10 : 20 };

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

/** A short run says how many points fit into the time there is. */
function measured(create, { feed = feedReading, warmUp = WARM_UP } = {}) {
  const { us: rough } = microsecondsPerPoint(create, { series: 5, points: 2000, warmUp, repeats: 2, feed });
  const series = rough <= LIGHT_US ? SERIES.light : SERIES.heavy;
  const points = Math.max(1000, BUDGET_US / rough);
  const { us, anomalies } = microsecondsPerPoint(create, {
    series,
    points,
    warmUp,
    repeats: REPEATS,
    feed,
  });
  return {
    us,
    anomalies,
    // So many, as far as a second goes, that what the process itself takes meanwhile does not matter.
    bytes: bytesPerSeries(create, { series: Math.max(series, Math.min(500, 1000 / rough) | 0), warmUp: 1000, feed }),
  };
}

function onManySeries(method) {
  const script = fileURLToPath(new URL("many.mjs", import.meta.url));
  return JSON.parse(
    execFileSync(process.execPath, ["--max-old-space-size=4096", script, method, String(MANY)], { encoding: "utf8" }),
  );
}

const line = (name, { us, bytes }, more = "") =>
  console.log(
    `  ${name.padEnd(18)} ${us.toFixed(3).padStart(8)} us of CPU a point ${bytes.toFixed(0).padStart(8)} bytes a series${more}`,
  );
const round = (value, digits) => Number(value.toFixed(digits));

const wanted = (methods) => (options.only ? methods.filter((one) => options.only.split(",").includes(one)) : methods);
const methods = wanted(DETECTOR_METHODS);
const figures = {};
console.log("each detector with its defaults, many series in turn, after 1000 readings a series");
const naive = measured(() => new NaiveZScore());
for (const method of methods) {
  const result = measured(detectorFactory({ method }));
  const asked = ASKED[method];
  const verdict = asked === undefined ? "" : `   asked: ${asked}, ${result.us <= asked ? "met" : "NOT met"}`;
  line(method, result, verdict);
  figures[method] = result;
}
line("naive two-pass", naive);
if (figures.zScore)
  console.log(`  the z-score is ${(naive.us / figures.zScore.us).toFixed(1)} times as fast as the naive one`);

const rows = {};
const ofSeveral = wanted(MULTIVARIATE_METHODS);
if (ofSeveral.length > 0) console.log(`detectors of several sensors: rows of ${SENSORS}, 500 to learn from`);
for (const method of ofSeveral) {
  const create = multivariateFactory({ method });
  rows[method] = measured(create, { feed: feedRow, warmUp: 500 });
  await create.close();
  const { us, bytes } = rows[method];
  console.log(
    `  ${method.padEnd(18)} ${us.toFixed(2).padStart(8)} us of CPU a row   ${bytes.toFixed(0).padStart(8)} bytes a device`,
  );
}

const light = methods.filter((method) => figures[method].us <= LIGHT_US && (!options.quick || method === "zScore"));
if (light.length > 0) console.log(`${MANY} series at once, 130 readings each`);
const many = {};
for (const method of light) {
  many[method] = onManySeries(method);
  const { us, rssMb } = many[method];
  console.log(
    `  ${method.padEnd(18)} ${us.toFixed(3).padStart(8)} us of CPU a point ${rssMb.toFixed(0).padStart(8)} MB of memory`,
  );
}

const bench = { name: "detectors" };
for (const [method, { us, bytes }] of Object.entries(figures)) {
  bench[`${method.toLowerCase()}_us_per_point`] = round(us, 4);
  bench[`${method.toLowerCase()}_bytes_per_series`] = Math.round(bytes);
}
for (const [method, { us, bytes }] of Object.entries(rows)) {
  bench[`${method.toLowerCase()}_us_per_row`] = round(us, 3);
  bench[`${method.toLowerCase()}_us_per_point`] = round(us / SENSORS, 4);
  bench[`${method.toLowerCase()}_bytes_per_series`] = Math.round(bytes);
}
for (const [method, { us, rssMb }] of Object.entries(many)) {
  bench[`${method.toLowerCase()}_at_100000_us_per_point`] = round(us, 4);
  bench[`${method.toLowerCase()}_at_100000_rss_mb`] = Math.round(rssMb);
}
bench.naive_us_per_point = round(naive.us, 4);
bench.naive_bytes_per_series = Math.round(naive.bytes);
if (figures.zScore) bench.ratio_to_naive = round(naive.us / figures.zScore.us, 2);
bench.series_at_once = MANY;
console.log(`BENCH ${JSON.stringify(bench)}`);
