// How many readings a second are durable through the outbox, and how fast it empties; against one SQLite row per
// reading, which is how a store-and-forward buffer is usually written. Same file system, same journal, same run.
//
//   npm run bench:outbox [-- --quick]
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const require = createRequire(import.meta.url);
const { openStore } = require("../../dist/lib/store/index.js");
const { GroupCommit, Outbox } = require("../../dist/lib/outbox/index.js");
const { LineEncoder } = require("../../dist/lib/timeseries/index.js");

const quick = process.argv.includes("--quick");
const DEVICES = 1000;
const BATCH = 500;
const READINGS = quick ? 100_000 : 1_000_000;
const SINGLE = quick ? 20_000 : 100_000;
const ROUNDS = quick ? 1 : 3;
const LIMITS = { maxReadings: 1e9, maxBytes: 1e12, whenFull: "refuse-newest" };

const folder = mkdtempSync(join(tmpdir(), "bench-outbox-"));
try {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(join(folder, String(round))));
  report(rounds);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name) {
  return {
    ...outboxInBatches(`${name}-outbox.db`),
    messages_per_s: await outboxByMessages(`${name}-messages.db`),
    rows_per_s: rowsInTransactions(`${name}-rows.db`),
    autocommit_per_s: rowsOneByOne(`${name}-autocommit.db`),
  };
}

/** The whole way: encode, append, and later take and confirm, as the node does it. */
function outboxInBatches(path) {
  const store = openStore(path);
  const outbox = new Outbox(store, "bench", LIMITS);
  const encoder = new LineEncoder();
  const readings_per_s = rateOf(READINGS, () => {
    for (const batch of batches(READINGS)) {
      const { lines, count } = encoder.encode(batch);
      outbox.append([{ lines, count }]);
    }
  });
  const bytes_per_reading = outbox.counts().waitingBytes / READINGS;
  const drained_per_s = rateOf(READINGS, () => {
    for (let group = outbox.take(5000, 4e6); group; group = outbox.take(5000, 4e6)) outbox.confirm(group);
  });
  if (outbox.counts().written !== READINGS) throw new Error("the outbox has lost readings");
  store.close();
  return { readings_per_s, drained_per_s, bytes_per_reading };
}

/** One reading a message, 64 messages in the flow at once: what arrives together is committed together. */
async function outboxByMessages(path) {
  const store = openStore(path);
  const outbox = new Outbox(store, "bench", LIMITS);
  const encoder = new LineEncoder();
  const commit = new GroupCommit((entries) => outbox.append(entries));
  const began = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < SINGLE) {
      const { lines, count } = encoder.encode([reading(next++)]);
      await commit.append({ lines, count });
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  const rate = SINGLE / ((performance.now() - began) / 1000);
  store.close();
  return rate;
}

function openRows(path) {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
  db.exec("CREATE TABLE buffer (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, reading TEXT NOT NULL)");
  return { db, insert: db.prepare("INSERT INTO buffer (at, reading) VALUES (?, ?)") };
}

/** The careful peer: one row per reading, one transaction per batch. */
function rowsInTransactions(path) {
  const { db, insert } = openRows(path);
  const rate = rateOf(READINGS, () => {
    for (const batch of batches(READINGS)) {
      db.exec("BEGIN IMMEDIATE");
      for (const one of batch) insert.run(one.timestamp, JSON.stringify(one));
      db.exec("COMMIT");
    }
  });
  db.close();
  return rate;
}

/** The usual peer: one row per reading, each its own transaction. */
function rowsOneByOne(path) {
  const { db, insert } = openRows(path);
  const rate = rateOf(SINGLE, () => {
    for (let index = 0; index < SINGLE; index += 1) {
      const one = reading(index);
      insert.run(one.timestamp, JSON.stringify(one));
    }
  });
  db.close();
  return rate;
}

function* batches(count) {
  for (let start = 0; start < count; start += BATCH) {
    yield Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => reading(start + index));
  }
}

function reading(index) {
  return {
    deviceId: `device-${index % DEVICES}`,
    sensor: "temperature",
    value: 20 + (index % 97) / 10,
    unit: "Cel",
    timestamp: 1_700_000_000_000 + Math.floor(index / DEVICES) * 1000,
    quality: "good",
  };
}

function rateOf(count, work) {
  const began = performance.now();
  work();
  return count / ((performance.now() - began) / 1000);
}

function report(rounds) {
  const median = (key) => rounds.map((round) => round[key]).sort((a, b) => a - b)[rounds.length >> 1];
  const figures = {
    readings_per_s: Math.round(median("readings_per_s")),
    drained_per_s: Math.round(median("drained_per_s")),
    single_messages_per_s: Math.round(median("messages_per_s")),
    peer_rows_per_s: Math.round(median("rows_per_s")),
    peer_autocommit_per_s: Math.round(median("autocommit_per_s")),
    bytes_per_reading: Math.round(median("bytes_per_reading")),
  };
  const ratio = (a, b) => Number((a / b).toFixed(2));
  console.log(`outbox, batches of ${BATCH}, ${DEVICES} series, median of ${rounds.length}:`);
  console.log(`  durable through the outbox      ${figures.readings_per_s.toLocaleString("en")} readings/s`);
  console.log(`  taken and confirmed             ${figures.drained_per_s.toLocaleString("en")} readings/s`);
  console.log(`  one reading a message           ${figures.single_messages_per_s.toLocaleString("en")} messages/s`);
  console.log(`  peer, a row per reading         ${figures.peer_rows_per_s.toLocaleString("en")} readings/s`);
  console.log(`  peer, a transaction per reading ${figures.peer_autocommit_per_s.toLocaleString("en")} readings/s`);
  const line = {
    name: "outbox",
    ...figures,
    ratio_to_rows: ratio(figures.readings_per_s, figures.peer_rows_per_s),
    ratio_single_to_autocommit: ratio(figures.single_messages_per_s, figures.peer_autocommit_per_s),
  };
  console.log(`BENCH ${JSON.stringify(line)}`);
}
