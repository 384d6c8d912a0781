export * from "./device-maintenance";
export * from "./features";
export * from "./score";
export * from "./week";
