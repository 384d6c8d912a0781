import { type Behaviour, ConfigError, type NodeContext, type Refuse } from "../../../kit";
import {
  blockOfReadings,
  blocksFrom,
  FeatureExtractor,
  type FeatureOptions,
  Fourier,
  looksLikeBlock,
  type SampledBlock,
  SeriesWindows,
  SpeedTrack,
  type Window,
} from "../../../lib/features";
import { isUsable } from "../../../lib/numeric";
import { describe, type Reading, seriesKey } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { type BlockJob, BlockWork } from "./block-work";
import { assemblerOptions, featureOptions } from "./options";
import type { schema } from "./schema";
import { Speeds } from "./speeds";

/** All windows that have begun take at most so much memory: two doubles a sample. */
const MEMORY_BYTES = 256 * 2 ** 20;

/** What the node does, apart from the node's module: its mathematics is loaded only where a flow uses it. */
export async function openAnalyser(context: NodeContext<typeof schema>): Promise<Behaviour> {
  const { config, metrics } = context;
  const options = featureOptions(config);
  const windowOptions = assemblerOptions(config);
  const only = new Set(config.sensors);
  const cap = Math.max(64, Math.min(100_000, Math.floor(MEMORY_BYTES / (16 * config.size))));
  const windows = context.perSeries<SeriesWindows>(() => new SeriesWindows(windowOptions), { cap });
  const speeds = new Speeds(
    config,
    context.perSeries<SpeedTrack>(() => new SpeedTrack()),
  );
  const extractor = await extractorOf(options, context.userDir);
  const work = new BlockWork(context, options, extractor, () => windows.problem);

  /** The shaft's speed is that of now, also when the block has to wait. */
  const jobOf = (series: { deviceId: string; sensor: string; unit: string }, window: Window): BlockJob => {
    const { deviceId, sensor, unit } = series;
    const { samples, rateHz, end } = window;
    const start = end - (1000 * (samples.length - 1)) / rateHz;
    const speed = extractor.wantsSpeed ? speeds.over(deviceId, start, end) : undefined;
    if (speed?.min === 0) metrics.count("blocks of a standing shaft");
    return { origin: { ...window, deviceId, sensor }, block: { samples, rateHz, unit, end }, speed };
  };

  const isWanted = ({ sensor }: { readonly sensor: string }): boolean => only.size === 0 || only.has(sensor);

  /** Blocks that came as such, or were made of a message's readings. */
  const takeBlocks = (blocks: readonly SampledBlock[], jobs: BlockJob[], refuse: Refuse): void => {
    for (const block of blocks) if (speeds.isSpeed(block)) speeds.takeBlock(block, refuse);
    for (const block of blocks) {
      if (speeds.isSpeed(block) || !isWanted(block)) continue;
      const { deviceId, sensor, end: timestamp } = block;
      if (config.source === "message") {
        if (block.overrun) metrics.count("blocks after a gap");
        jobs.push(jobOf(block, { ...block, uncertain: block.bridged || block.overrun }));
        continue;
      }
      const full: Window[] = [];
      const trouble = windows.admit(seriesKey(block))?.takeBlock(block, full);
      for (const window of full) jobs.push(jobOf(block, window));
      if (trouble !== undefined) refuse({ deviceId, sensor, timestamp }, `${deviceId}/${sensor}: ${trouble}`);
    }
  };

  const takeSample = (reading: Reading, jobs: BlockJob[], refuse: Refuse): void => {
    const series = windows.admit(seriesKey(reading));
    if (!series) return;
    const { deviceId, sensor, value, unit, quality } = reading;
    if (!isUsable(reading)) {
      series.skip();
      if (quality === "bad") metrics.count("bad");
      else refuse(reading, `${deviceId}/${sensor}: expected a number, got ${describe(value)}`);
      return;
    }
    const full: Window[] = [];
    const trouble = series.take(reading, full);
    for (const window of full) jobs.push(jobOf({ deviceId, sensor, unit }, window));
    if (trouble !== undefined) refuse(reading, `${deviceId}/${sensor}: ${trouble}`);
  };

  return {
    isInput: (msg) => looksLikeBlock(msg.payload),
    input(msg, refuse) {
      const jobs: BlockJob[] = [];
      const { blocks, refused } = blocksFrom(msg.payload, config.bridge);
      metrics.in += blocks.length + refused.length;
      for (const { input, reason } of refused) refuse(input, reason);
      takeBlocks(blocks, jobs, refuse);
      return work.do(jobs, msg, refuse);
    },

    readings(batch, msg, refuse) {
      const jobs: BlockJob[] = [];
      const rest: Reading[] = [];
      for (const reading of batch) {
        if (speeds.isSpeed(reading)) speeds.take(reading, refuse);
        else if (isWanted(reading)) rest.push(reading);
      }
      if (config.source === "count") for (const reading of rest) takeSample(reading, jobs, refuse);
      else takeBlocks(blocksOf(rest, config, refuse), jobs, refuse);
      return work.do(jobs, msg, refuse);
    },

    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        if (!selected) windows.clear();
        else for (const key of [...windows.states()].map(([name]) => name).filter(selected)) windows.forget(key);
        speeds.forget(selected);
        return undefined;
      },
    },
    close: () => work.close(),
  };
}

/** The readings of each series in a message as a block; series that are none are refused, the others go on. */
function blocksOf(
  readings: readonly Reading[],
  { rate, bridge }: { readonly rate?: number; readonly bridge: number },
  refuse: Refuse,
): SampledBlock[] {
  const bySeries = Map.groupBy(readings, seriesKey);
  return [...bySeries].flatMap(([key, series]) => {
    try {
      return [blockOfReadings(series, { rateHz: rate, bridge })];
    } catch (error) {
      const { deviceId, sensor, timestamp } = series.at(-1) as Reading;
      refuse({ deviceId, sensor, timestamp }, `${key}: ${error instanceof Error ? error.message : error}`);
      return [];
    }
  });
}

/** @throws ConfigError naming the option that does not fit; OptionalModuleError without fft.js */
async function extractorOf(options: FeatureOptions, userDir: string): Promise<FeatureExtractor> {
  const fourier = await Fourier.load(userDir);
  try {
    return new FeatureExtractor(options, fourier);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}
