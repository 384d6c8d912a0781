/** Widths of the two moving averages, s, and the offset of the threshold: table 1 of the paper. */
const PEAK_S = 0.111;
const BEAT_S = 0.667;
const OFFSET = 0.02;
/** At slow rates the dicrotic wave lies outside the longer average and looks like a beat, but a low one. */
const LEAST_HEIGHT = 0.4;

/**
 * Where the systolic peaks of a photoplethysmogram are, in samples from its start, between samples by a parabola. A peak
 * whose beat begins or ends outside the recording is left out.
 *
 * Elgendi, Norton, Brearley, Abbott, Schuurmans: Systolic Peak Detection in Acceleration Photoplethysmograms Measured from
 * Emergency Responders in Tropical Conditions, PLoS ONE 8(10), e76585 (2013): a moving average of the length of a peak over
 * the squared positive part rises above one of the length of a beat. Beyond the paper, peaks that are much lower than most
 * of the others are left out.
 * @param pulse band-pass filtered, 0.5 to 8 Hz, its mean about 0, peaks upwards
 */
export function systolicPeaks(pulse: Float64Array, rateHz: number): number[] {
  const squared = pulse.map((value) => (value > 0 ? value * value : 0));
  const width = Math.max(1, Math.round(PEAK_S * rateHz));
  const peak = movingAverage(squared, width);
  const beat = movingAverage(squared, Math.round(BEAT_S * rateHz));
  const offset = (OFFSET * squared.reduce((sum, value) => sum + value, 0)) / squared.length;
  const peaks: number[] = [];
  for (let start = 0; start < pulse.length; start++) {
    if (!(peak[start]! > beat[start]! + offset)) continue;
    let end = start;
    while (end < pulse.length && peak[end]! > beat[end]! + offset) end += 1;
    if (start > 0 && end < pulse.length && end - start >= width) peaks.push(highest(pulse, start, end));
    start = end;
  }
  const heights = peaks.map((at) => pulse[Math.round(at)]!);
  const usual = [...heights].sort((a, b) => a - b)[Math.floor(0.75 * heights.length)]!;
  return peaks.filter((_, index) => heights[index]! >= LEAST_HEIGHT * usual);
}

/** Around each sample; at the ends over what there is. */
function movingAverage(values: Float64Array, width: number): Float64Array {
  const half = width >> 1;
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  return values.map((_, index) => {
    const from = Math.max(0, index - half);
    const to = Math.min(values.length, index + half + 1);
    return (sums[to]! - sums[from]!) / (to - from);
  });
}

/** The maximum from `start` up to `end`, of the parabola through it and its neighbours. */
function highest(values: Float64Array, start: number, end: number): number {
  let at = start;
  for (let i = start; i < end; i++) if (values[i]! > values[at]!) at = i;
  if (at === 0 || at === values.length - 1) return at;
  const [before, here, after] = [values[at - 1]!, values[at]!, values[at + 1]!];
  const bend = before - 2 * here + after;
  // At an end of the stretch its neighbour may be higher: then there is no parabola with its top here.
  return bend < 0 ? at + Math.max(-0.5, Math.min(0.5, (before - after) / (2 * bend))) : at;
}
