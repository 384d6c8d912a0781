export { RUL_FIGURES, rulMembers } from "./recipe";
export {
  RUL_DEFAULTS,
  type RulDocument,
  type RulModel,
  type RulOptions,
  type RulSamples,
  rulBlend,
  rulSamples,
  trainRul,
} from "./train";
