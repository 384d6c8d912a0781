// What the figures of a block cost: microseconds a block of 2048 samples, beside a spectrum by the definition and beside
// fft.js alone; and how long long blocks hold up the event loop. Usage: npm run bench:features [-- --quick]
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { lagOf } from "./lag.mjs";

const require = createRequire(import.meta.url);
const {
  BEARINGS,
  FeatureExtractor,
  Fourier,
  SpeedProfile,
  WindowAssembler,
} = require("../../dist/lib/features/index.js");
const FFT = require("fft.js");

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const SIZE = 2048;
const RATE = 12_000;
const REPEATS = options.quick ? 5 : 15;
const MS_EACH = options.quick ? 150 : 400;

function vibration(size, seed) {
  let state = seed;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return Float64Array.from({ length: size }, (_, n) => {
    const since = (n % 112) / RATE;
    return (
      noise() + Math.sin((2 * Math.PI * 30 * n) / RATE) + Math.exp(-700 * since) * Math.sin(2 * Math.PI * 3000 * since)
    );
  });
}

/** Median of several runs, in CPU time of the process, garbage collection included; the first run warms up. */
function microseconds(work) {
  const runs = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const began = process.cpuUsage();
    const until = performance.now() + MS_EACH / (repeat === 0 ? 1 : 3);
    let count = 0;
    do {
      work(count);
      count += 1;
    } while (performance.now() < until);
    const { user, system } = process.cpuUsage(began);
    if (repeat > 0) runs.push((user + system) / count);
  }
  return runs.sort((a, b) => a - b)[runs.length >> 1];
}

const blocks = Array.from({ length: 16 }, (_, i) => vibration(SIZE, i + 1));
const odd = Array.from({ length: 4 }, (_, i) => vibration(2560, i + 1));
const fourier = await Fourier.load();
const speed = SpeedProfile.constant(1797);
const runUp = new SpeedProfile([
  { time: 0, rpm: 1700 },
  { time: 200, rpm: 1900 },
]);
const SHAPE = ["rms", "peak", "crest", "kurtosis"];
const SPECTRAL = [...SHAPE, "skewness", "fftPeak", "fftPeakFrequency", "centroid"];
const bands = [
  { name: "low", lowHz: 10, highHz: 1000 },
  { name: "high", lowHz: 1000, highHz: 5000 },
];
const bearings = [{ name: "", ratios: BEARINGS["SKF 6205"] }];

/** Microseconds of an extractor over the blocks. */
function cost(featureOptions, list = blocks, profile) {
  const extractor = new FeatureExtractor(featureOptions, fourier);
  return microseconds((i) => {
    const samples = list[i % list.length];
    const { problems } = extractor.extract({ samples, rateHz: RATE, unit: "[g]", end: 170 }, profile);
    if (problems.length > 0) throw new Error(problems.join("; "));
  });
}

/** The peer: a spectrum by the sum that defines it, with the sines in a table. */
function byDefinition(samples) {
  const size = samples.length;
  const amplitudes = new Float64Array(size / 2 + 1);
  for (let k = 0; k <= size / 2; k++) {
    let re = 0;
    let im = 0;
    for (let n = 0, at = 0; n < size; n++) {
      re += samples[n] * cosines[at];
      im -= samples[n] * sines[at];
      at += k;
      if (at >= size) at -= size;
    }
    amplitudes[k] = Math.hypot(re, im);
  }
  return amplitudes;
}
const cosines = Float64Array.from({ length: SIZE }, (_, n) => Math.cos((2 * Math.PI * n) / SIZE));
const sines = Float64Array.from({ length: SIZE }, (_, n) => Math.sin((2 * Math.PI * n) / SIZE));

const plan = new FFT(SIZE);
const out = new Float64Array(2 * SIZE);

const figures = {
  shape_us: cost({ features: SHAPE }),
  spectral_us: cost({ features: SPECTRAL, bands }),
  spectral_2560_us: cost({ features: SPECTRAL, bands }, odd),
  bearing_fixed_band_us: cost(
    { features: SHAPE, bearings, envelopeBand: { lowHz: 2000, highHz: 4000 } },
    blocks,
    speed,
  ),
  bearing_auto_band_us: cost({ features: SHAPE, bearings }, blocks, speed),
  orders_changing_speed_us: cost({ features: SHAPE, orders: [1, 2] }, blocks, runUp),
  fft_alone_us: microseconds((i) => plan.realTransform(out, blocks[i % blocks.length])),
  dft_by_definition_us: microseconds((i) => byDefinition(blocks[i % blocks.length])),
};

const assembler = new WindowAssembler({ size: SIZE, step: SIZE / 2, rateHz: RATE, bridge: 3 });
const provenance = { uncertain: false, historical: false };
let time = 0;
figures.streamed_ns_per_sample =
  microseconds(() => {
    for (let i = 0; i < SIZE; i++) {
      time += 1000 / RATE;
      assembler.push(blocks[0][i], time, provenance, []);
    }
  }) /
  (SIZE / 1000);

const line = (name, us) => console.log(`  ${name.padEnd(52)} ${us.toFixed(1).padStart(9)} us`);
console.log(`figures of a block of ${SIZE} samples, CPU time, median of ${REPEATS} runs`);
line("shape: RMS, peak, crest, kurtosis", figures.shape_us);
line("shape, strongest tone, centroid, two bands", figures.spectral_us);
line("the same of 2560 samples, no power of two", figures.spectral_2560_us);
line("shape, bearing faults, the envelope's band given", figures.bearing_fixed_band_us);
line("shape, bearing faults, the band found by kurtogram", figures.bearing_auto_band_us);
line("shape, two orders while the speed changes", figures.orders_changing_speed_us);
line("peer: fft.js alone, transform only", figures.fft_alone_us);
line("peer: spectrum by the definition", figures.dft_by_definition_us);
console.log(`  to cut windows out of a stream: ${figures.streamed_ns_per_sample.toFixed(0)} ns a sample`);

const LONG = 24_000;
const long = { samples: vibration(LONG, 1), rateHz: RATE, unit: "[g]", end: 170 };
const lag = await lagOf({ features: SPECTRAL, bands, bearings }, long, speed, fourier, options.quick ? 2000 : 10_000);
const told = ({ p50, p99, max, blocks }) =>
  `waits p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, at most ${max.toFixed(1)} ms; ${blocks} blocks`;
console.log(`event loop while blocks of ${LONG} samples with bearings are analysed without a pause`);
console.log(`  on it:     ${told(lag.onLoop)}`);
console.log(`  in thread: ${told(lag.inThread)}; copying a block there takes ${lag.copyMs.toFixed(3)} ms`);
figures.long_loop_lag_p99_ms = lag.onLoop.p99;
figures.long_thread_lag_p99_ms = lag.inThread.p99;
figures.long_thread_lag_max_ms = lag.inThread.max;
figures.long_copy_ms = lag.copyMs;

const rounded = Object.fromEntries(Object.entries(figures).map(([name, us]) => [name, Number(us.toFixed(3))]));
const ratio = Number((figures.dft_by_definition_us / figures.spectral_us).toFixed(1));
console.log(`BENCH ${JSON.stringify({ name: "features", samples: SIZE, ...rounded, ratio_to_definition: ratio })}`);
