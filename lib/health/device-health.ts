import { SavedState, type Snapshotable } from "../numeric/state";
import { isUsable } from "../numeric/usable";
import { isNumeric, type Reading } from "../reading/reading";
import { type Row, RowAssembler, type RowObserver } from "../rows";
import type { HealthIndex } from "./health-index";

/** The health of one device from its readings, as they come. */
export class DeviceHealth implements Snapshotable {
  readonly #rows: RowAssembler;

  /**
   * @param sensors in their order; empty for those that the first readings have
   * @param hold how long a value stands for a sensor that reports slower than others, ms
   * @param observer is told what becomes of the rows
   * @throws RangeError naming the option
   */
  constructor(
    private readonly index: HealthIndex,
    sensors: readonly string[],
    hold: number,
    observer?: RowObserver,
  ) {
    this.#rows = new RowAssembler({ sensors, hold, allowMissing: true, ...(observer && { observer }) });
  }

  /** Whether it has heard of any of its sensors. */
  get hasBegun(): boolean {
    return this.#rows.hasBegun;
  }

  /** Rows still to be learned from. */
  get missingRows(): number {
    return this.index.missingRows;
  }

  /** @returns a reading of the sensor `health`, when one is due */
  push(reading: Reading): Reading | undefined {
    // Numbers whose squares are not finite would spoil what is remembered; the rows know about the other kinds.
    if (isNumeric(reading) && !isUsable(reading)) return undefined;
    const row = this.#rows.push(reading);
    return row && this.#judged(row, reading.historical);
  }

  #judged({ deviceId, timestamp, values }: Row, historical: true | undefined): Reading | undefined {
    const score = this.index.push(values, this.#rows.sensors);
    if (!score) return undefined;
    const { index, contributors, missing } = score;
    return {
      deviceId,
      sensor: "health",
      value: index,
      unit: "1",
      timestamp,
      quality: missing.length > 0 ? "uncertain" : "good",
      ...(historical && { historical }),
      ...(missing.length > 0 && { metadata: { reason: `missing: ${missing.join(", ")}` } }),
      health: contributors.length > 0 ? { index, contributors } : { index },
    };
  }

  snapshot(): unknown {
    return { rows: this.#rows.snapshot(), index: this.index.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#rows.restore(saved.any("rows"));
    this.index.restore(saved.any("index"));
  }
}
