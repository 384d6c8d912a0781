import {
  ModelError,
  type ModelManifest,
  type ModelOutput,
  type ModelTask,
  type NewModel,
  type TensorInfo,
} from "../model/contract";
import { Fields } from "../model/fields";
import { checkTensor, MAX_TENSORS, MODEL_FORMATS, MODEL_TASKS } from "../model/manifest";
import type { InferenceService } from "./contract";
import { recognise } from "./formats";
import { usableCases } from "./golden";

/** How far an answer may be from the recorded one: runtimes add up in different orders. */
const RECORDED_EPS = 1e-3;

/** What the user tells about a model. All but the name can be found out or left out. */
export type ModelDescription = Pick<ModelManifest, "name"> &
  Partial<
    Pick<ModelManifest, "version" | "format" | "task" | "preprocess" | "labels" | "golden" | "metrics" | "inputs">
  > & {
    /** What the outputs mean, by their names or, in their order, for those without. */
    readonly outputs?: readonly OutputDescription[];
  };

export type OutputDescription = Partial<Pick<ModelOutput, "name" | "sensor" | "unit" | "role">>;

/**
 * The description as it came from a form, a file or a message. Its parts are checked with the manifest that they go into.
 * @throws ModelError when it is none
 */
export function checkDescription(value: unknown): ModelDescription {
  const fields = new Fields("description", value);
  return {
    name: fields.text("name", 64),
    version: fields.optional("version", () => fields.text("version", 64)),
    format: fields.optional("format", () => fields.oneOf("format", MODEL_FORMATS)),
    task: fields.optional("task", () => fields.oneOf("task", MODEL_TASKS)),
    preprocess: fields.any("preprocess") as ModelManifest["preprocess"],
    labels: fields.any("labels") as ModelManifest["labels"],
    golden: fields.any("golden") as ModelManifest["golden"],
    metrics: fields.any("metrics") as ModelManifest["metrics"],
    inputs: fields.optional("inputs", () => fields.list("inputs", 0, MAX_TENSORS, checkTensor)),
    outputs: fields.optional("outputs", () =>
      fields.list("outputs", 0, 64, (output, path) => {
        void new Fields(path, output);
        return output as OutputDescription;
      }),
    ),
  };
}

/**
 * Completes a description with what a runtime finds in the files.
 * @param inspect loads the files and tells inputs, outputs and answers
 * @throws ModelError when the files are no model, or the description does not fit it
 */
export async function describeModel(
  { outputs: described = [], ...about }: ModelDescription,
  files: ReadonlyMap<string, Uint8Array>,
  inspect: InferenceService["inspect"],
): Promise<NewModel> {
  const recognised = recognise(files);
  const format = about.format ?? recognised.format;
  const ordered = mainFirst(files, recognised.main);
  const found = await inspect(format, ordered, about.inputs);
  const recorded = about.golden ? [] : usableCases(found.golden);
  const outputs = withMeaning(found.outputs, described);
  const task = about.task ?? guessedTask(about.labels, about.preprocess);
  return {
    ...about,
    ...{ format, task, outputs },
    version: about.version ?? "1",
    inputs: about.inputs ?? found.inputs,
    golden: about.golden ?? (recorded.length > 0 ? { cases: recorded, eps: RECORDED_EPS } : undefined),
    files: [...ordered].map(([name, data]) => ({ name, data })),
  };
}

function mainFirst(files: ReadonlyMap<string, Uint8Array>, main: string): Map<string, Uint8Array> {
  return new Map([...files].sort(([a], [b]) => Number(b === main) - Number(a === main)));
}

function withMeaning(found: readonly TensorInfo[], described: readonly OutputDescription[]): ModelOutput[] {
  const names = new Set(found.map(({ name }) => name));
  const unknown = described.find(({ name }) => name !== undefined && !names.has(name));
  if (unknown) throw new ModelError(`the model has no output "${unknown.name}": it has ${[...names].join(", ")}`);
  const unnamed = described.filter(({ name }) => name === undefined);
  return found.map((output) => {
    const { sensor, unit, role } = described.find(({ name }) => name === output.name) ?? unnamed.shift() ?? {};
    return { ...output, sensor, unit, role };
  });
}

function guessedTask(labels: unknown, preprocess: unknown): ModelTask {
  if (labels !== undefined) return "classification";
  return preprocess === undefined ? "raw" : "regression";
}
