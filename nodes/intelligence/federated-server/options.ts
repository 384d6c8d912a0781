import type { ConfigOf } from "../../../kit";
import { byName } from "../../../lib/federated/by-name";
import type { CoordinatorOptions, Range } from "../../../lib/federated/coordinator-options";
import type { NoiseOptions } from "../../../lib/federated/noise";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

/** @throws RangeError naming the option */
export function optionsOf(config: Config): CoordinatorOptions {
  const names = byName(config.sensors.map(({ sensor }) => sensor.trim()));
  return {
    plan: { inputs: names, target: config.target.trim(), kind: config.targetKind, hidden: config.hidden.map(Number) },
    ranges: rangesOf(config, names),
    units: [...names.map((name) => rowOf(config, name)?.unit.trim() ?? ""), config.targetUnit.trim()],
    training: {
      ...{ epochs: config.epochs, batch: config.batch, learningRate: config.learningRate },
      ...{ proximal: config.proximal, seed: config.seed },
    },
    ...{ rounds: config.rounds, roundMs: config.roundTime * 1000, pauseMs: config.pause * 1000 },
    ...{ minClients: config.minClients, enoughClients: config.enoughClients, maxClients: config.maxClients },
    ...{ rule: config.rule, trim: config.trim / 100, maxRows: config.maxRows, clip: config.clip },
    ...{ refuseAbove: config.refuseAbove, serverRate: 1, momentum: config.momentum, members: config.members },
    noise: noiseOf(config),
    budget: config.budget,
  };
}

/** Those of every input and the target, or none: clients measure all or nothing. */
function rangesOf(config: Config, names: readonly string[]): Range[] | undefined {
  const { targetKind, targetLow, targetHigh } = config;
  const target = targetKind === "yesNo" ? { low: 0, high: 1 } : rangeOf(targetLow, targetHigh);
  const ranges = names.map((name) => {
    const row = rowOf(config, name);
    return rangeOf(row?.low, row?.high);
  });
  const all = [...ranges, target];
  return all.every((range) => range !== undefined) ? all : undefined;
}

function rowOf({ sensors }: Config, name: string): Config["sensors"][number] | undefined {
  return sensors.find(({ sensor }) => sensor.trim() === name);
}

function rangeOf(low: number | undefined, high: number | undefined): Range | undefined {
  return low === undefined || high === undefined ? undefined : { low, high };
}

function noiseOf({ noise, noiseMultiplier, delta, noiseEpsilon }: Config): NoiseOptions | undefined {
  if (noise === "gaussian") return { kind: "gaussian", multiplier: noiseMultiplier, delta };
  return noise === "laplace" ? { kind: "laplace", epsilon: noiseEpsilon } : undefined;
}
