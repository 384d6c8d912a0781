import type { BlendDocument } from "../model/predictors";
import type { NetworkDocument } from "../model/predictors/network/document";
import type { TreesDocument } from "../model/predictors/trees";
import type { Samples, TrainingControl } from "./data";
import { type TreesOptions, trainTrees } from "./gbdt";
import { type NetworkOptions, trainNetwork } from "./network";

/** One model of a blend, and its share in the mean. */
export type Member =
  | { readonly kind: "trees"; readonly weight: number; readonly options: Partial<TreesOptions> }
  | { readonly kind: "network"; readonly weight: number; readonly options: Partial<NetworkOptions> };

export interface TrainedMember {
  readonly model: TreesDocument | NetworkDocument;
  /** Of the features, from trees only. */
  readonly importances?: Float64Array;
}

/** Fits one member, as it is asked: in this thread by `trainMember`, or in another. */
export type MemberTrainer = (member: Member, control: TrainingControl) => Promise<TrainedMember>;

export async function trainMember(
  samples: Samples,
  member: Member,
  control: TrainingControl = {},
): Promise<TrainedMember> {
  if (member.kind === "network") return trainNetwork(samples, member.options, control);
  return trainTrees(samples, member.options, control);
}

export interface TrainedBlend {
  readonly model: BlendDocument;
  /** Mean of the trees' importances; all 0 without trees. */
  readonly importances: Float64Array;
}

/**
 * Fits several models on the same samples: trees and networks err in different places, so their mean errs less than each.
 * @param train how a member is fitted, all at once, when given; otherwise one after the other in this thread
 */
export async function trainBlend(
  samples: Samples,
  members: readonly Member[],
  control: TrainingControl = {},
  train?: MemberTrainer,
): Promise<TrainedBlend> {
  const progressOf = progressOfAll(members.length, control);
  const trained: TrainedMember[] = [];
  if (train !== undefined) {
    trained.push(...(await Promise.all(members.map((member, at) => train(member, progressOf(at))))));
  } else {
    for (const [at, member] of members.entries()) trained.push(await trainMember(samples, member, progressOf(at)));
  }
  const { columns } = samples.features;
  return {
    model: {
      kind: "blend",
      inputs: columns,
      weights: members.map(({ weight }) => weight),
      members: trained.map(({ model }) => model),
    },
    importances: meanImportances(trained, columns),
  };
}

/** A control for each member, which tells how far all of them are together. */
function progressOfAll(count: number, control: TrainingControl): (at: number) => TrainingControl {
  const done = new Float64Array(count);
  const { onProgress } = control;
  if (onProgress === undefined) return () => control;
  return (at) => ({
    ...control,
    onProgress(progress) {
      done[at] = progress.done;
      onProgress({ ...progress, done: done.reduce((sum, own) => sum + own, 0) / count });
    },
  });
}

function meanImportances(trained: readonly TrainedMember[], columns: number): Float64Array {
  const mean = new Float64Array(columns);
  const known = trained.flatMap(({ importances }) => (importances === undefined ? [] : [importances]));
  for (const own of known) {
    own.forEach((share, i) => {
      mean[i]! += share / known.length;
    });
  }
  return mean;
}
