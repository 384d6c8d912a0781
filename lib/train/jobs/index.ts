export * from "./contract";
export { type HistoryOptions, historyTable } from "./history";
export { reportPlot } from "./plot";
export { checkedJob, runJob, TASKS } from "./run";
export { readTrainingTable, type TrainingTable } from "./table";
export { TrainingBusyError, trainInWorker } from "./trainer";
