export * from "./device-health";
export * from "./health-index";
