import { rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Reading } from "../../lib/reading";
import { Registry } from "../../lib/registry";
import { openStore, type Store, StoreError } from "../../lib/store";

/*
 * Programs that store.test.ts runs as processes of their own: `node store-child.js <program> <folder>`. What they have
 * to say they write as lines of JSON, at once, so that nothing that was said is lost when they are killed.
 */

const BATCH = 100;
const SERIES = 50;
const COUNTER = ["CREATE TABLE counter (batch INTEGER NOT NULL)"];

function say(line: unknown): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/** The readings of the nth batch: their values count through all batches. */
export function batchOf(n: number): Reading[] {
  return Array.from({ length: BATCH }, (_, i) => {
    const number = n * BATCH + i;
    const [deviceId, timestamp] = [`d${number % SERIES}`, Math.floor(number / SERIES) * 1000];
    return { deviceId, sensor: "s", value: number, unit: "1", timestamp, quality: "good" };
  });
}

/** Every number that the history holds, ascending. */
export function numbersIn(store: Store): number[] {
  const all = store.history
    .series()
    .flatMap((series) => store.history.query({ ...series, limit: 1_000_000 }).map(({ value }) => Number(value)));
  return all.sort((a, b) => a - b);
}

export function countedIn(store: Store): number[] {
  const rows = store.component("counter", COUNTER).prepare("SELECT batch FROM counter ORDER BY batch").all();
  return rows.map(({ batch }) => Number(batch));
}

const codeOf = (error: unknown): string => (error instanceof StoreError ? error.code : `no StoreError: ${error}`);

/** Writes batch after batch, with upkeep and a registry, and says each once it is stored; until it is killed. */
function write(folder: string): void {
  const store = openStore(join(folder, "gatewise.db"));
  const counter = store.component("counter", COUNTER).prepare("INSERT INTO counter VALUES (?)");
  const registry = new Registry({ store });
  for (let n = (countedIn(store).at(-1) ?? -1) + 1; ; n += 1) {
    // Both or neither: the counter says which batches the history must hold.
    store.transaction(() => {
      store.history.append(batchOf(n));
      counter.run(n);
    });
    registry.touch(`r${n % 5000}`, n);
    registry.update(`r${n % 5000}`, { configuration: { n } });
    registry.flush();
    say(n);
    store.upkeep();
  }
}

/** Fills a small disk, goes on living, and writes again when there is room. */
function fill(folder: string): void {
  const ballast = join(folder, "ballast");
  writeFileSync(ballast, Buffer.alloc(3_000_000, 1));
  const store = openStore(join(folder, "gatewise.db"));
  const registry = new Registry({ store });
  let batch = 0;
  const until = (limit: number): string => {
    try {
      for (; batch < limit; batch += 1) {
        store.history.append(batchOf(batch));
        store.upkeep();
      }
      return "stored";
    } catch (error) {
      return codeOf(error);
    }
  };
  const append = until(1_000_000);
  const stored = batch;
  for (let i = 0; i < 2000; i += 1) registry.register(`device ${i}`, { name: "x".repeat(100) });
  let flush = "stored";
  try {
    registry.flush();
  } catch (error) {
    flush = codeOf(error);
  }
  const readable = numbersIn(store).length;
  rmSync(ballast);
  const later = until(stored + 10);
  registry.close();
  store.close();
  say({ append, flush, stored: stored * BATCH, readable, later, devices: registry.size });
}

/** Opens a file that may not be written, and says what came of it. */
function openReadOnly(folder: string): void {
  try {
    openStore(join(folder, "gatewise.db")).close();
    say({ code: "opened" });
  } catch (error) {
    say({ code: codeOf(error), message: (error as Error).message });
  }
}

/** Holds the file open until it is killed. */
function hold(folder: string): void {
  openStore(join(folder, "gatewise.db"));
  say("holding");
  setInterval(() => undefined, 1000);
}

const programs: Readonly<Record<string, (folder: string) => void>> = { write, fill, openReadOnly, hold };
const [program = "", folder = ""] = process.argv.slice(2);
programs[program]?.(folder);
