import { createHash } from "node:crypto";
import {
  ModelError,
  type ModelManifest,
  type Preprocessor,
  type PreprocessSpec,
  type TensorInfo,
} from "../../model/contract";
import { createPreprocessor } from "../../model/preprocess";
import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import type { Reading } from "../../reading/reading";
import { type Row, RowAssembler, type RowObserver } from "../../rows";
import { dataOf, elementsOf, type Tensors } from "../tensor";

/** One input of a model, made of the readings of a device. */
export interface Sample {
  readonly deviceId: string;
  /** Of the newest row in it, ms since the epoch. */
  readonly timestamp: number;
  readonly quality: "good" | "uncertain";
  readonly historical: boolean;
  readonly inputs: Tensors;
}

/** What a model makes inputs of, as far as devices' states depend on it. */
export interface InputSpec {
  readonly preprocess: PreprocessSpec;
  readonly input: TensorInfo;
  /** Names the preprocessing: states of another one cannot go on with it. */
  readonly fingerprint: string;
}

/**
 * How readings become the model's inputs; undefined for models that take tensors only.
 * @throws ModelError when the manifest's preprocessing does not fit its input
 */
export function inputSpec({ preprocess, inputs }: ModelManifest): InputSpec | undefined {
  if (!preprocess) return undefined;
  const [input] = inputs;
  if (!input || inputs.length !== 1) throw new ModelError("readings can be the input of models with one input only");
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([preprocess, input]))
    .digest("hex")
    .slice(0, 16);
  return { preprocess, input, fingerprint };
}

/** The readings of one device on their way into the model: rows, what the model remembers of them, its input. */
export class DeviceInput implements Snapshotable {
  readonly #rows: RowAssembler;
  readonly #preprocessor: Preprocessor;
  readonly #shape: readonly number[];
  /** Of the readings since the latest row. */
  #isUncertain = false;
  #isHistorical = false;

  /** @param observer is told what becomes of the rows */
  constructor(
    private readonly spec: InputSpec,
    observer?: RowObserver,
  ) {
    const { preprocess, input } = spec;
    this.#rows = new RowAssembler({
      sensors: preprocess.sensors,
      hold: preprocess.hold ?? 0,
      ...(observer && { observer }),
    });
    this.#preprocessor = createPreprocessor(preprocess);
    this.#shape = shapeFor(input, this.#preprocessor.size);
  }

  /** Rows that were given up because sensors were missing. */
  get incomplete(): number {
    return this.#rows.incomplete;
  }

  /** Readings that came after their row was over. */
  get late(): number {
    return this.#rows.late;
  }

  /** Takes a reading in; gives the sample that it completes, if it does. */
  push(reading: Reading): Sample | undefined {
    if (reading.quality === "uncertain") this.#isUncertain = true;
    if (reading.historical) this.#isHistorical = true;
    const row = this.#rows.push(reading);
    if (!row) return undefined;
    const vector = this.#preprocessor.push(row.values, row.timestamp);
    return vector && this.#sample(row, vector);
  }

  #sample({ deviceId, timestamp }: Row, vector: Float64Array): Sample {
    const { name, type } = this.spec.input;
    const sample: Sample = {
      ...{ deviceId, timestamp },
      quality: this.#isUncertain ? "uncertain" : "good",
      historical: this.#isHistorical,
      inputs: new Map([[name, { type, shape: this.#shape, data: dataOf(name, type, this.#arranged(vector)) }]]),
    };
    this.#isUncertain = false;
    this.#isHistorical = false;
    return sample;
  }

  /** Row after row, or sensor after sensor. */
  #arranged(vector: Float64Array): Float64Array {
    const { preprocess } = this.spec;
    if (preprocess.kind !== "window" || preprocess.layout !== "sensors") return vector;
    const sensors = preprocess.sensors.length;
    const rows = vector.length / sensors;
    return Float64Array.from(vector, (_, i) => vector[(i % rows) * sensors + Math.floor(i / rows)] as number);
  }

  snapshot(): unknown {
    return {
      fingerprint: this.spec.fingerprint,
      isUncertain: this.#isUncertain,
      isHistorical: this.#isHistorical,
      rows: this.#rows.snapshot(),
      preprocessor: this.#preprocessor.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    if (saved.any("fingerprint") !== this.spec.fingerprint) throw new StateError("of a model with other inputs");
    this.#rows.restore(saved.any("rows"));
    this.#preprocessor.restore(saved.any("preprocessor"));
    this.#isUncertain = saved.any("isUncertain") === true;
    this.#isHistorical = saved.any("isHistorical") === true;
  }
}

/** The shape of one sample of so many values: the last free dimension but the first, which counts samples, takes what is left. */
function shapeFor({ name, shape }: TensorInfo, size: number): readonly number[] {
  const sizes = shape.map((each) => Math.max(1, each));
  const rest = size / elementsOf(sizes);
  const free = shape.length > 1 ? shape.lastIndexOf(-1) : -1;
  if (rest === 1) return sizes;
  if (free > 0 && Number.isInteger(rest)) return sizes.with(free, rest);
  throw new ModelError(`the input "${name}" of shape [${shape.join(", ")}] does not take ${size} values`);
}
