import type { SampleBlock } from "./contract";
import type { Field } from "./fields";

/** Standard gravity, m/s2 (CGPM 1901): accelerometers count in g. */
export const GRAVITY = 9.80665;

/** One channel of the samples in a part's buffer. */
export interface SampledAxis {
  readonly sensor: string;
  /** UCUM code. */
  readonly unit: string;
  /** Where the raw number is within one sample. */
  readonly raw: Field;
  /** What one step of the raw number is worth, in the unit. */
  readonly scale: number;
}

/**
 * The samples that a buffer gave, one behind the other, as a block. An incomplete one at the end is left out.
 * @param size bytes of one sample
 */
export function sampleBlock(
  bytes: Uint8Array,
  size: number,
  axes: readonly SampledAxis[],
  about: Pick<SampleBlock, "rateHz" | "timestamp" | "overrun">,
): SampleBlock {
  const count = Math.floor(bytes.length / size);
  const channels = axes.map(({ sensor, unit, raw, scale }) => {
    const samples = new Float64Array(count);
    // Adding 0 turns minus zero into zero.
    for (let i = 0; i < count; i++) samples[i] = raw(bytes.subarray(i * size, (i + 1) * size)) * scale + 0;
    return { sensor, unit, samples };
  });
  return { ...about, channels };
}

/** Bytes that came in pieces, as one piece. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
