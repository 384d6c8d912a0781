import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-node";
import { ModelError, type TensorInfo, type TensorType } from "../../model/contract";
import { optionalModule } from "../../modules/optional";
import type { RuntimeOptions } from "../protocol";
import type { Tensor, TensorData, Tensors } from "../tensor";
import { type Backend, firstFile, type LoadedModel } from "./backend";

/** What both packages export. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
  readonly env: {
    logLevel?: string;
    readonly versions: { readonly common: string; readonly node?: string; readonly web?: string };
    readonly wasm: { numThreads?: number };
  };
}

type OnnxPackage = "onnxruntime-node" | "onnxruntime-web";

const TYPES: ReadonlySet<string> = new Set<TensorType>([
  "float32",
  "float64",
  "int8",
  "uint8",
  "int32",
  "int64",
  "bool",
  "string",
]);

/** ONNX Runtime: its native package where it loads, the one compiled to WebAssembly elsewhere. */
export const onnx: Backend = {
  async load(files, options) {
    const { name, runtime } = await onnxRuntime(options);
    runtime.env.logLevel = "error";
    if (name === "onnxruntime-web") runtime.env.wasm.numThreads = options.threads;
    const [, ...others] = files;
    const session = await runtime.InferenceSession.create(firstFile(files), {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      logSeverityLevel: 3,
      ...(others.length > 0 ? { externalData: others.map(([path, data]) => ({ path, data })) } : {}),
    }).catch((error: unknown) => {
      throw new ModelError(`ONNX Runtime refuses the file: ${failure(error)}`);
    });
    return loaded(session, runtime, name);
  },
};

async function onnxRuntime(options: RuntimeOptions): Promise<{ name: OnnxPackage; runtime: OnnxRuntime }> {
  const { runtime: wanted, userDir } = options;
  const load = async (name: OnnxPackage, alternative: string) => ({
    name,
    runtime: await optionalModule<OnnxRuntime>(name, { userDir, alternative }),
  });
  if (wanted === "onnxruntime-web") return load(wanted, "choose another runtime");
  const native = load("onnxruntime-node", "onnxruntime-web where that has no binary for the machine");
  if (wanted === "onnxruntime-node") return native;
  return native.catch((error: unknown) =>
    load("onnxruntime-web", "").catch(() => {
      throw error;
    }),
  );
}

function loaded(session: InferenceSession, runtime: OnnxRuntime, name: OnnxPackage): LoadedModel {
  const inputs = session.inputMetadata.map((metadata) => infoOf(metadata, "input"));
  // Classifiers of scikit-learn give their scores as a list of maps, which these packages cannot hand over, beside the label.
  const outputs = session.outputMetadata.filter(({ isTensor }) => isTensor).map((each) => infoOf(each, "output"));
  const fetches = outputs.map((output) => output.name);
  const version = runtime.env.versions[name === "onnxruntime-web" ? "web" : "node"] ?? runtime.env.versions.common;
  return {
    info: { runtime: `${name} ${version}`, inputs, outputs },
    async run(tensors) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [input, tensor] of tensors) feeds[input] = ortTensor(runtime, tensor);
      const results = await session.run(feeds, fetches).catch((error: unknown) => {
        throw new Error(failure(error));
      });
      const answers: [string, Tensor][] = [];
      for (const output of outputs) {
        const result = results[output.name] as OrtTensor;
        answers.push([output.name, { type: output.type, shape: result.dims, data: result.data as TensorData }]);
      }
      return new Map(answers) as Tensors;
    },
    dispose: () => session.release(),
  };
}

function ortTensor({ Tensor: OrtTensorClass }: OnnxRuntime, { type, shape, data }: Tensor): OrtTensor {
  return new OrtTensorClass(type as "float32", data as Float32Array, shape);
}

function infoOf(metadata: InferenceSession.ValueMetadata, what: string): TensorInfo {
  if (!metadata.isTensor)
    throw new ModelError(`${what} "${metadata.name}" is no tensor: such models cannot be run here`);
  const { name, type, shape } = metadata;
  if (!TYPES.has(type)) throw new ModelError(`${what} "${name}" is of type ${type}, which cannot be used here`);
  return { name, type: type as TensorType, shape: shape.map((size) => (typeof size === "number" ? size : -1)) };
}

/** What the runtime says, without the places in its sources that it begins with. */
function failure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const wanted = /Failed to allocate memory for requested buffer of size (\d+)/.exec(message)?.[1];
  if (wanted) return `there is no memory for the ${Math.ceil(Number(wanted) / 2 ** 20)} MB that it asks for at once`;
  if (message.includes("std::bad_alloc")) return "there is no memory for what it asks for";
  const [line = ""] = message.split("\n");
  return line.replace(/\/\S+\.(cc|h):\d+ /, "").slice(0, 300);
}
