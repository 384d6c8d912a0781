// One detector on very many series at once, in a process of its own so that its memory is what the system sees.
// Usage: node many.mjs METHOD SERIES
import { createRequire } from "node:module";
import { readingAt } from "./measure.mjs";

const require = createRequire(import.meta.url);
const { detectorFactory } = require("../../dist/lib/detect/index.js");

const [method, count] = [process.argv[2], Number(process.argv[3])];
/** Readings each series learns before the clock starts, and those that are timed. */
const WARM_UP = 110;
const ROUNDS = 20;

const rssBefore = process.memoryUsage.rss();
const create = detectorFactory({ method });
const detectors = Array.from({ length: count }, create);
// In turn, as readings come: each series' state is long out of the processor's cache when its next reading arrives.
for (let round = 0; round < WARM_UP; round++)
  for (let k = 0; k < count; k++) detectors[k].push(readingAt(round * 31 + k));
const began = process.cpuUsage();
for (let round = 0; round < ROUNDS; round++)
  for (let k = 0; k < count; k++) detectors[k].push(readingAt(round * 37 + k));
const { user, system } = process.cpuUsage(began);
console.log(
  JSON.stringify({ us: (user + system) / (ROUNDS * count), rssMb: (process.memoryUsage.rss() - rssBefore) / 2 ** 20 }),
);
