import { SavedState, type Snapshotable, StateError } from "../numeric";
import type { NumericReading } from "../reading";
import { type AssemblerOptions, type Window, WindowAssembler } from "./assembler";
import type { SampledBlock } from "./block";

/** The windows of one series with their unit; another unit begins anew. */
export class SeriesWindows implements Snapshotable {
  #assembler: WindowAssembler;
  #unit = "";

  /** @throws RangeError naming the option and what was expected */
  constructor(private readonly options: AssemblerOptions) {
    this.#assembler = new WindowAssembler(options);
  }

  get unit(): string {
    return this.#unit;
  }

  /** A reading that is no sample. */
  skip(): void {
    this.#assembler.skip();
  }

  /** Full windows go to `out`. @returns what was wrong, if anything */
  take(reading: NumericReading, out: Window[]): string | undefined {
    const changed = this.#changeUnit(reading.unit);
    const { value, timestamp, quality, historical = false } = reading;
    const trouble = this.#assembler.push(value, timestamp, { uncertain: quality !== "good", historical }, out);
    return changed ?? trouble;
  }

  /** Full windows go to `out`. @returns what was wrong, if anything */
  takeBlock(block: SampledBlock, out: Window[]): string | undefined {
    const changed = this.#changeUnit(block.unit);
    const { bridged, historical } = block;
    const trouble = this.#assembler.pushBlock(block, { uncertain: bridged, historical }, out);
    return changed ?? trouble;
  }

  #changeUnit(unit: string): string | undefined {
    if (unit === this.#unit) return undefined;
    const before = this.#unit;
    this.#unit = unit;
    if (before === "") return undefined;
    this.#assembler = new WindowAssembler(this.options);
    return `its unit is ${unit} after ${before}: a window was begun anew`;
  }

  snapshot(): unknown {
    return { unit: this.#unit, windows: this.#assembler.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const unit = saved.any("unit");
    if (typeof unit !== "string") throw new StateError("unit: expected a text");
    this.#assembler.restore(saved.any("windows"));
    this.#unit = unit;
  }
}
