import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { ModelError, type TensorInfo, type TensorType } from "../../model/contract";
import { optionalModule } from "../../modules/optional";
import type { RuntimeOptions } from "../protocol";
import type { Tensor, TensorData, Tensors } from "../tensor";
import { type Backend, firstFile, type LoadedModel } from "./backend";
import { packageFolder } from "./package-folder";
import { quietly } from "./quietly";

const PACKAGE = "@litertjs/core";
const ALTERNATIVE = "convert the model to ONNX (python -m tf2onnx.convert --tflite model.tflite --output model.onnx)";

/** The part of LiteRT.js that is used; its own types want a browser's. */
interface LiteRt {
  loadLiteRt(folder: string): Promise<unknown>;
  loadAndCompile(model: Uint8Array, options: { readonly accelerator: "wasm" }): Promise<CompiledModel>;
  readonly Tensor: new (data: TensorData, shape: readonly number[]) => LiteRtTensor;
}
interface LiteRtTensor {
  data(): Promise<TensorData>;
  delete(): void;
}
interface Details {
  readonly name: string;
  readonly dtype: string;
  readonly shape: ArrayLike<number>;
}
interface CompiledModel {
  getInputDetails(): readonly Details[];
  getOutputDetails(): readonly Details[];
  run(inputs: readonly LiteRtTensor[]): Promise<readonly LiteRtTensor[]>;
  delete(): void;
}

/** TensorFlow Lite models by LiteRT's WebAssembly, which is made for browsers and gets here what it looks for there. */
export const tflite: Backend = {
  async load(files, options) {
    const litert = await quietly(() => liteRt(options));
    const compiled = await quietly(() =>
      litert.loadAndCompile(new Uint8Array(firstFile(files)), { accelerator: "wasm" }),
    ).catch((error: unknown) => {
      throw new ModelError(`LiteRT refuses the file: ${messageOf(error)}; or ${ALTERNATIVE}`);
    });
    return loaded(litert, compiled, versionOf(options));
  },
};

let running: Promise<LiteRt> | undefined;

function liteRt(options: RuntimeOptions): Promise<LiteRt> {
  running ??= start(options);
  return running;
}

async function start({ userDir }: RuntimeOptions): Promise<LiteRt> {
  const litert = await optionalModule<LiteRt>(PACKAGE, { userDir, alternative: ALTERNATIVE });
  const folder = join(packageFolder(PACKAGE, userDir), "wasm");
  looksLikeAWebWorker(folder);
  await litert.loadLiteRt(folder);
  return litert;
}

/**
 * In a browser's worker LiteRT takes its loader by importScripts, and the loader finds `self`. Because this is Node.js too,
 * the loader reads files by a global `require`. Only this thread sees any of it.
 */
function looksLikeAWebWorker(folder: string): void {
  Object.assign(globalThis, {
    self: globalThis,
    importScripts: (path: string) => void runInThisContext(readFileSync(path, "utf8"), { filename: path }),
    require: createRequire(join(folder, "loader.js")),
    __dirname: folder,
    __filename: join(folder, "loader.js"),
    Module: {
      locateFile: (file: string) => join(folder, file),
      print: () => undefined,
      printErr: () => undefined,
    },
  });
}

function loaded(litert: LiteRt, compiled: CompiledModel, version: string): LoadedModel {
  const inputs = compiled.getInputDetails().map((details) => infoOf(details, "input"));
  const outputs = compiled.getOutputDetails().map((details) => infoOf(details, "output"));
  return {
    info: { runtime: `${PACKAGE} ${version}`, inputs, outputs },
    async run(tensors) {
      const given = inputs.map(({ name }) => {
        const { data, shape } = tensors.get(name) as Tensor;
        return new litert.Tensor(data, shape);
      });
      let answers: readonly LiteRtTensor[] = [];
      try {
        answers = await compiled.run(given);
        const data = await Promise.all(answers.map((answer) => answer.data()));
        return new Map(
          outputs.map(({ name, type, shape }, i) => [name, { type, shape, data: data[i] as TensorData }]),
        ) as Tensors;
      } finally {
        for (const tensor of [...given, ...answers]) tensor.delete();
      }
    },
    dispose: () => compiled.delete(),
  };
}

function infoOf({ name, dtype, shape }: Details, what: string): TensorInfo {
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "uint8") {
    throw new ModelError(`${what} "${name}" is of type ${dtype}, which LiteRT.js does not take; ${ALTERNATIVE}`);
  }
  return { name, type: dtype as TensorType, shape: Array.from(shape) };
}

function versionOf({ userDir }: RuntimeOptions): string {
  const description = readFileSync(join(packageFolder(PACKAGE, userDir), "package.json"), "utf8");
  return String((JSON.parse(description) as { readonly version: unknown }).version);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
