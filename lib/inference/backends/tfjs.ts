import type { GraphModel } from "@tensorflow/tfjs-converter";
import type * as tfjs from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { ModelError, type TensorInfo, type TensorType } from "../../model/contract";
import { optionalModule } from "../../modules/optional";
import type { LoadedInfo, Runtime, RuntimeOptions } from "../protocol";
import { numbersOf, type Tensor, type TensorData, type Tensors } from "../tensor";
import { type Backend, firstFile, type LoadedModel } from "./backend";
import { packageFolder } from "./package-folder";
import { quietly } from "./quietly";
import { modelArtifacts } from "./tfjs-artifacts";

type Core = typeof tfjs;
type Model = GraphModel | LayersModel;
interface Loaders {
  loadLayersModel(handler: tfjs.io.IOHandler): Promise<LayersModel>;
  loadGraphModel(handler: tfjs.io.IOHandler): Promise<GraphModel>;
}
type TfjsRuntime = Extract<Runtime, `tfjs-${string}`>;
type Kind = "tfjs-layers" | "tfjs-graph";

/** TensorFlow.js knows these; what else a model takes is converted. */
const TYPES: Readonly<Record<string, TensorType>> = { float32: "float32", int32: "int32", bool: "bool" };

/** TensorFlow.js models as its converter or `save` wrote them: model.json and files of weights. */
export function tfjsBackend(kind: Kind): Backend {
  return {
    async load(files, options) {
      const artifacts = modelArtifacts(firstFile(files), files);
      const handler: tfjs.io.IOHandler = { load: async () => artifacts };
      const failures: string[] = [];
      for (const runtime of runtimesFor(options.runtime)) {
        const opened = await quietly(() => openRuntime(runtime, kind, options)).catch((error: unknown) => {
          failures.push(messageOf(error));
          return undefined;
        });
        if (!opened) continue;
        try {
          return await quietly(() => loaded(opened, runtime, kind, handler));
        } catch (error) {
          // WebAssembly lacks some operations that the plain one has.
          failures.push(`${runtime}: ${messageOf(error)}`);
        }
      }
      throw new ModelError(`TensorFlow.js cannot use the model: ${[...new Set(failures)].join("; ")}`);
    },
  };
}

function runtimesFor(wanted: Runtime): readonly TfjsRuntime[] {
  if (wanted === "tfjs-node" || wanted === "tfjs-wasm" || wanted === "tfjs-cpu") return [wanted];
  return ["tfjs-node", "tfjs-wasm", "tfjs-cpu"];
}

interface Opened {
  readonly core: Core;
  readonly loaders: Loaders;
}

async function openRuntime(runtime: TfjsRuntime, kind: Kind, { userDir, threads }: RuntimeOptions): Promise<Opened> {
  if (runtime === "tfjs-node") {
    const all = await optionalModule<Core & Loaders>("@tensorflow/tfjs-node", { userDir });
    return { core: all, loaders: all };
  }
  const core = await optionalModule<Core>("@tensorflow/tfjs-core", { userDir });
  const loader = kind === "tfjs-layers" ? "@tensorflow/tfjs-layers" : "@tensorflow/tfjs-converter";
  const loaders = await optionalModule<Loaders>(loader, { userDir });
  if (runtime === "tfjs-wasm") {
    const wasm = await optionalModule<WasmBackend>("@tensorflow/tfjs-backend-wasm", { userDir });
    wasm.setWasmPaths(`${packageFolder("@tensorflow/tfjs-backend-wasm", userDir)}/dist/`);
    wasm.setThreadsCount(threads);
  } else {
    await optionalModule("@tensorflow/tfjs-backend-cpu", { userDir });
  }
  const name = runtime === "tfjs-wasm" ? "wasm" : "cpu";
  if (!(await core.setBackend(name))) throw new ModelError(`the backend ${name} does not start`);
  return { core, loaders };
}

interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(threads: number): void;
}

async function loaded(
  { core, loaders }: Opened,
  runtime: TfjsRuntime,
  kind: Kind,
  handler: tfjs.io.IOHandler,
): Promise<LoadedModel> {
  const model: Model =
    kind === "tfjs-layers" ? await loaders.loadLayersModel(handler) : await loaders.loadGraphModel(handler);
  const inputs = model.inputs.map((input, i) => infoOf(input, input.name ?? `input${i}`));
  const outputs = model.outputs.map((output, i) => infoOf(output, output.name ?? `output${i}`));
  const info = { runtime: `${runtime} ${core.version_core}`, inputs, outputs };
  const answer = answerOf(core, model);
  const instance: LoadedModel = {
    info,
    run: (tensors) => run(core, answer, info, tensors),
    dispose: () => void model.dispose(),
  };
  await instance.run(zeros(inputs));
  return instance;
}

async function run(core: Core, answer: Answer, { inputs, outputs }: LoadedInfo, tensors: Tensors): Promise<Tensors> {
  const given = inputs.map(({ name }) => toTfjs(core, tensors.get(name) as Tensor));
  let answers: tfjs.Tensor[] = [];
  try {
    answers = [await answer(given)].flat();
    const data = await Promise.all(answers.map((answer) => answer.data()));
    return new Map(
      answers.map(({ shape, dtype }, i) => [
        outputs[i]?.name ?? `output${i}`,
        { type: TYPES[dtype] ?? "float32", shape, data: data[i] as TensorData },
      ]),
    );
  } finally {
    core.dispose([...given, ...answers]);
  }
}

type Answer = (inputs: tfjs.Tensor[]) => Promise<tfjs.Tensor | tfjs.Tensor[]>;

/** Graphs with loops and branches run asynchronously only, which shows when they are first run. */
function answerOf(core: Core, model: Model): Answer {
  if (!("executeAsync" in model)) return async (inputs) => core.tidy(() => model.predict(inputs)) as tfjs.Tensor;
  let isDynamic = false;
  return async (inputs) => {
    if (isDynamic) return model.executeAsync(inputs);
    try {
      return core.tidy(() => model.execute(inputs));
    } catch (error) {
      if (!messageOf(error).includes("dynamic op")) throw error;
      isDynamic = true;
      return model.executeAsync(inputs);
    }
  };
}

function toTfjs(core: Core, { type, shape, data }: Tensor): tfjs.Tensor {
  const dtype = type === "int32" || type === "bool" ? type : "float32";
  const values = dtype === "float32" && !(data instanceof Float32Array) ? Float32Array.from(numbersOf(data)) : data;
  return core.tensor(values as Float32Array, [...shape], dtype);
}

function infoOf({ shape, dtype }: { shape?: (number | null)[]; dtype: string }, name: string): TensorInfo {
  const type = TYPES[dtype];
  if (!type) throw new ModelError(`"${name}" is of type ${dtype}, which cannot be used here`);
  return { name, type, shape: (shape ?? []).map((size) => (size === null || size < 0 ? -1 : size)) };
}

function zeros(inputs: readonly TensorInfo[]): Tensors {
  return new Map(
    inputs.map(({ name, type, shape }) => {
      const sizes = shape.map((size) => Math.max(1, size));
      return [name, { type, shape: sizes, data: new Float32Array(sizes.reduce((product, size) => product * size, 1)) }];
    }),
  );
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
