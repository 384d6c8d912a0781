import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { openStore, type Store, type StoreOptions } from "../../lib/store";

interface Stores {
  /** A path in the test's own folder; the folder itself without names. */
  file(...names: string[]): string;
  /** Opens a store that is closed when the test is over. */
  open(path: string, options?: StoreOptions): Store;
}

/** Gives each test of the file in which it is called a folder of its own and the stores in it. */
export function storesOfEachTest(): Stores {
  let folder = "";
  const opened: Store[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gatewise-store-"));
  });
  afterEach(() => {
    for (const store of opened.splice(0)) store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    file: (...names) => join(folder, ...names),
    open(path, options = {}) {
      const store = openStore(path, options);
      opened.push(store);
      return store;
    },
  };
}
