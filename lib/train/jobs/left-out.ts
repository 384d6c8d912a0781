import type { Reading } from "../../reading";
import type { RowLoss, RowObserver } from "../../rows";
import { countOf } from "../../text/plural";
import { named } from "./warnings";

/** What became of it and why, behind its count. */
const REASONS: Readonly<Record<RowLoss, (count: number) => string>> = {
  "incomplete rows": (count) => `${countOf(count, "row")} left out because sensors are missing`,
  "late readings": (count) => `${countOf(count, "reading")} left out because the row of their time was complete before`,
  "readings dated ahead": (count) =>
    `${countOf(count, "reading")} left out because their time is far ahead of all others of the device`,
  "readings of another unit": (count) =>
    `${countOf(count, "reading")} left out because their unit is not the one that the sensor had at first`,
};

/** What of the readings of devices is not trained on: counted by device, told for all devices together. */
export class LeftOut implements RowObserver {
  readonly #lost = new Map<RowLoss, Map<string, number>>();
  /** First unit of each sensor, and the device that has it. */
  readonly #units = new Map<string, { readonly unit: string; readonly deviceId: string }>();
  /** "pump-7: vibration in g, not in mm/s": each once. */
  readonly #changed = new Set<string>();
  readonly #differing = new Set<string>();
  #deviceId = "";
  /** First unit of each sensor of the device at hand. */
  #own = new Map<string, string>();

  readonly #sensors: ReadonlySet<string>;

  constructor(sensors: readonly string[]) {
    this.#sensors = new Set(sensors);
  }

  /** What is told from now on is of this device. */
  beginDevice(deviceId: string): void {
    this.#deviceId = deviceId;
    this.#own = new Map();
  }

  lost(what: RowLoss): void {
    const byDevice = this.#lost.get(what) ?? new Map<string, number>();
    this.#lost.set(what, byDevice.set(this.#deviceId, (byDevice.get(this.#deviceId) ?? 0) + 1));
  }

  trouble(): void {
    // A recording is over: what matters is how much of it was lost.
  }

  noteUnit({ sensor, unit, quality, value }: Reading): void {
    if (quality === "bad" || typeof value === "string" || !this.#sensors.has(sensor)) return;
    const own = this.#own.get(sensor);
    if (own === undefined) {
      this.#own.set(sensor, unit);
      this.#compare(sensor, unit);
    } else if (own !== unit) this.#changed.add(`${this.#deviceId}: ${sensor} in ${unit}, not in ${own}`);
  }

  #compare(sensor: string, unit: string): void {
    const first = this.#units.get(sensor);
    if (first === undefined) this.#units.set(sensor, { unit, deviceId: this.#deviceId });
    else if (first.unit !== unit) {
      this.#differing.add(`${sensor} is in ${unit} at ${this.#deviceId} and in ${first.unit} at ${first.deviceId}`);
    }
  }

  /** How many there are, by what they are; nothing where nothing was left out. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#lost].map(([what, byDevice]) => [what, sum(byDevice)]));
  }

  /** What was left out, in words, with the devices that have the most of it. */
  get notes(): readonly string[] {
    return [...this.#lost].map(([what, byDevice]) => {
      const worst = [...byDevice].sort(([, a], [, b]) => b - a).map(([id, count]) => `${id} (${count})`);
      return `${REASONS[what](sum(byDevice))}: ${named(worst)}`;
    });
  }

  /** Units that do not fit together: a model learns nothing right from them. */
  get warnings(): readonly string[] {
    return [
      ...(this.#changed.size > 0
        ? [
            `units changed, and what came in the other one is left out: ${named([...this.#changed])}; convert them before`,
          ]
        : []),
      ...(this.#differing.size > 0
        ? [`devices have different units: ${named([...this.#differing])}; convert them before, or train them apart`]
        : []),
    ];
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, count) => all + count, 0);
}
