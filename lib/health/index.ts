export * from "./health-index";
