import { ModelError, type Preprocessor, type PreprocessSpec } from "../contract";
import { Engineered } from "./engineered";
import { WindowInput } from "./window";

export { type EngineeredSpec, type Figure, type FigureOf, inputNames, type Regimes } from "./engineered-spec";

/**
 * What turns the rows of one device into a model's inputs. Training runs it too, over whole histories, so that a model sees
 * at run time what it was trained on.
 * @throws ModelError when the spec is damaged or asks for too much
 */
export function createPreprocessor(spec: PreprocessSpec): Preprocessor {
  switch (spec.kind) {
    case "window":
      return new WindowInput(spec);
    case "engineered":
      return new Engineered(spec);
    default:
      throw new ModelError(
        `preprocess.kind: expected window or engineered, got ${JSON.stringify(spec satisfies never)}`,
      );
  }
}
