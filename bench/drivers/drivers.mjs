// What reading parts costs on simulated buses: readings a second and CPU a reading of one core, through a driver's session, its
// queue, its checks and the register-level model behind them. The peer is what one would write first for one part: raw
// transfers to the same model and the datasheet's formula, with no queue, no identification, no checksum and no quality.
// Usage: npm run bench:drivers [-- --quick]
import { parseArgs } from "node:util";
import { VirtualClock } from "../../dist/lib/bus/index.js";
import { SimulatedBus } from "../../dist/lib/bus/simulated/index.js";
import { findDriver, openSensor } from "../../dist/lib/drivers/index.js";
import { readingsOf } from "../../dist/lib/sensing/index.js";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const SECONDS = options.quick ? 0.5 : 2;
const ROUNDS = 3;

/** A clock that lets every wait pass at once, so that only the work takes time. */
class HurriedClock extends VirtualClock {
  #now = Date.UTC(2026, 5, 1, 12);
  now() {
    return this.#now;
  }
  async wait(ms) {
    this.#now += ms;
  }
}

/** Calls a second of CPU time, the best of some rounds; `work` resolves with the number of readings. */
async function measured(work) {
  let best = { perSecond: 0, microseconds: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.threadCpuUsage();
    let readings = 0;
    let seconds = 0;
    while (seconds < SECONDS) {
      for (let n = 0; n < 50; n++) readings += await work();
      const { user, system } = process.threadCpuUsage(before);
      seconds = (user + system) / 1e6;
    }
    const perSecond = Math.round(readings / seconds);
    if (perSecond > best.perSecond) best = { perSecond, microseconds: Number(((seconds * 1e6) / readings).toFixed(2)) };
  }
  return best;
}

async function throughDriver(id) {
  const { driver } = await findDriver(id);
  const clock = new HurriedClock();
  const simulation = new SimulatedBus(driver.bus, clock);
  const session = await openSensor(id, { bus: simulation.shared(), simulation });
  return measured(async () => {
    const readings = readingsOf("bench", await session.read(), clock.now());
    if (readings.some(({ quality }) => quality !== "good")) throw new Error(`${id}: a reading is not good`);
    return readings.length;
  });
}

/** SHT31 as one would write it first. */
async function naive() {
  const clock = new HurriedClock();
  const simulation = new SimulatedBus("i2c", clock);
  const { model } = await findDriver("sht31");
  simulation.plug(model, { address: 0x44 });
  const bus = await simulation.open();
  return measured(async () => {
    await bus.transfer(0x44, Uint8Array.of(0x24, 0x00), 0);
    await clock.wait(16);
    const bytes = await bus.transfer(0x44, new Uint8Array(0), 6);
    const readings = [
      { sensor: "temperature", value: -45 + (175 * ((bytes[0] << 8) | bytes[1])) / 65535, timestamp: clock.now() },
      { sensor: "humidity", value: (100 * ((bytes[3] << 8) | bytes[4])) / 65535, timestamp: clock.now() },
    ];
    return readings.length;
  });
}

const figures = { name: "drivers" };
const note = (label, key, { perSecond, microseconds }) => {
  console.log(
    `  ${label.padEnd(34)}${String(perSecond).padStart(9)} readings/s ${String(microseconds).padStart(8)} us CPU each`,
  );
  figures[`${key}_readings_per_s`] = perSecond;
  figures[`${key}_cpu_us_per_reading`] = microseconds;
};
console.log("Readings on one core, simulated part included:");
note("SHT31, raw transfers (peer)", "naive_sht31", await naive());
for (const id of ["sht31", "bme280", "mcp3008", "ds18b20", "jxbs3001"]) note(id, id, await throughDriver(id));
figures.ratio_sht31_to_naive = Number((figures.sht31_readings_per_s / figures.naive_sht31_readings_per_s).toFixed(2));
console.log(`  the driver's session keeps ${Math.round(100 * figures.ratio_sht31_to_naive)} % of the peer's rate`);
console.log(`BENCH ${JSON.stringify(figures)}`);
