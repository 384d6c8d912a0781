// How long the event loop is held up while long blocks are analysed on it, and while the thread does it.
import { createRequire } from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";

const require = createRequire(import.meta.url);
const { FeatureExtractor } = require("../../dist/lib/features/index.js");
const { AnalysisThread, analysed } = require("../../dist/lib/features/thread/index.js");

/**
 * Waits of the loop, and blocks done, while blocks are analysed without a pause.
 * @param work analyses one block
 */
async function waits(work, milliseconds) {
  await work();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const end = performance.now() + milliseconds;
  let blocks = 0;
  delay.enable();
  while (performance.now() < end) {
    await work();
    blocks += 1;
    // Lets timers have their turn, as messages of a flow do.
    await new Promise((resolve) => setImmediate(resolve));
  }
  delay.disable();
  // What it measures includes its own interval.
  const ms = (value) => Math.max(0, value / 1e6 - 1);
  return { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), blocks };
}

/** @returns the waits by both ways, and what copying a block to the thread costs, ms */
export async function lagOf(options, block, speed, fourier, milliseconds) {
  const request = { block, speed: speed.points, drawn: false };
  const extractor = new FeatureExtractor(options, fourier);
  const onLoop = await waits(async () => analysed(extractor, request), milliseconds);
  const user = new AnalysisThread().join({ options }, (reason) => {
    throw reason;
  });
  const inThread = await waits(async () => {
    const [result] = await user.analyseAll([request]);
    if (result.status === "rejected") throw result.reason;
  }, milliseconds);
  await user.leave(10_000);
  const copies = 200;
  const began = performance.now();
  for (let i = 0; i < copies; i++) structuredClone(request);
  return { onLoop, inThread, copyMs: (performance.now() - began) / copies };
}
