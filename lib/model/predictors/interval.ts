import type { Predictor } from "../contract";
import type { ModelFields } from "./fields";

const MAX_KNOTS = 1000;

/** How far the truth may be from an answer, by the size of the answer: straight lines between knots, the ends held. */
export interface Margins {
  /** Answers, rising. */
  readonly at: readonly number[];
  /** Ends of the interval at each, less the answer. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** The margins around one answer. */
export function marginsAt({ at, low, high }: Margins, answer: number): readonly [low: number, high: number] {
  const above = at.findIndex((knot) => knot > answer);
  const right = above < 0 ? at.length - 1 : above;
  const left = above < 0 ? right : Math.max(0, right - 1);
  const way = at[right]! - at[left]!;
  const share = way > 0 ? Math.max(0, (answer - at[left]!) / way) : 0;
  return [low[left]! + share * (low[right]! - low[left]!), high[left]! + share * (high[right]! - high[left]!)];
}

/** A model of one output with the ends of an interval around it, as it is stored; the outputs are answer, low and high. */
export interface IntervalDocument extends Margins {
  readonly kind: "interval";
  readonly inputs: number;
  readonly member: unknown;
}

export function loadInterval(fields: ModelFields, load: (part: unknown, path: string) => Predictor): Predictor {
  const inputs = fields.integer("inputs", 1, Number.MAX_SAFE_INTEGER);
  const member = load(fields.any("member"), fields.path === "" ? "member" : `${fields.path}.member`);
  if (member.inputs !== inputs || member.outputs !== 1) {
    fields.fail("member", `a model of ${inputs} inputs and one output, not ${member.inputs} and ${member.outputs}`);
  }
  const at = fields.numbers("at", 1, MAX_KNOTS);
  const margins: Margins = { at, low: fields.numbers("low", at.length), high: fields.numbers("high", at.length) };
  if (at.some((knot, i) => i > 0 && knot < at[i - 1]!)) fields.fail("at", "answers that rise");
  return {
    inputs,
    outputs: 3,
    predict(batch, count) {
      const own = member.predict(batch, count);
      const answers = new Float64Array(3 * count);
      own.forEach((answer, i) => {
        const [low, high] = marginsAt(margins, answer);
        answers.set([answer, answer + low, answer + high], 3 * i);
      });
      return answers;
    },
  };
}
