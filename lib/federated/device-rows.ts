import { SavedState, type Snapshotable } from "../numeric";
import type { Reading } from "../reading";
import { type Row, RowAssembler, type RowOptions } from "../rows";

/** Rows of one device: of the inputs, to predict from, and of inputs and target together, to train on. */
export class DeviceRows implements Snapshotable {
  readonly #inputs: RowAssembler;
  readonly #all: RowAssembler;

  /**
   * @param options observer is told what rows to train on lack; those of the inputs lack the same or less
   * @throws RangeError naming the option
   */
  constructor(
    inputs: readonly string[],
    target: string,
    { observer, ...options }: Pick<RowOptions, "hold" | "expectedUnit" | "observer">,
  ) {
    this.#inputs = new RowAssembler({ ...options, sensors: inputs });
    this.#all = new RowAssembler({ ...options, sensors: [...inputs, target], ...(observer && { observer }) });
  }

  push(reading: Reading): { readonly inputs: Row | undefined; readonly all: Row | undefined } {
    return { inputs: this.#inputs.push(reading), all: this.#all.push(reading) };
  }

  snapshot(): unknown {
    return { inputs: this.#inputs.snapshot(), all: this.#all.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#inputs.restore(saved.any("inputs"));
    this.#all.restore(saved.any("all"));
  }
}
