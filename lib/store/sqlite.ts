import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "./errors";

/**
 * Opens a database with Node's own SQLite, which is loaded here and not before: a flow without a store pays nothing.
 * @throws StoreError "unavailable" when this Node has no SQLite, or what SQLite threw
 */
export function openDatabase(path: string): DatabaseSync {
  const sqlite = process.getBuiltinModule("node:sqlite");
  if (!sqlite) {
    throw new StoreError(
      "unavailable",
      `node:sqlite is needed, which Node ${process.version} does not offer: use Node 22.13 or newer`,
    );
  }
  return new sqlite.DatabaseSync(path);
}
