import { choice, configSchema, flag, group, integer, quantity, rows, text } from "../../../kit/schema";

export const schema = configSchema("models", {
  family: "intelligence",
  summary: "The models of this gateway: kept signed and checked in one folder, run beside the flow.",
  version: 1,
  config: {
    folder: text("Folder", {
      default: "gatewise/models",
      required: true,
      maxLength: 1024,
      hint: "Below Node-RED's user directory, unless it begins with /. Made when it does not exist.",
    }),
    ...group("Running", {
      runtime: choice(
        "Runtime",
        {
          auto: "the fastest that is installed",
          "onnxruntime-node": "ONNX Runtime, native",
          "onnxruntime-web": "ONNX Runtime, WebAssembly",
          "tfjs-wasm": "TensorFlow.js, WebAssembly",
          "tfjs-cpu": "TensorFlow.js, JavaScript",
          "tfjs-node": "TensorFlow.js, native",
        },
        { hint: "Native is the fastest; WebAssembly runs on every machine, and is slower with large models." },
      ),
      isolation: choice(
        "Processes",
        {
          auto: "for models in native code",
          process: "for every model",
        },
        {
          hint: "A process of its own can hang, crash or want too much memory without harm to Node-RED. It takes about 20 MB more.",
        },
      ),
      threads: integer("Threads", {
        default: 1,
        min: 1,
        max: 16,
        hint: "Of one model's computation. The flow needs a core for itself.",
      }),
      timeout: quantity("Longest run", {
        unit: "s",
        default: 10,
        min: 0.01,
        max: 3600,
        hint: "A run that takes longer is ended and reported, and the model starts anew.",
      }),
      maxBatch: integer("Together", {
        unit: "samples",
        default: 32,
        min: 1,
        max: 10_000,
        hint: "At most this many of those that wait run at once. None waits for others to come.",
      }),
      memory: integer("Memory", {
        unit: "MB",
        default: 1024,
        min: 16,
        max: 65_536,
        hint: "Most that one model in a process may take; beyond it that model starts anew, and nothing else is touched. In threads it bounds the JavaScript heap, not WebAssembly.",
      }),
    }),
    ...group("Whose models are taken", {
      trusted: rows(
        "Trusted keys",
        {
          name: text("Whose", { required: true, placeholder: "release desk", maxLength: 64 }),
          key: text("Public key", { required: true, placeholder: "Ed25519: 43 characters, or PEM", maxLength: 1024 }),
        },
        { hint: "Besides this gateway's own, for models that were trained or released elsewhere." },
      ),
      threshold: integer("Signatures", {
        default: 1,
        min: 1,
        max: 16,
        hint: "So many of the trusted keys must have signed such a model.",
      }),
      flowsImport: flag("Flows may import models", {
        hint: "By the command import of the predict node. What can send it messages can then bring models in.",
      }),
    }),
    ...group(
      "Limits",
      {
        maxModel: quantity("Largest model", { unit: "MB", default: 512, min: 0.001, max: 100_000 }),
        maxSize: quantity("All models", { unit: "MB", default: 4096, min: 1, max: 10_000_000 }),
        keep: integer("Versions kept", {
          unit: "of each model",
          default: 3,
          min: 1,
          max: 1000,
          hint: "To go back to when a new one disappoints.",
        }),
      },
      { folded: true },
    ),
  },
});
