import type { io } from "@tensorflow/tfjs-core";
import { ModelError } from "../../model/contract";
import { Fields } from "../../model/fields";

const MAX_GROUPS = 10_000;

/**
 * What a TensorFlow.js loader takes, put together from files in memory: topology, and weights in the order of the manifest.
 * @throws ModelError when model.json is none, or names files that did not come along
 */
export function modelArtifacts(modelJson: Uint8Array, files: ReadonlyMap<string, Uint8Array>): io.ModelArtifacts {
  const parsed = parseJson(modelJson);
  const fields = new Fields("model.json", parsed);
  const topology = fields.any("modelTopology");
  if (typeof topology !== "object" || topology === null) {
    throw new ModelError("model.json: expected modelTopology: this is no TensorFlow.js model");
  }
  const specs: io.WeightsManifestEntry[] = [];
  const parts: Uint8Array[] = [];
  fields.optional("weightsManifest", () =>
    fields.list("weightsManifest", 0, MAX_GROUPS, (value, path) => {
      const group = new Fields(path, value);
      parts.push(...group.list("paths", 0, MAX_GROUPS, (name, at) => fileNamed(name, at, files)));
      specs.push(...group.list("weights", 0, MAX_GROUPS * 10, (spec) => spec as io.WeightsManifestEntry));
    }),
  );
  return {
    ...(parsed as io.ModelArtifacts),
    modelTopology: topology,
    weightSpecs: specs,
    weightData: concatenated(parts),
  };
}

/** Names of the files of weights, as model.json gives them. @throws ModelError */
export function weightFiles(modelJson: Uint8Array): string[] {
  const groups = new Fields("model.json", parseJson(modelJson)).any("weightsManifest") ?? [];
  if (!Array.isArray(groups)) throw new ModelError("model.json.weightsManifest: expected a list");
  return groups.flatMap((group: unknown) => {
    const { paths } = (group ?? {}) as { readonly paths?: unknown };
    return Array.isArray(paths) ? paths.map(String) : [];
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new ModelError("model.json: no JSON: damaged or truncated");
  }
}

function fileNamed(name: unknown, path: string, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  // A converter may have written "./group1-shard1of1.bin".
  const plain = typeof name === "string" ? name.replace(/^\.\//, "") : "";
  const data = files.get(plain);
  if (data) return data;
  throw new ModelError(`${path}: the file "${String(name).slice(0, 80)}" did not come along`);
}

function concatenated(parts: readonly Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
