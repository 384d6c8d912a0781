import { ModelError, type Predictor } from "../contract";
import { loadIsolation } from "./anomaly/isolation";
import { loadRarity } from "./anomaly/rarity";
import { loadSubspace } from "./anomaly/subspace";
import { loadBlend, loadTogether } from "./blend";
import { ModelFields } from "./fields";
import { loadInterval } from "./interval";
import { loadNetwork } from "./network/document";
import { loadTrees } from "./trees";

/** Models within models, at most. */
const MAX_NESTING = 4;
/** Of models in all. */
const MAX_MODELS = 1000;

const KINDS = ["trees", "network", "blend", "together", "interval", "isolation", "subspace", "rarity"] as const;

/**
 * Checks a model of the pack's own format completely, then makes it usable: nothing in it can read out of its arrays, run for
 * ever or ask for unbounded memory. Any model may have a `range`, [low, high], that its answers are kept in.
 * @param document the parsed JSON
 * @throws ModelError naming the place, and what was expected there
 */
export function loadPredictor(document: unknown): Predictor {
  let models = 0;
  const load = (part: unknown, path: string, nesting: number): Predictor => {
    models += 1;
    const fields = new ModelFields(part, path);
    if (nesting > MAX_NESTING) fields.fail("", `models nested at most ${MAX_NESTING} deep`);
    if (models > MAX_MODELS) fields.fail("", `at most ${MAX_MODELS} models in one`);
    const inner = (own: unknown, at: string): Predictor => load(own, at, nesting + 1);
    return within(fields, ofKind(fields, inner));
  };
  return checkedInput(load(document, "", 1));
}

function ofKind(fields: ModelFields, load: (part: unknown, path: string) => Predictor): Predictor {
  const kind = fields.oneOf("kind", KINDS);
  switch (kind) {
    case "trees":
      return loadTrees(fields);
    case "network":
      return loadNetwork(fields);
    case "blend":
      return loadBlend(fields, load);
    case "together":
      return loadTogether(fields, load);
    case "interval":
      return loadInterval(fields, load);
    case "isolation":
      return loadIsolation(fields);
    case "subspace":
      return loadSubspace(fields);
    case "rarity":
      return loadRarity(fields, load);
    default:
      return fields.fail("kind", `a kind that is known, not ${String(kind satisfies never)}`);
  }
}

function within(fields: ModelFields, predictor: Predictor): Predictor {
  if (fields.any("range") === undefined) return predictor;
  const [low, high] = fields.numbers("range", 2) as readonly [number, number];
  if (low > high) fields.fail("range", "the lower end first");
  return {
    ...predictor,
    predict(batch, count) {
      const answers = predictor.predict(batch, count);
      for (let i = 0; i < answers.length; i++) answers[i] = Math.min(high, Math.max(low, answers[i]!));
      return answers;
    },
  };
}

/** A batch of the wrong size would be read past its end, as missing values. */
function checkedInput(predictor: Predictor): Predictor {
  return {
    ...predictor,
    predict(batch, count) {
      if (!Number.isInteger(count) || count < 0 || batch.length !== count * predictor.inputs) {
        throw new ModelError(`expected ${count} x ${predictor.inputs} input values, got ${batch.length}`);
      }
      return predictor.predict(batch, count);
    },
  };
}
