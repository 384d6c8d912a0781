/** What went wrong with the store, for code that must decide; the message is for people. */
export type StoreErrorCode =
  | "disk-full"
  | "read-only"
  | "corrupt"
  | "busy"
  | "io"
  | "unavailable"
  | "newer-version"
  | "closed"
  | "statement";

/** An operation of the embedded store that could not be done, and what to do about it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Primary result codes, https://www.sqlite.org/rescode.html; the upper bytes of an extended code are cut off. */
const REASONS: ReadonlyMap<number, readonly [StoreErrorCode, string]> = new Map([
  [5, ["busy", "another process holds the database; give each Node-RED its own store file"]],
  [6, ["busy", "a table of the database is locked"]],
  [8, ["read-only", "the file or its folder cannot be written; check its owner and permissions"]],
  [10, ["io", "the disk reported an error; check the medium and the system log"]],
  [11, ["corrupt", "the file is damaged; restart Node-RED to set it aside and begin a new one"]],
  [13, ["disk-full", "the disk is full or the store has reached its size; free some space"]],
  [14, ["unavailable", "the file cannot be opened; check that its folder exists and can be written"]],
  [26, ["corrupt", "the file is not a database"]],
]);

/** Turns an error that SQLite or the file system threw into a StoreError; others come back as they are. */
export function storeError(error: unknown, path: string): Error {
  if (error instanceof StoreError) return error;
  const code = resultCode(error);
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  const [kind, advice] = REASONS.get(code) ?? ["statement", ""];
  const detail = (error as Error).message;
  return new StoreError(kind, `store ${path}: ${detail}${advice && `: ${advice}`}`, { cause: error });
}

/** The primary SQLite result code of an error, or undefined when it is not one of SQLite's. */
export function resultCode(error: unknown): number | undefined {
  const errcode = (error as { errcode?: unknown } | null | undefined)?.errcode;
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}
