import { ModelError, type ModelManifest, type TensorInfo } from "../model/contract";
import { readVerified } from "../model/store/files";
import { serve } from "../workers/serve";
import { backends, type LoadedModel } from "./backends";
import { checkGolden, recordGolden } from "./golden";
import {
  type Inspected,
  type InspectRequest,
  type LoadedInfo,
  type LoadRequest,
  NOT_LOADED,
  type RunRequest,
} from "./protocol";
import { elementsOf, emptyData, isBatched, ownMemory, samplesFrom, stacked, type Tensors } from "./tensor";

/** One worker, one model: what goes wrong in it concerns no other, and ending the worker frees all that it took. */
let loaded: { readonly model: LoadedModel; readonly inputs: readonly TensorInfo[] } | undefined;

serve({
  async load({ manifest, files, options }: LoadRequest): Promise<LoadedInfo> {
    await loaded?.model.dispose();
    loaded = undefined;
    const contents = new Map<string, Uint8Array>();
    for (const file of files) contents.set(file.name, await readVerified(file));
    const model = await backends[manifest.format].load(contents, options, manifest);
    checkNames(manifest, model.info);
    const run = (inputs: Tensors): Promise<Tensors> => runSamples(model, manifest.inputs, inputs);
    await checkGolden(manifest, run);
    if (!manifest.golden?.cases.length) await warmUp(manifest.inputs, run);
    loaded = { model, inputs: manifest.inputs };
    return model.info;
  },

  async run({ inputs }: RunRequest): Promise<Tensors> {
    if (!loaded) throw notLoaded();
    return ownMemory(await runSamples(loaded.model, loaded.inputs, inputs));
  },

  async inspect({ format, files, inputs: wanted, options }: InspectRequest): Promise<Inspected> {
    const model = await backends[format].load(files, options, undefined);
    const inputs = wanted ?? model.info.inputs;
    // What a manifest with other names lacks is told when that is tried out.
    const isNamedSo = namesOf(inputs) === namesOf(model.info.inputs);
    const golden = isNamedSo ? await recordGolden(inputs, (given) => runSamples(model, inputs, given)) : [];
    return { ...model.info, golden };
  },
});

/** The samples at once, or one after the other where the model takes exactly one. */
async function runSamples(model: LoadedModel, infos: readonly TensorInfo[], inputs: Tensors): Promise<Tensors> {
  const isOneByOne = isBatched(infos) && infos.some(({ shape }) => shape[0] === 1);
  const count = [...inputs.values()][0]?.shape[0] ?? 0;
  if (!isOneByOne || count === 1) return model.run(inputs);
  const answers: Tensors[] = [];
  for (let i = 0; i < count; i++) answers.push(await model.run(samplesFrom(inputs, i, 1)));
  return stacked(answers);
}

/** The first runs of a model allocate and compile. */
async function warmUp(inputs: readonly TensorInfo[], run: (inputs: Tensors) => Promise<Tensors>): Promise<void> {
  const zeros = new Map(
    inputs.map(({ name, type, shape }) => {
      const sizes = shape.map((size) => Math.max(1, size));
      return [name, { type, shape: sizes, data: emptyData(type, elementsOf(sizes)) }];
    }),
  );
  for (let i = 0; i < 2; i++) await run(zeros);
}

function checkNames({ inputs, outputs }: ModelManifest, info: LoadedInfo): void {
  const known = new Set(info.outputs.map(({ name }) => name));
  const missing = outputs.find(({ name }) => !known.has(name));
  if (missing) throw new ModelError(`the model has no output "${missing.name}": it has ${[...known].join(", ")}`);
  if (namesOf(inputs) === namesOf(info.inputs)) return;
  const [named, wanted] = [inputs, info.inputs].map((infos) => infos.map(({ name }) => name).join(", "));
  throw new ModelError(`the manifest names the inputs ${named}, the model has ${wanted}`);
}

const namesOf = (infos: readonly TensorInfo[]): string =>
  infos
    .map(({ name }) => name)
    .sort()
    .join("\n");

function notLoaded(): Error {
  const error = new Error("the worker was replaced and has no model yet");
  error.name = NOT_LOADED;
  return error;
}
