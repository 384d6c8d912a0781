import { SMALLEST_P } from "../../../detect/detector";
import type { Predictor } from "../../contract";
import { membersOf } from "../blend";
import type { ModelFields } from "../fields";

/**
 * How rare a row is, by one or more models of what is normal that each answer [score, p]: one number a row, 0 for ordinary rows,
 * 2 for what a normal row in a hundred reaches, 3 for one in a thousand; 300 at most.
 */
export interface RarityDocument {
  readonly kind: "rarity";
  readonly inputs: number;
  readonly members: readonly unknown[];
}

/**
 * -log10 of the probability that a normal row is as far out for any of the models. Their smallest p counts, times their number, as
 * they are not independent (Bonferroni's inequality).
 * @param ps one a model, 0 to 1
 */
export function rarityOf(ps: readonly number[]): number {
  const p = Math.min(1, ps.length * Math.min(...ps));
  // Not -log10, which is -0 for 1.
  return 0 - Math.log10(Math.max(SMALLEST_P, p));
}

export function loadRarity(fields: ModelFields, load: (document: unknown, path: string) => Predictor): Predictor {
  const members = membersOf(fields, load);
  members.forEach((member, at) => {
    if (member.outputs !== 2) fields.fail(`members[${at}]`, "a model that answers a score and its p");
  });
  return {
    inputs: members[0]!.inputs,
    outputs: 1,
    predict(batch, rows) {
      const answers = members.map((member) => member.predict(batch, rows));
      return Float64Array.from({ length: rows }, (_, row) => rarityOf(answers.map((own) => own[2 * row + 1]!)));
    },
  };
}
