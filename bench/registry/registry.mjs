// Measures the registry with 100 000 devices against a plain Map in which a device heard is an object replaced and
// silence is found by looking at every device, and the history's writing against one indexed row per reading.
// Needs the built pack: npm run build. Options: --quick (10 000 devices, fewer readings).
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const require = createRequire(import.meta.url);
const { Registry } = require("../../dist/lib/registry/index.js");
const { openStore } = require("../../dist/lib/store/index.js");

const quick = process.argv.includes("--quick");
const DEVICES = quick ? 10_000 : 100_000;
const TOUCHES = quick ? 1_000_000 : 5_000_000;
const BATCHES = quick ? 200 : 1000;
const BATCH = 1000;
const SERIES = 1000;
const ROUNDS = 5;

const folder = mkdtempSync(join(tmpdir(), "gatewise-bench-registry-"));
const ids = Array.from({ length: DEVICES }, (_, i) => `building-${i % 100}-device-${i}`);
const figures = { name: "registry", devices: DEVICES };

try {
  console.log(`registry with ${DEVICES} devices, Node ${process.version}${quick ? ", quick" : ""}`);
  lifeOfDevices();
  touchAndSweep();
  historyWriting();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`BENCH ${JSON.stringify(figures)}`);

function lifeOfDevices() {
  const store = openStore(join(folder, "registry.db"));
  const registry = new Registry({ store });
  const info = (i) => ({
    name: `Device ${i}`,
    type: `type-${i % 7}`,
    location: `floor ${i % 30}`,
    tags: [`t${i % 10}`],
  });
  tell(
    "register_us",
    "register, each",
    (1000 * ms(() => each(ids, (id, i) => registry.register(id, info(i))))) / DEVICES,
    "us",
  );
  tell(
    "save_all_ms",
    "save all to disk",
    ms(() => registry.flush()),
    "ms",
  );
  tell(
    "list_page_ms",
    "list: filter by tag, second page of 100",
    median(() => registry.list({ tag: "t3", offset: 100 })),
    "ms",
  );
  tell(
    "list_sorted_ms",
    "list: text search, sorted by name",
    median(() => registry.list({ text: "floor 1", sort: "name" })),
    "ms",
  );
  tell(
    "list_all_sorted_ms",
    "list: everything, sorted by id",
    median(() => registry.list({ sort: "id" })),
    "ms",
  );
  tell("get_us", "get, each", (1000 * median(() => each(ids, (id) => registry.get(id)))) / DEVICES, "us");
  registry.close();
  store.close();
  const again = openStore(join(folder, "registry.db"));
  let loaded;
  const load = ms(() => {
    loaded = new Registry({ store: again });
  });
  if (loaded.size !== DEVICES) throw new Error(`loaded ${loaded.size} of ${DEVICES} devices`);
  tell("load_ms", "load from disk at the start", load, "ms");
  loaded.close();
  again.close();
}

function touchAndSweep() {
  let now = 1_700_000_000_000;
  const order = Array.from({ length: TOUCHES }, (_, i) => ids[(i * 7919) % DEVICES]);
  const registry = new Registry({ now: () => now, monotonic: () => now });
  const plain = new Map();
  for (const id of ids) {
    registry.touch(id, now);
    plain.set(id, { id, status: "online", lastSeen: now });
  }
  const ours = [];
  const peers = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(ms(() => each(order, (id) => registry.touch(id, now))));
    peers.push(
      ms(() =>
        each(order, (id) => {
          plain.set(id, { ...plain.get(id), status: "online", lastSeen: now });
        }),
      ),
    );
  }
  const touchNs = (1e6 * middle(ours)) / TOUCHES;
  const peerNs = (1e6 * middle(peers)) / TOUCHES;
  tell("touch_ns", "touch a device that is online, in random order", touchNs, "ns");
  tell("touch_plain_map_ns", "  peer: plain Map, object replaced", peerNs, "ns");

  // 310 seconds of a sweep a second as the node does it, everyone heard every 60 s: the worst case, all due at once.
  const sweeps = [];
  const scans = [];
  for (let second = 0; second < 310; second += 1) {
    now += 1000;
    if (second % 60 === 0) for (const id of ids) registry.touch(id, now);
    let more = true;
    while (more) {
      sweeps.push(
        ms(() => {
          more = registry.sweep(2000);
        }),
      );
    }
    scans.push(
      ms(() => {
        for (const device of plain.values()) if (now - device.lastSeen > 1e12) throw new Error("silent");
      }),
    );
  }
  if (registry.counts.online !== DEVICES) throw new Error("a device that was heard went offline");
  tell("sweep_mean_ms", "sweep for silent devices, mean of a step", mean(sweeps), "ms");
  tell("sweep_max_ms", "sweep, longest step", Math.max(...sweeps), "ms");
  tell("sweep_plain_map_mean_ms", "  peer: looking at every device, mean", mean(scans), "ms");
  now += 400_000;
  tell(
    "all_offline_ms",
    "sweep in which everyone goes offline",
    ms(() => registry.sweep()),
    "ms",
  );
  if (registry.counts.offline !== DEVICES) throw new Error("a silent device is still online");
}

function historyWriting() {
  const batches = Array.from({ length: BATCHES }, (_, b) =>
    Array.from({ length: BATCH }, (_, i) => ({
      ...{ deviceId: `d${i % SERIES}`, sensor: "temperature", unit: "Cel", quality: "good" },
      value: Math.round(2000 + 500 * Math.sin((b + i) / 50) + 20 * Math.random()) / 100,
      timestamp: 1_700_000_000_000 + b * 1000,
    })),
  );
  const readings = BATCHES * BATCH;
  const store = openStore(join(folder, "history.db"));
  const [ourMs, ourBytes] = withBytesWritten(() => {
    for (const batch of batches) {
      store.history.append(batch);
      store.upkeep();
    }
  });
  const { used } = store.size();
  const query = median(() => store.history.query({ deviceId: "d5", sensor: "temperature", limit: 100_000 }));
  const found = store.history.query({ deviceId: "d5", sensor: "temperature", limit: 100_000 }).length;
  if (found !== BATCHES) throw new Error(`found ${found} of ${BATCHES} readings`);
  store.close();
  const [peerMs, peerBytes] = withBytesWritten(() => writeRows(batches));
  tell(
    "history_readings_per_s",
    `history, ${SERIES} series, batches of ${BATCH}, each on disk`,
    (1000 * readings) / ourMs,
    "readings/s",
  );
  tell(
    "history_rows_readings_per_s",
    "  peer: a row per reading, index by series and time",
    (1000 * readings) / peerMs,
    "readings/s",
  );
  tell("history_written_bytes_per_reading", "written to the disk", ourBytes / readings, "bytes/reading");
  tell("history_rows_written_bytes_per_reading", "  peer", peerBytes / readings, "bytes/reading");
  tell("history_file_bytes_per_reading", "kept in the file", used / readings, "bytes/reading");
  tell("history_query_ms", `read one series back, ${found} readings`, query, "ms");
}

function writeRows(batches) {
  const db = new DatabaseSync(join(folder, "rows.db"));
  db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
    CREATE TABLE reading (series INTEGER, timestamp INTEGER, value REAL, PRIMARY KEY (series, timestamp)) WITHOUT ROWID`);
  const insert = db.prepare("INSERT INTO reading VALUES (?, ?, ?)");
  for (const batch of batches) {
    db.exec("BEGIN");
    for (const { deviceId, timestamp, value } of batch) insert.run(Number(deviceId.slice(1)), timestamp, value);
    db.exec("COMMIT");
  }
  db.close();
}

function withBytesWritten(work) {
  const before = bytesWritten();
  const took = ms(work);
  return [took, bytesWritten() - before];
}

/** What the process has caused to be written to disks, where the system tells. */
function bytesWritten() {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? Number.NaN);
  } catch {
    return Number.NaN;
  }
}

function each(list, work) {
  for (let i = 0; i < list.length; i += 1) work(list[i], i);
}

function ms(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(work) {
  return middle(Array.from({ length: ROUNDS }, () => ms(work)));
}

function middle(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function tell(key, what, value, unit) {
  const rounded = Number(value.toPrecision(3));
  figures[key] = rounded;
  console.log(`  ${what.padEnd(58)} ${rounded.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`);
}
