import { isPrototypeKey } from "../reading/check";
import {
  type GoldenCase,
  ModelError,
  type ModelFile,
  type ModelFormat,
  type ModelManifest,
  type ModelOutput,
  type ModelTask,
  type PreprocessSpec,
  type TensorInfo,
  type TensorType,
} from "./contract";
import { Fields } from "./fields";
import { createPreprocessor } from "./preprocess";

export const MODEL_FORMATS: readonly ModelFormat[] = ["gatewise", "onnx", "tfjs-layers", "tfjs-graph", "tflite"];
export const MODEL_TASKS: readonly ModelTask[] = ["regression", "classification", "anomaly", "rul", "raw"];
const TENSOR_TYPES: readonly TensorType[] = ["float32", "float64", "int8", "uint8", "int32", "int64", "bool", "string"];
const ROLES = ["value", "scores", "label", "low", "high"] as const;
const PREPROCESS_KINDS = ["window", "engineered"] as const;

/** A manifest is read whole; golden vectors and labels make up most of it. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 64;
export const MAX_TENSORS = 64;
const MAX_RANK = 8;
const MAX_DIMENSION = 2 ** 31 - 1;
const MAX_LABELS = 100_000;
export const MAX_SENSORS = 256;
/** Characters of names and labels. */
export const MAX_TEXT = 256;
const MAX_CASES = 100;
const MAX_CASE_VALUES = 100_000;

/** Names become names of folders and files, also on systems that do not tell upper from lower case. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The name when a model or one of its files may be called so. @throws ModelError */
export function checkName(what: string, name: unknown): string {
  const isGood =
    typeof name === "string" && NAME.test(name) && !name.endsWith(".") && !RESERVED.test(name) && !isPrototypeKey(name);
  if (isGood) return name;
  const given = typeof name === "string" ? `"${name.slice(0, 80)}"` : typeof name;
  throw new ModelError(`${what}: expected up to 64 letters, digits, ., _ or -, got ${given}`);
}

/**
 * The manifest when the bytes hold a complete one: what was signed is checked like anything else that comes from outside.
 * @throws ModelError naming the field
 */
export function parseManifest(bytes: Uint8Array): ModelManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw new ModelError(`manifest: larger than ${MAX_MANIFEST_BYTES} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModelError(`manifest: no JSON: ${error instanceof Error ? error.message : error}`);
  }
  return checkManifest(parsed);
}

/** @throws ModelError naming the field */
export function checkManifest(input: unknown): ModelManifest {
  const fields = new Fields("manifest", input);
  if (fields.any("v") !== 1) throw new ModelError("manifest.v: expected 1; a newer Gatewise may have written this");
  if (fields.any("kind") !== "model") throw new ModelError('manifest.kind: expected "model"');
  const manifest: ModelManifest = {
    v: 1,
    kind: "model",
    name: checkName("manifest.name", fields.any("name")),
    version: fields.text("version", 64),
    seq: fields.integer("seq", 1, Number.MAX_SAFE_INTEGER),
    format: fields.oneOf("format", MODEL_FORMATS),
    task: fields.oneOf("task", MODEL_TASKS),
    created: fields.text("created", 64),
    files: fields.list("files", 1, MAX_FILES, checkFile),
    inputs: fields.list("inputs", 0, MAX_TENSORS, checkTensor),
    outputs: fields.list("outputs", 0, MAX_TENSORS, checkOutput),
    preprocess: fields.optional("preprocess", checkPreprocess),
    labels: fields.optional("labels", (value, path) => checkTexts(path, value, MAX_LABELS)),
    golden: fields.optional("golden", checkGolden),
    metrics: fields.optional("metrics", (value, path) => new Fields(path, value).numbers(100)),
  };
  const names = manifest.files.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new ModelError("manifest.files: expected each name once");
  checkInputLength(manifest);
  return withoutUndefined(manifest);
}

/** An input that readings make must be as long as they make it, wherever both are known. */
function checkInputLength({ preprocess, inputs }: ModelManifest): void {
  if (!preprocess) return;
  const made = createPreprocessor(preprocess).size;
  const [input] = inputs;
  if (!input || inputs.length > 1) throw new ModelError("manifest.preprocess: expected a model with one input");
  const free = input.shape.slice(1).some((size) => size < 0);
  const wanted = input.shape.slice(1).reduce((product, size) => product * Math.abs(size), 1);
  if (free ? made % wanted === 0 : made === wanted) return;
  const parts =
    preprocess.kind === "window" ? ` (${preprocess.length} rows of ${preprocess.sensors.length} sensors)` : "";
  throw new ModelError(
    `manifest.preprocess: makes ${made} values${parts}, but the input "${input.name}" of shape [${input.shape.join(", ")}] ` +
      `takes ${wanted}`,
  );
}

function checkFile(value: unknown, path: string): ModelFile {
  const fields = new Fields(path, value);
  const sha256 = fields.text("sha256", 64);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ModelError(`${path}.sha256: expected 64 lower-case hex digits`);
  return {
    name: checkName(`${path}.name`, fields.any("name")),
    size: fields.integer("size", 0, Number.MAX_SAFE_INTEGER),
    sha256,
  };
}

/** @throws ModelError naming the field */
export function checkTensor(value: unknown, path: string): TensorInfo {
  const fields = new Fields(path, value);
  return {
    name: fields.text("name", MAX_TEXT),
    shape: fields.list("shape", 0, MAX_RANK, (size, at) => {
      if (typeof size === "number" && Number.isInteger(size) && size >= -1 && size <= MAX_DIMENSION) return size;
      throw new ModelError(`${at}: expected a size, or -1 for a free one`);
    }),
    type: fields.oneOf("type", TENSOR_TYPES),
  };
}

function checkOutput(value: unknown, path: string): ModelOutput {
  const fields = new Fields(path, value);
  return withoutUndefined({
    ...checkTensor(value, path),
    sensor: fields.optional("sensor", (text, at) => checkText(at, text, MAX_TEXT)),
    unit: fields.optional("unit", (text, at) => checkText(at, text, 64)),
    role: fields.any("role") === undefined ? undefined : fields.oneOf("role", ROLES),
  });
}

/** What all kinds share; each kind's own fields are checked by the preprocessor that reads them. */
function checkPreprocess(value: unknown, path: string): PreprocessSpec {
  const fields = new Fields(path, value);
  const kind = fields.oneOf("kind", PREPROCESS_KINDS);
  const sensors = checkTexts(`${path}.sensors`, fields.any("sensors"), MAX_SENSORS);
  if (sensors.length === 0) throw new ModelError(`${path}.sensors: expected at least one`);
  if (kind === "window" && fields.any("layout") !== undefined) fields.oneOf("layout", ["rows", "sensors"]);
  return { ...(value as object), kind, sensors } as PreprocessSpec;
}

function checkGolden(value: unknown, path: string): NonNullable<ModelManifest["golden"]> {
  const fields = new Fields(path, value);
  const cases = fields.list("cases", 0, MAX_CASES, (one, at): GoldenCase => {
    const parts = new Fields(at, one);
    return { in: checkVectors(parts.any("in"), `${at}.in`), out: checkVectors(parts.any("out"), `${at}.out`) };
  });
  return { cases, eps: fields.number("eps", 0, Number.MAX_VALUE) };
}

function checkVectors(value: unknown, path: string): Readonly<Record<string, readonly number[]>> {
  return new Fields(path, value).mapOf(MAX_TENSORS, (vector, at) => {
    const isGood = Array.isArray(vector) && vector.length <= MAX_CASE_VALUES && vector.every(Number.isFinite);
    if (isGood) return vector as readonly number[];
    throw new ModelError(`${at}: expected at most ${MAX_CASE_VALUES} finite numbers`);
  });
}

function checkText(path: string, value: unknown, max: number): string {
  if (typeof value === "string" && value.length <= max) return value;
  throw new ModelError(`${path}: expected a text of at most ${max} characters`);
}

function checkTexts(path: string, value: unknown, max: number): readonly string[] {
  if (!Array.isArray(value) || value.length > max) throw new ModelError(`${path}: expected at most ${max} names`);
  return value.map((text, i) => checkText(`${path}[${i}]`, text, MAX_TEXT));
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
