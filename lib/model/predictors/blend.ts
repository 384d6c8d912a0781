import type { Predictor } from "../contract";
import type { ModelFields } from "./fields";

const MAX_MEMBERS = 200;

type Load = (document: unknown, path: string) => Predictor;

/** Checked models for the same inputs. */
export function membersOf(fields: ModelFields, load: Load): Predictor[] {
  const inputs = fields.integer("inputs", 1, Number.MAX_SAFE_INTEGER);
  const path = fields.path === "" ? "members" : `${fields.path}.members`;
  return fields.list("members", 1, MAX_MEMBERS).map((document, at) => {
    const member = load(document, `${path}[${at}]`);
    if (member.inputs !== inputs) fields.fail(`members[${at}]`, `a model of ${inputs} inputs, not ${member.inputs}`);
    return member;
  });
}

/** Weighted mean of models for the same inputs and outputs, as it is stored. */
export interface BlendDocument {
  readonly kind: "blend";
  readonly inputs: number;
  /** A member; of any sum above 0. */
  readonly weights: readonly number[];
  readonly members: readonly unknown[];
}

export function loadBlend(fields: ModelFields, load: Load): Predictor {
  const members = membersOf(fields, load);
  const weights = fields.numbers("weights", members.length);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!weights.every((weight) => weight >= 0) || !(total > 0))
    fields.fail("weights", "numbers of 0 and more, not all 0");
  const { inputs, outputs } = members[0]!;
  members.forEach((member, at) => {
    if (member.outputs !== outputs) fields.fail(`members[${at}]`, `a model of ${outputs} outputs`);
  });
  return {
    inputs,
    outputs,
    predict(batch, count) {
      const answers = new Float64Array(count * outputs);
      members.forEach((member, at) => {
        const own = member.predict(batch, count);
        const share = weights[at]! / total;
        for (let i = 0; i < answers.length; i++) answers[i]! += share * own[i]!;
      });
      return answers;
    },
  };
}

/** Models for the same inputs whose outputs come one after the other, as a value and the ends of its interval do. */
export interface TogetherDocument {
  readonly kind: "together";
  readonly inputs: number;
  readonly members: readonly unknown[];
}

export function loadTogether(fields: ModelFields, load: Load): Predictor {
  const members = membersOf(fields, load);
  const outputs = members.reduce((sum, member) => sum + member.outputs, 0);
  return {
    inputs: members[0]!.inputs,
    outputs,
    predict(batch, count) {
      const answers = new Float64Array(count * outputs);
      let start = 0;
      for (const member of members) {
        const own = member.predict(batch, count);
        for (let i = 0; i < own.length; i++) {
          const row = Math.floor(i / member.outputs);
          answers[row * outputs + start + (i % member.outputs)] = own[i]!;
        }
        start += member.outputs;
      }
      return answers;
    },
  };
}
