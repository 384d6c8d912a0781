export * from "./butterworth";
export * from "./create";
export * from "./filter";
export * from "./gates";
export * from "./moving";
export * from "./recursive";
export * from "./savitzky-golay";
