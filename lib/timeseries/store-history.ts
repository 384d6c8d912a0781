import type { StoreService } from "../store/contract";
import type { HistorySource } from "./history-rows";

/** The embedded store as a source of recorded readings. */
export function storeHistory(store: StoreService): HistorySource {
  return {
    query: async (query) => store.history.query(query).sort((a, b) => a.timestamp - b.timestamp),
    close: () => undefined,
  };
}
