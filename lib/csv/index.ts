export * from "./contract";
export { readCsv } from "./reader";
export { formatByName } from "./timestamps";
