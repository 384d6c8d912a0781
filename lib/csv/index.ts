export * from "./contract";
export * from "./player";
export { readCsv } from "./reader";
export * from "./replay-clock";
export { columnOf, openTable, type Table } from "./table";
export { timeSpanOf } from "./time-span";
export { formatByName } from "./timestamps";
export { isMissing } from "./values";
