export { AGGREGATES, type Aggregate, aggregateReadings } from "./aggregate";
export type { InfluxConnection, InfluxService, InfluxTarget, InfluxVersion } from "./connection";
export { type EncodedLines, type EncoderOptions, LineEncoder, MEASUREMENT } from "./encoder";
export { type HistoryDefaults, type HistoryRequest, historyRequest } from "./history-request";
export { DEFAULT_LIMIT, type HistorySource } from "./history-rows";
export { parseServerUrl } from "./http";
export { openInflux } from "./open";
export { storeHistory } from "./store-history";
