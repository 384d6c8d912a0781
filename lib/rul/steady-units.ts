import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import type { Reading } from "../reading/reading";

/** The unit of each of a device's sensors that are learned from, which must stay what it was at first. */
export class SteadyUnits implements Snapshotable {
  readonly #units = new Map<string, string>();

  /** @param most sensors that are checked; usually the figure of wear and the counter */
  constructor(private readonly most = 2) {}

  /** @throws RangeError naming both when the unit is another than before */
  check({ deviceId, sensor, unit }: Reading): void {
    const before = this.#units.get(sensor);
    if (before === undefined) this.#units.set(sensor, unit);
    else if (before !== unit) {
      const learned = `what was learned, and the limits, are in ${named(before)}`;
      throw new RangeError(
        `${deviceId}/${sensor}: its unit is ${named(unit)} after ${named(before)}: ${learned}; reset to begin anew`,
      );
    }
  }

  snapshot(): unknown {
    return [...this.#units];
  }

  restore(state: unknown): void {
    for (const pair of new SavedState({ pairs: state }).list("pairs", this.most)) {
      const [sensor, unit] = Array.isArray(pair) ? pair : [];
      if (typeof sensor !== "string" || typeof unit !== "string")
        throw new StateError("units: expected a sensor and its unit");
      this.#units.set(sensor, unit);
    }
  }
}

function named(unit: string): string {
  return unit === "" ? '""' : unit;
}
