import { integerWithin, numberWithin, positiveNumber } from "../numeric";
import type { AggregateRule } from "./aggregate";
import { checkPlan, MAX_ROUNDS, type Plan, shapeOf } from "./messages";
import { Network } from "./network";
import { checkNoise, type NoiseOptions } from "./noise";
import { declaredScale } from "./scale";
import { checkTraining, type Training } from "./training";
import { checkUnits, type Units } from "./units";

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface CoordinatorOptions {
  readonly plan: Plan;
  /** Of the inputs, then of the target. Undefined: clients report mean and spread of their rows before the first round. */
  readonly ranges?: readonly Range[];
  /** Of the inputs, then of the target; "" where it is that of most clients in the first round, as all are when missing. */
  readonly units?: Units;
  readonly training: Training;
  /** Rounds of training; 0 for ever. */
  readonly rounds: number;
  /** How long a round stays open for updates, ms. */
  readonly roundMs: number;
  /** Between two rounds, ms. */
  readonly pauseMs: number;
  /** A round with fewer updates at its end stays open for another time. */
  readonly minClients: number;
  /** A round with so many updates ends at once; 0: only at its end. */
  readonly enoughClients: number;
  /** More are refused. */
  readonly maxClients: number;
  readonly rule: AggregateRule;
  /** Left out at each end by the rule "trimmed", 0 to below 0.5. */
  readonly trim: number;
  /** A client's rows count to this many. */
  readonly maxRows: number;
  /** Longest delta that is taken as it is; longer ones are shortened. 0 for no bound. */
  readonly clip: number;
  /** Deltas longer than this are refused. */
  readonly refuseAbove: number;
  /** How much of the mean delta is applied: 1 is federated averaging. */
  readonly serverRate: number;
  /** How much of the step before is taken again, 0 to below 1: evens out what uneven clients pull to and fro (Hsu, Qi and Brown 2019). */
  readonly momentum: number;
  readonly noise?: NoiseOptions;
  /** Largest epsilon that all rounds together may spend. */
  readonly budget?: number;
  /** Names of the clients that may take part; empty for all that the broker lets publish. */
  readonly members: readonly string[];
}

/** Float32 numbers that all updates of a round may be together: 256 MB. */
const MAX_NUMBERS = 64 * 1024 * 1024;

/** @throws RangeError naming the option, its value and what was expected */
export function checkOptions(options: CoordinatorOptions): CoordinatorOptions {
  checkPlan(options.plan);
  checkTraining(options.training);
  checkRanges(options);
  if (options.units) checkUnits(options.units, options.plan.inputs.length + 1);
  checkRounds(options);
  checkClients(options);
  checkProtection(options);
  return options;
}

function checkRanges({ plan, ranges }: CoordinatorOptions): void {
  if (ranges === undefined) return;
  integerWithin("ranges", ranges.length, plan.inputs.length + 1, plan.inputs.length + 1);
  ranges.forEach(({ low, high }, index) => {
    const name = plan.inputs[index] ?? plan.target;
    if (!(low < high))
      throw new RangeError(`range of ${name}: expected the low end below the high one, got ${low} to ${high}`);
  });
  const { deviation } = declaredScale(ranges, plan.kind);
  for (const one of deviation) positiveNumber("range", one);
}

function checkRounds({ rounds, roundMs, pauseMs, serverRate, momentum }: CoordinatorOptions): void {
  integerWithin("rounds", rounds, 0, MAX_ROUNDS);
  numberWithin("roundTime", roundMs, 1, 31 * 24 * 3_600_000);
  numberWithin("pause", pauseMs, 0, 31 * 24 * 3_600_000);
  numberWithin("serverRate", serverRate, 1e-6, 10);
  numberWithin("momentum", momentum, 0, 0.99);
}

function checkClients({ plan, minClients, enoughClients, maxClients, maxRows }: CoordinatorOptions): void {
  integerWithin("maxClients", maxClients, 1, 100_000);
  integerWithin("minClients", minClients, 1, maxClients);
  if (enoughClients !== 0) integerWithin("enoughClients", enoughClients, minClients, maxClients);
  integerWithin("maxRows", maxRows, 1, 1_000_000_000);
  const { parameterCount } = new Network(shapeOf(plan));
  const most = Math.floor(MAX_NUMBERS / parameterCount);
  if (maxClients > most) {
    throw new RangeError(
      `maxClients: expected at most ${most} with ${parameterCount} parameters each, got ${maxClients}`,
    );
  }
}

function checkProtection({ rule, trim, clip, refuseAbove, noise, budget, ranges }: CoordinatorOptions): void {
  numberWithin("trim", trim, 0, 0.499);
  numberWithin("clip", clip, 0, 1e9);
  positiveNumber("refuseAbove", refuseAbove);
  if (budget !== undefined) positiveNumber("budget", budget);
  if (noise === undefined) return;
  checkNoise(noise);
  if (rule !== "mean") throw new RangeError(`noise: goes with the rule "mean" only, got "${rule}"`);
  if (clip === 0) throw new RangeError("clip: expected a number above 0, because noise is in proportion to it, got 0");
  // What clients report before the first round would be outside of what the noise protects.
  if (ranges === undefined)
    throw new RangeError(
      "ranges: expected one of every input and of the target, because measuring them is not private",
    );
}
