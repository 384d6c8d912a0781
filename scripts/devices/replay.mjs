// Publishes a CSV recording over MQTT as one device: a message a row, columns become sensors.
import { createReadStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_LIMITS } from "../../dist/lib/codec/index.js";
import { jsonCodec } from "../../dist/lib/codec/native-json.js";
import { formatByName, problemText, ReplayClock, readCsv, speedOf, timeSpanOf } from "../../dist/lib/csv/index.js";
import { checkDeviceId } from "../../dist/lib/reading/index.js";
import { brokerUrl, parse, positive, run, shownUrl, stopSignal, UsageError } from "./arguments.mjs";
import { DeviceClient } from "./device-client.mjs";

const help = `replay FILE.csv --device ID [options]

  --device ID               device id that the readings bear
  --broker URL              mqtt://127.0.0.1:1883; user and password may be in the URL
  --speed N                 N times real time, or max (60)
  --timestamp-column NAME   found when not given; "Date+Time" joins two
  --timestamp-format NAME   iso, seconds, milliseconds or a pattern like DD/MM/YYYY; found when not given
  --time-zone ZONE          of times that name none, such as Europe/Berlin (UTC)
  --columns A,B             publish only these
  --unit A=Cel              UCUM code of a column; may be repeated
  --keep-time               keep the recorded timestamps instead of shifting them to now
  --wait S                  wait so many seconds for the broker (15)`;

const text = { type: "string" };
const options = {
  broker: { ...text, default: "mqtt://127.0.0.1:1883" },
  device: text,
  speed: { ...text, default: "60" },
  "timestamp-column": text,
  "timestamp-format": { ...text, default: "auto" },
  "time-zone": text,
  columns: text,
  unit: { ...text, multiple: true, default: [] },
  "keep-time": { type: "boolean", default: false },
  wait: { ...text, default: "15" },
};

/** Unconfirmed messages at once: enough to fill the line, few enough to bound the memory. */
const WINDOW = 256;
/** Problems printed in full; all are counted. */
const SHOWN_PROBLEMS = 10;
const PROGRESS_MS = 10_000;

async function main(args) {
  const { values, positionals } = parse(args, options, help);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError(`expected one FILE.csv, got ${positionals.length}\n\n${help}`);
  const url = brokerUrl(values.broker);
  const csv = usable(() => csvOptions(values));
  const wait = positive("--wait", values.wait) * 1000;
  const speed = usable(() => speedOf(values.speed));
  const read = () => readCsv(createReadStream(file), csv);
  // The file is read through once before, so that what is wrong with it shows before anything is published.
  const span = await timeSpanOf(read()).catch((error) => {
    throw new UsageError(`${file}: ${error.message}`);
  });

  const client = new DeviceClient(url, csv.deviceId);
  await client.ready(wait);
  console.log(
    `${file} goes to ${shownUrl(url)} ${client.telemetry} at ${speed === "max" ? "full speed" : `${speed} times real time`}`,
  );
  const clock = new ReplayClock({ speed, keepTime: values["keep-time"] }, span, Date.now());
  const replay = new Replay(client, clock, values["keep-time"]);
  stopSignal().then(() => replay.stop());
  await replay.play(read());
  await client.stop();
  console.log(replay.summary());
  process.exit(0);
}

/** Publishes rows when they are due, as fast as the broker confirms them. */
class Replay {
  #rows = 0;
  #readings = 0;
  #problems = 0;
  #seq = 0;
  #began = performance.now();
  #shownAt = performance.now();
  #waiting = new Set();
  #stopping = new AbortController();
  #codec = jsonCodec(DEFAULT_LIMITS);

  constructor(client, clock, historical) {
    this.client = client;
    this.clock = clock;
    this.historical = historical;
  }

  async play(chunks) {
    for await (const { rows, problems } of chunks) {
      this.#report(problems);
      for (const row of rows) {
        if (row.readings.length === 0) continue;
        await this.#waitUntil(this.clock.due(row.timestamp));
        if (this.#stopping.signal.aborted) break;
        await this.#publish(row);
      }
      if (this.#stopping.signal.aborted) break;
    }
    await Promise.all(this.#waiting);
  }

  stop() {
    this.#stopping.abort();
  }

  summary() {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    const problems = this.#problems > 0 ? `, ${this.#problems} lines or cells refused` : "";
    return `published ${this.#rows} rows, ${this.#readings} readings in ${seconds} s${problems}`;
  }

  async #waitUntil(due) {
    const wait = due - Date.now();
    if (wait < 1) return;
    // A sleep that a signal ends early is an end of the replay, not an error.
    await sleep(wait, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  async #publish(row) {
    const timestamp = this.clock.timestampOf(row.timestamp);
    const seq = this.#seq++;
    const marks = this.historical ? { historical: true } : {};
    const payload = this.#codec.encode(row.readings.map((reading) => ({ ...reading, ...marks, timestamp, seq })));
    while (!this.client.connected && !this.#stopping.signal.aborted) await sleep(100);
    const confirmed = this.client.publish(payload).then(
      () => {
        this.#rows += 1;
        this.#readings += row.readings.length;
      },
      (error) => this.#report([{ line: row.line, reason: `not published: ${error.message}` }]),
    );
    const tracked = confirmed.finally(() => this.#waiting.delete(tracked));
    this.#waiting.add(tracked);
    if (this.#waiting.size >= WINDOW) await Promise.race(this.#waiting);
    if (performance.now() - this.#shownAt > PROGRESS_MS) {
      this.#shownAt = performance.now();
      console.log(this.summary());
    }
  }

  #report(problems) {
    for (const problem of problems) {
      this.#problems += 1;
      if (this.#problems <= SHOWN_PROBLEMS) console.error(problemText(problem));
      else if (this.#problems === SHOWN_PROBLEMS + 1) console.error("further problems are counted and not shown");
    }
  }
}

function csvOptions(values) {
  if (values.device === undefined) throw new UsageError("--device ID is missing");
  return {
    deviceId: checkDeviceId(values.device, "--device"),
    timestampColumn: values["timestamp-column"],
    timestampFormat: formatByName(values["timestamp-format"]),
    timeZone: values["time-zone"],
    columns: values.columns?.split(",").map((name) => name.trim()),
    units: Object.fromEntries(values.unit.map(unitOf)),
  };
}

function unitOf(entry) {
  const equals = entry.lastIndexOf("=");
  if (equals < 1) throw new UsageError(`--unit: expected COLUMN=CODE such as Temperature=Cel, got "${entry}"`);
  return [entry.slice(0, equals), entry.slice(equals + 1)];
}

/** What the library refuses in an argument is the user's to mend. */
function usable(make) {
  try {
    return make();
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error.message);
  }
}

await run("replay", main);
