import type { ChannelReading, SampleBlock } from "../drivers/core";
import { RunningMoments } from "../numeric";

/**
 * A block of samples in three figures a channel, in its unit: `mean`, `rms` (root of the mean square about the mean: the
 * vibration without gravity) and `peak` (largest distance from the mean). Uncertain when samples before it were lost.
 */
export function blockFigures({ channels, overrun }: SampleBlock): ChannelReading[] {
  return channels.flatMap(({ sensor, unit, samples }) => {
    if (samples.length === 0) return [];
    const { mean, rms, peak } = figuresOf(samples);
    const quality = overrun ? ({ quality: "uncertain", reason: "samples before these are lost" } as const) : good;
    return [
      { sensor: `${sensor}.mean`, unit, value: mean, ...quality },
      { sensor: `${sensor}.rms`, unit, value: rms, ...quality },
      { sensor: `${sensor}.peak`, unit, value: peak, ...quality },
    ];
  });
}

const good = { quality: "good" } as const;

function figuresOf(samples: Float64Array) {
  const moments = new RunningMoments();
  for (const sample of samples) moments.push(sample);
  const { mean, count, variance = 0 } = moments;
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample - mean));
  return { mean, rms: Math.sqrt((variance * (count - 1)) / count), peak };
}
