import type { BlendDocument } from "../../model/predictors";
import type { EngineeredSpec } from "../../model/preprocess";
import { integerWithin, positiveNumber } from "../../numeric/limits";
import { type Member, type MemberTrainer, trainBlend } from "../blend";
import { type Samples, type TrainingControl, TrainingError } from "../data";
import { fitEngineered, type History, inputsOf } from "../preprocess";
import { RUL_COMPONENTS, RUL_FIGURES, rulMembers } from "./recipe";

export interface RulOptions {
  /** Names of the histories' columns. */
  readonly sensors: readonly string[];
  /** Those of them that say how the unit is operated, and not how it is. */
  readonly settings: readonly string[];
  /**
   * Remaining life beyond this is not told apart, in the targets' unit: a healthy unit does not show when it will fail
   * (Heimes 2008, piecewise-linear remaining life).
   */
  readonly cap: number;
  /** How many models of each kind are averaged. */
  readonly seeds: number;
  readonly seed: number;
}

export const RUL_DEFAULTS = { settings: [], cap: 125, seeds: 5, seed: 1 } as const;

export interface RulModel {
  readonly preprocess: EngineeredSpec;
  readonly model: RulDocument;
  /** Of the model's inputs, in the order of `inputNames`. */
  readonly importances: Float64Array;
}

/** A blend that answers from 0 to the cap. */
export type RulDocument = BlendDocument & { readonly range: readonly [number, number] };

/** Rows at the start of a life whose figures are of too few values yet, and the weight that they have. */
const EARLY_ROWS = 15;
const EARLY_WEIGHT = 0.05;
/** Weight of rows beyond the cap: they all say the same. And of those beyond one and a half times the cap. */
const CAPPED_WEIGHT = 0.4;
const HEALTHY_WEIGHT = 0.1;

/** What a model of remaining life is fitted on. */
export interface RulSamples {
  readonly preprocess: EngineeredSpec;
  readonly samples: Samples;
  /** The history of each row. */
  readonly units: readonly string[];
}

/**
 * @param remaining remaining life at each row of each history, as long as the history; cycles, hours or whatever the model shall say
 * @throws TrainingError when histories and remaining lives do not fit together
 */
export function rulSamples(
  histories: readonly History[],
  remaining: readonly Float64Array[],
  options: Pick<RulOptions, "sensors"> & Partial<RulOptions>,
): RulSamples {
  const { sensors, settings, seed, cap } = { ...RUL_DEFAULTS, ...options };
  positiveNumber("cap", cap);
  histories.forEach(({ unit, rows }, h) => {
    if (remaining[h]?.length === rows.rows) return;
    throw new TrainingError(`unit ${unit}: expected ${rows.rows} remaining lives, got ${remaining[h]?.length ?? 0}`);
  });
  const capped = remaining.map((own) => own.map((life) => Math.min(cap, life)));
  const preprocess = fitEngineered(histories, {
    sensors,
    settings,
    figures: RUL_FIGURES,
    components: RUL_COMPONENTS,
    target: capped,
    seed,
  });
  const { features, history, row } = inputsOf(preprocess, histories);
  const weightAt = (life: number, age: number): number => {
    const early = age < EARLY_ROWS ? EARLY_WEIGHT : 1;
    return early * (life > 1.5 * cap ? HEALTHY_WEIGHT : life > cap ? CAPPED_WEIGHT : 1);
  };
  return {
    preprocess,
    units: Array.from(history, (h) => histories[h]!.unit),
    samples: {
      features,
      target: Float64Array.from(history, (h, i) => capped[h]![row[i]!]!),
      weights: Float64Array.from(history, (h, i) => weightAt(remaining[h]![row[i]!]!, row[i]!)),
    },
  };
}

/** The members that are blended. @throws RangeError when there are too many or none */
export function rulBlend(options: Partial<RulOptions>): Member[] {
  const { seeds, seed } = { ...RUL_DEFAULTS, ...options };
  return rulMembers(integerWithin("seeds", seeds, 1, 60), seed);
}

/**
 * Remaining useful life from run-to-failure histories: regimes of operation, figures of wear (RUL_FIGURES), and a blend of
 * boosted trees and small networks.
 * @param train how members are fitted; by default one after the other in this thread
 * @throws TrainingError when the histories are not fit for it, RangeError when an option is out of range
 */
export async function trainRul(
  histories: readonly History[],
  remaining: readonly Float64Array[],
  options: Pick<RulOptions, "sensors"> & Partial<RulOptions>,
  control: TrainingControl = {},
  train?: (samples: Samples) => MemberTrainer,
): Promise<RulModel> {
  const { preprocess, samples } = rulSamples(histories, remaining, options);
  const { model, importances } = await trainBlend(samples, rulBlend(options), control, train?.(samples));
  return { preprocess, model: { ...model, range: [0, options.cap ?? RUL_DEFAULTS.cap] }, importances };
}
