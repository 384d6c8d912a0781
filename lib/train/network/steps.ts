import type { Layer } from "../../model/predictors/network/layers";
import type { Random } from "../random";
import type { NetworkOptions } from "./options";

/** Shares by layer: that of the dropout, if any, that follows it; dropout before the first layer is not known. */
export function dropoutAfter({ layers }: NetworkOptions): number[] {
  const shares: number[] = [];
  for (const layer of layers) {
    if (layer.type !== "dropout") shares.push(0);
    else if (shares.length > 0) shares[shares.length - 1] = layer.share;
  }
  return [...shares, 0];
}

/** He et al. 2015: keeps the size of what passes through rectifiers. */
export function initialise({ parameters }: Layer, random: Random): void {
  const [weights, biases] = parameters;
  if (weights === undefined || biases === undefined) return;
  const inputs = weights.values.length / biases.values.length;
  const std = Math.sqrt(2 / inputs);
  for (let i = 0; i < weights.values.length; i++) weights.values[i] = std * random.normal();
}

/** Share of the learning rate after a share of the steps. */
export function rateAt(done: number): number {
  const warmUp = 0.05;
  if (done < warmUp) return (done + 0.001) / warmUp;
  return 0.5 * (1 + Math.cos((Math.PI * (done - warmUp)) / (1 - warmUp)));
}

export function byOutput(out: Float32Array, rows: number, outputs: number): Float64Array {
  const scores = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < outputs; k++) scores[k * rows + row] = out[row * outputs + k]!;
  return scores;
}
