import { closeSync, existsSync, openSync, readdirSync, writeFileSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { storesOfEachTest } from "../../test/support/stores";
import { openStore, type Store, StoreError, type StoreOptions } from ".";

const stores = storesOfEachTest();

const NOTES = ["CREATE TABLE note (text TEXT NOT NULL)"];

function open(path = stores.file("deep", "gatewise.db"), options: StoreOptions = {}): Store {
  return stores.open(path, options);
}

function notes(store: Store): unknown[] {
  return store
    .component("notes", NOTES)
    .prepare("SELECT text FROM note")
    .all()
    .map((row) => row.text);
}

function addNote(store: Store, text: string): void {
  store.component("notes", NOTES).prepare("INSERT INTO note VALUES (?)").run(text);
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof StoreError ? error.code : `not a StoreError: ${error}`;
  }
  return undefined;
}

describe("opening", () => {
  it("makes the folder and the file, in write-ahead mode", () => {
    const store = open();
    expect(existsSync(store.path)).toBe(true);
    expect(store.component("notes", NOTES).prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  });

  it("shares one file between its holders and closes it with the last", () => {
    const [first, second] = [open(), open()];
    addNote(first, "seen by both");
    first.close();
    first.close();
    expect(notes(second)).toEqual(["seen by both"]);
    second.close();
    expect(existsSync(`${second.path}-wal`)).toBe(false);
    expect(codeOf(() => second.transaction(() => 1))).toBe("closed");
    expect(notes(open())).toEqual(["seen by both"]);
  });

  it("waits for the disk at each commit as soon as one holder asks for it", () => {
    const synchronous = (store: Store): unknown =>
      store.component("notes", NOTES).prepare("PRAGMA synchronous").get()?.synchronous;
    const relaxed = open();
    expect(synchronous(relaxed)).toBe(1);
    const strict = open(relaxed.path, { sync: "full" });
    expect(synchronous(relaxed)).toBe(2);
    strict.close();
    expect(synchronous(relaxed)).toBe(1);
  });

  it("says clearly that a path cannot be used", () => {
    writeFileSync(stores.file("a-file"), "");
    expect(codeOf(() => openStore(stores.file("a-file", "gatewise.db")))).toBe("unavailable");
    expect(codeOf(() => openStore(stores.file()))).toBe("unavailable");
  });
});

describe("a damaged file", () => {
  it("is set aside when it is no database at all", () => {
    const path = stores.file("gatewise.db");
    writeFileSync(path, "this is not a database".repeat(1000));
    const warnings: string[] = [];
    const store = open(path, { onWarning: (warning) => warnings.push(warning), now: () => Date.UTC(2026, 0, 2) });
    addNote(store, "new");
    expect(notes(store)).toEqual(["new"]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("gatewise.db.corrupt-2026-01-02T00-00-00-000Z");
    expect(readdirSync(stores.file())).toContain("gatewise.db.corrupt-2026-01-02T00-00-00-000Z");
  });

  it("is found at the start after damage was seen in use", () => {
    const path = stores.file("gatewise.db");
    const store = open(path);
    for (let i = 0; i < 2000; i += 1) addNote(store, `note ${i} ${"x".repeat(100)}`);
    store.close();
    overwrite(path, 4096 * 10, 4096 * 20);
    const damaged = open(path);
    const reading = codeOf(() =>
      damaged.transaction(() => damaged.component("notes", NOTES).exec("UPDATE note SET text = text || '.'")),
    );
    expect(reading).toBe("corrupt");
    damaged.close();
    const warnings: string[] = [];
    const fresh = open(path, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toHaveLength(1);
    expect(notes(fresh)).toEqual([]);
    fresh.close();
    open(path, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toHaveLength(1);
  });
});

function overwrite(path: string, from: number, to: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(to - from, 0xa5), 0, to - from, from);
  closeSync(file);
}

describe("migrations", () => {
  it("apply once each, and only the outstanding ones", () => {
    const store = open();
    addNote(store, "old");
    store.close();
    const grown = open(store.path);
    const db = grown.component("notes", [...NOTES, "ALTER TABLE note ADD COLUMN author TEXT DEFAULT 'nobody'"]);
    expect(db.prepare("SELECT * FROM note").all()).toEqual([{ text: "old", author: "nobody" }]);
  });

  it("leave nothing behind when a script fails half-way", () => {
    const store = open();
    expect(codeOf(() => store.component("notes", [`${NOTES[0]}; CREATE TABLE note (again TEXT)`]))).toBe("statement");
    addNote(store, "after");
    expect(notes(store)).toEqual(["after"]);
  });

  it("refuse a file that a newer version wrote", () => {
    const store = open();
    store.component("notes", [...NOTES, "CREATE TABLE more (x)"]);
    store.close();
    expect(codeOf(() => open(store.path).component("notes", NOTES))).toBe("newer-version");
  });
});

describe("transactions", () => {
  it("undo everything when the work throws, and hand on its error", () => {
    const store = open();
    const work = (): void =>
      store.transaction(() => {
        addNote(store, "lost");
        throw new RangeError("no");
      });
    expect(work).toThrow(RangeError);
    expect(notes(store)).toEqual([]);
  });

  it("let an inner failure undo only itself when the outer goes on", () => {
    const store = open();
    store.transaction(() => {
      addNote(store, "outer");
      expect(() =>
        store.transaction(() => {
          addNote(store, "inner");
          throw new Error("inner");
        }),
      ).toThrow("inner");
      addNote(store, "outer again");
    });
    expect(notes(store)).toEqual(["outer", "outer again"]);
  });

  it("undo the inner work too when the outer throws later", () => {
    const store = open();
    expect(() =>
      store.transaction(() => {
        store.transaction(() => addNote(store, "inner"));
        throw new Error("outer");
      }),
    ).toThrow("outer");
    expect(notes(store)).toEqual([]);
  });

  it("refuse asynchronous work", () => {
    const store = open();
    expect(codeOf(() => store.transaction(async () => addNote(store, "later")))).toBe("statement");
    expect(notes(store)).toEqual([]);
  });

  it("report a full disk and go on when there is room again", () => {
    const store = open();
    const db = store.component("notes", NOTES);
    const { page_count } = db.prepare("PRAGMA page_count").get() as { page_count: number };
    db.exec(`PRAGMA max_page_count=${page_count + 20}`);
    expect(codeOf(() => store.transaction(() => addNote(store, "x".repeat(1_000_000))))).toBe("disk-full");
    addNote(store, "small");
    db.exec("PRAGMA max_page_count=100000");
    store.transaction(() => addNote(store, "x".repeat(1_000_000)));
    expect(notes(store).map((text) => String(text).length)).toEqual([5, 1_000_000]);
  });
});

describe("series states", () => {
  it("survive a restart under the same fingerprint", () => {
    const store = open();
    store.seriesStates("node-1", "window 100").save([
      ["a/t", { mean: 1.5, ring: [1, 2] }],
      ["b/t", [null, "x"]],
    ]);
    store.close();
    const states = open(store.path).seriesStates("node-1", "window 100");
    expect(states.load("a/t")).toEqual({ mean: 1.5, ring: [1, 2] });
    expect(states.load("b/t")).toEqual([null, "x"]);
    expect(states.load("c/t")).toBeUndefined();
  });

  it("are kept apart by keeper, and dropped by another fingerprint", () => {
    const store = open();
    store.seriesStates("node-1", "window 100").save([["a/t", 1]]);
    store.seriesStates("node-2", "window 100").save([["a/t", 2]]);
    expect(store.seriesStates("node-1", "window 50").load("a/t")).toBeUndefined();
    expect(store.seriesStates("node-2", "window 100").load("a/t")).toBe(2);
  });

  it("go on under another name of the same configuration", () => {
    const store = open();
    store.seriesStates("node-1", "old name").save([["a/t", 1]]);
    expect(store.seriesStates("node-1", "name", ["older name", "old name"])).toMatchObject({ dropped: 0 });
    expect(store.seriesStates("node-1", "name").load("a/t")).toBe(1);
  });

  it("say how many were given up because another configuration made them", () => {
    const store = open();
    expect(store.seriesStates("node-1", "window 100").dropped).toBe(0);
    store.seriesStates("node-1", "window 100").save([
      ["a/t", 1],
      ["b/t", 2],
    ]);
    expect(store.seriesStates("node-1", "window 50", ["window 5"]).dropped).toBe(2);
    expect(store.seriesStates("node-1", "window 50").dropped).toBe(0);
  });

  it("are deleted by undefined and by clear", () => {
    const states = open().seriesStates("node-1", "f");
    states.save([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]);
    states.save([["a", undefined]]);
    expect([states.load("a"), states.load("b")]).toEqual([undefined, 2]);
    expect([...states.names()].sort()).toEqual(["b", "c"]);
    states.clear();
    expect(states.load("c")).toBeUndefined();
    expect(states.names()).toEqual([]);
  });
});
