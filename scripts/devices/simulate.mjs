// Simulated devices on a real broker: each with a connection, a last will and telemetry of its own.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { devicesOf, parseScenario, plantedEvents } from "../../dist/lib/simulation/index.js";
import { brokerUrl, parse, positive, run, shownUrl, stopSignal, UsageError } from "./arguments.mjs";
import { DeviceClient } from "./device-client.mjs";

const scenarios = join(dirname(fileURLToPath(import.meta.url)), "scenarios");
const shipped = readdirSync(scenarios)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -5));

const help = `simulate [SCENARIO...] [options]

  SCENARIO         ${shipped.join(", ")} or a JSON file; all of these when none is given
  --broker URL     mqtt://127.0.0.1:1883; user and password may be in the URL
  --time-scale N   run N times as fast (1)
  --seed N         another run of the same scenarios
  --duration S     end after so many seconds
  --list           print the events planted in the first hour, and end`;

/** A message that is later than this is not sent any more. */
const LONGEST_DELAY_S = 30;

const number = { type: "string" };
const options = {
  broker: { type: "string", default: "mqtt://127.0.0.1:1883" },
  "time-scale": { ...number, default: "1" },
  seed: number,
  duration: number,
  list: { type: "boolean" },
};

async function main(args) {
  const { values, positionals } = parse(args, options, help);
  const chosen = (positionals.length > 0 ? positionals : shipped).map((name) => load(name, values.seed));
  refuseTwins(chosen);
  if (values.list) return list(chosen);
  const url = brokerUrl(values.broker);
  const timeScale = positive("--time-scale", values["time-scale"]);
  const duration = values.duration === undefined ? undefined : positive("--duration", values.duration);

  const began = performance.now();
  const clock = () => ((performance.now() - began) / 1000) * timeScale;
  const devices = chosen.flatMap(devicesOf).map((device) => new RunningDevice(device, url, clock, timeScale));
  console.log(
    `${devices.length} devices of ${chosen.map(({ name }) => name).join(", ")} publish to ${shownUrl(url)} as devices/{id}/telemetry`,
  );
  for (const device of devices) device.start();
  await Promise.race([stopSignal(), duration === undefined ? new Promise(() => {}) : sleep(duration * 1000)]);
  await Promise.all(devices.map((device) => device.stop()));
  const messages = devices.reduce((sum, { client }) => sum + client.sent, 0);
  const missed = devices.reduce((sum, device) => sum + device.missed, 0);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`published ${messages} messages in ${seconds} s; ${missed} were due while a device was off the network`);
  // Sockets of a broker that does not answer must not hold the process.
  process.exit(0);
}

/** One device on its clock: a message whenever one is due, off the network during dropouts. */
class RunningDevice {
  missed = 0;
  #index = 0;
  #seq = 0;
  #timer;

  constructor(device, url, clock, timeScale) {
    this.device = device;
    this.clock = clock;
    this.timeScale = timeScale;
    this.client = new DeviceClient(url, device.spec.id);
  }

  start() {
    this.client.connect();
    this.#schedule();
  }

  async stop() {
    clearTimeout(this.#timer);
    await this.client.stop();
  }

  #schedule() {
    const wait = ((this.device.dueAt(this.#index) - this.clock()) / this.timeScale) * 1000;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, wait));
  }

  #tick() {
    const { device, client } = this;
    const online = device.isOnline(this.clock());
    if (!online) client.drop();
    else client.connect();
    if (online && client.connected) this.#publish();
    else this.missed += 1;
    this.#index += 1;
    // After the machine slept, what is long due is left out rather than sent in one burst.
    while (device.dueAt(this.#index) < this.clock() - LONGEST_DELAY_S * this.timeScale) {
      this.#index += 1;
      this.missed += 1;
    }
    this.#schedule();
  }

  #publish() {
    const message = this.device.message(this.#index, this.#seq, Date.now());
    this.#seq += 1;
    // A message that a lost connection takes along is missed like one that was never sent.
    this.client.publish(JSON.stringify(message)).catch(() => {
      this.missed += 1;
    });
  }
}

function load(name, seed) {
  const file = shipped.includes(name) ? join(scenarios, `${name}.json`) : name;
  try {
    const scenario = parseScenario(JSON.parse(readFileSync(file, "utf8")));
    return seed === undefined ? scenario : { ...scenario, seed: positive("--seed", seed) };
  } catch (error) {
    if (error.code === "ENOENT") {
      throw new UsageError(`there is no scenario "${name}": expected ${shipped.join(", ")} or a file`);
    }
    throw error instanceof UsageError ? error : new UsageError(`${name}: ${error.message}`);
  }
}

function refuseTwins(chosen) {
  const ids = chosen.flatMap(({ devices }) => devices.map(({ id }) => id));
  const twin = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twin) throw new UsageError(`two scenarios have a device "${twin}"`);
}

function list(chosen) {
  for (const { deviceId, sensor, kind, from, to } of chosen.flatMap((scenario) => plantedEvents(scenario, 3600))) {
    console.log(
      `${String(from).padStart(5)} to ${String(to).padStart(5)} s  ${kind.padEnd(10)} ${deviceId}${sensor ? ` ${sensor}` : ""}`,
    );
  }
}

await run("simulate", main);
