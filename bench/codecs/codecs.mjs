// What decoding costs on one core: messages of one reading, and of twenty, in each wire format. The peer is JSON.parse
// followed by the general check of every reading, which is how one would write it first.
// Usage: npm run bench:codecs [-- --quick]
import { parseArgs } from "node:util";
import { loadCodec } from "../../dist/lib/codec/index.js";
import { checkReading } from "../../dist/lib/reading/index.js";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const SECONDS = options.quick ? 0.25 : 1;
const ROUNDS = 3;
const DEVICE = "pump-0001";
const context = { deviceId: DEVICE, topic: `devices/${DEVICE}/telemetry`, receivedAt: 1_700_000_000_000 };

const reading = (index) => ({
  deviceId: DEVICE,
  sensor: `sensor.${index % 20}`,
  value: 20 + index / 100,
  unit: "Cel",
  timestamp: 1_700_000_000_000 + index,
  quality: "good",
});
const native = (readings) => {
  const sensors = readings.map(({ sensor, value, unit }) => ({ type: sensor, value, unit }));
  return Buffer.from(JSON.stringify({ sensors, timestamp: readings[0].timestamp }));
};

/** The peer. */
const naive = (bytes) => {
  const { sensors, timestamp } = JSON.parse(bytes.toString());
  return sensors.map(({ type, ...rest }) => checkReading({ deviceId: DEVICE, sensor: type, timestamp, ...rest }, 0));
};

/** Messages a second of CPU time of this thread, the best of some rounds: what else runs on the machine counts little. */
function rateOf(decode, messages) {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.threadCpuUsage();
    let count = 0;
    let seconds = 0;
    while (seconds < SECONDS) {
      for (const message of messages) decode(message, context);
      count += messages.length;
      const { user, system } = process.threadCpuUsage(before);
      seconds = (user + system) / 1e6;
    }
    best = Math.max(best, count / seconds);
  }
  return Math.round(best);
}

const figures = { name: "codecs" };
for (const size of [1, 20]) {
  const batches = Array.from({ length: 500 }, (_, at) => Array.from({ length: size }, (_, i) => reading(at + i)));
  const plain = batches.map(native);
  const peer = rateOf(naive, plain);
  console.log(`${size} reading${size > 1 ? "s" : ""} a message, messages/s on one core:`);
  console.log(`  ${"JSON.parse and checkReading".padEnd(28)}${String(peer).padStart(10)}`);
  figures[`naive_json_${size}_msgs_per_s`] = peer;
  for (const name of ["json", "auto", "msgpack", "senml-json", "senml-cbor"]) {
    const codec = await loadCodec(name);
    const messages = name === "json" || name === "auto" ? plain : batches.map((batch) => codec.encode(batch));
    const rate = rateOf(codec.decode, messages);
    const bytes = messages[0].length;
    console.log(
      `  ${name.padEnd(28)}${String(rate).padStart(10)}   ${bytes} bytes, ${(rate / peer).toFixed(1)} x the peer`,
    );
    figures[`${name.replace("-", "_")}_${size}_msgs_per_s`] = rate;
  }
}
figures.ratio_json_to_naive = Number((figures.json_1_msgs_per_s / figures.naive_json_1_msgs_per_s).toFixed(2));
console.log(`BENCH ${JSON.stringify(figures)}`);
