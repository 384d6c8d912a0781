export {
  ENGINEERED_DEFAULTS,
  type EngineeredOptions,
  fitEngineered,
  type History,
  type Inputs,
  inputsOf,
} from "./fit";
