/** What models are made of and who serves them: shared by training, the model store, inference and remaining useful life. */

/** "gatewise" is the pack's own JSON predictor (lib/model/predictors); the others are files of their runtimes. */
export type ModelFormat = "gatewise" | "onnx" | "tfjs-layers" | "tfjs-graph" | "tflite";
export type ModelTask = "regression" | "classification" | "anomaly" | "rul" | "raw";

/** A model cannot be used: damaged, hostile, unsigned, of an unknown format, or not fitting its manifest. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

export interface ModelFile {
  /** Plain file name, no path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export type TensorType = "float32" | "float64" | "int8" | "uint8" | "int32" | "int64" | "bool" | "string";

export interface TensorInfo {
  readonly name: string;
  /** -1 for a dimension that is free, as the batch is. */
  readonly shape: readonly number[];
  readonly type: TensorType;
}

/** What a model's output means as a reading. */
export interface ModelOutput extends TensorInfo {
  /** The reading's sensor; the output's name when left out. */
  readonly sensor?: string;
  /** UCUM. */
  readonly unit?: string;
  /** How the values are read: one number, scores of the labels, or the end of a 90 % interval. */
  readonly role?: "value" | "scores" | "label" | "low" | "high";
}

/** What is signed. Field names are the wire form: a rollout sends the same object. */
export interface ModelManifest {
  readonly v: 1;
  readonly kind: "model";
  readonly name: string;
  /** For people. */
  readonly version: string;
  /** Rises with every version of a name; a lower one is a roll-back and refused unless asked for. */
  readonly seq: number;
  readonly format: ModelFormat;
  readonly task: ModelTask;
  /** ISO 8601. */
  readonly created: string;
  /** The first is the one that is opened. */
  readonly files: readonly ModelFile[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly ModelOutput[];
  /** How readings become the model's input; without it only tensors are taken. */
  readonly preprocess?: PreprocessSpec;
  /** Names of the classes, in the order of the scores. */
  readonly labels?: readonly string[];
  /** Known answers: a version that does not give them within `eps` never goes live. */
  readonly golden?: { readonly cases: readonly GoldenCase[]; readonly eps: number };
  /** As measured at training: rmse, f1… */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface GoldenCase {
  /** Flat values by input name. */
  readonly in: Readonly<Record<string, readonly number[]>>;
  readonly out: Readonly<Record<string, readonly number[]>>;
}

/** An object with the signatures of its exact bytes (Ed25519). */
export interface SignedObject {
  /** Base64url of the bytes that were signed. */
  readonly payload: string;
  readonly sigs: readonly { readonly kid: string; readonly sig: string }[];
}

/** Readings of one device, joined into rows of these sensors, become input vectors. */
export type PreprocessSpec = WindowPreprocess | EngineeredPreprocess;

interface PreprocessBase {
  /** The row's columns. */
  readonly sensors: readonly string[];
  /** How long a value stands for a sensor that reports slower than the others, ms. */
  readonly hold?: number;
}

/** The last rows, normalised, oldest first: length * sensors values. */
export interface WindowPreprocess extends PreprocessBase {
  readonly kind: "window";
  /** Rows, 1 for models without a past. */
  readonly length: number;
  /** Subtracted and divided by, a value per sensor; left out for none. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Rows between two inputs; 1 by default. */
  readonly stride?: number;
  /** Whether the model's input holds row after row, or sensor after sensor as convolutions of PyTorch want it; "rows" by default. */
  readonly layout?: "rows" | "sensors";
}

/** Figures of the past of each sensor; its fields are those of lib/model/preprocess. */
export interface EngineeredPreprocess extends PreprocessBase {
  readonly kind: "engineered";
  readonly [parameter: string]: unknown;
}

/** Streaming, one per device; training uses the same code, so that a model sees at run time what it was trained on. */
export interface Preprocessor {
  /** Length of the vectors that come out. */
  readonly size: number;
  /**
   * @param row in the order of the spec's sensors
   * @returns the model's input, or undefined while the past is too short
   */
  push(row: Float64Array, timestamp: number): Float64Array | undefined;
  reset(): void;
  snapshot(): unknown;
  /** @throws StateError */
  restore(state: unknown): void;
}

/** A model in plain TypeScript. Holds no state. */
export interface Predictor {
  /** Values of one input. */
  readonly inputs: number;
  /** Values of one answer. */
  readonly outputs: number;
  /**
   * @param batch `count` inputs one after the other; NaN is a missing value where the model knows these
   * @returns `count` answers one after the other
   */
  predict(batch: Float64Array, count: number): Float64Array;
}

/** A model as it lies in the store, checked. */
export interface StoredModel {
  readonly manifest: ModelManifest;
  /** SHA-256 of the signed manifest: names exactly this version. */
  readonly id: string;
  /** Keys that signed it. */
  readonly signedBy: readonly string[];
}

/** What is known of a model to be stored; the store adds files' hashes, sequence number and time. */
export type NewModel = Omit<ModelManifest, "v" | "kind" | "seq" | "created" | "files"> & {
  readonly files: readonly { readonly name: string; readonly data: Uint8Array }[];
};

/** The model store: the only place that models are loaded from. */
export interface ModelStoreService {
  /** Newest version of each model. */
  list(): Promise<readonly StoredModel[]>;
  /** @throws ModelError when there is none of that name */
  get(name: string): Promise<StoredModel>;
  /**
   * The files' bytes, signature and hashes checked now.
   * @throws ModelError saying what does not fit
   */
  read(model: StoredModel): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Signs with this gateway's own key and stores. */
  add(model: NewModel): Promise<StoredModel>;
  /**
   * Stores what was signed elsewhere, by a trusted key.
   * @throws ModelError
   */
  install(manifest: SignedObject, files: ReadonlyMap<string, Uint8Array>): Promise<StoredModel>;
  remove(name: string): Promise<void>;
  /** Called when a model of that name was stored or removed; returns what ends it. */
  onChange(name: string, listener: () => void): () => void;
}
