export * from "./device";
export { parseScenario, ScenarioError } from "./parse";
export type * from "./scenario";
