import { ModelError } from "../../../lib/model/contract";
import { describe } from "../../../lib/reading";
import type { ModelsNodeService } from "../models/service";

export interface ImportedModel {
  readonly name: string;
  readonly version: string;
  readonly seq: number;
}

/**
 * Imports the model in a message's payload: its description, with `files` by name: Buffers, texts, or objects that are written as
 * JSON. @throws ModelError when flows may not import, or the model cannot be used
 */
export async function importedModel(service: ModelsNodeService, payload: unknown): Promise<ImportedModel> {
  if (!service.flowsMayImport) {
    throw new ModelError('flows may not import models: "Flows may import models" in the models node allows it');
  }
  if (typeof payload !== "object" || payload === null || !("files" in payload)) {
    throw new ModelError(`msg.payload: expected {name, files}, got ${describe(payload)}`);
  }
  const { files, ...about } = payload;
  if (typeof files !== "object" || files === null)
    throw new ModelError("msg.payload.files: expected files by their names");
  const contents = new Map(Object.entries(files).map(([name, content]) => [name, bytesOf(name, content)]));
  const { manifest } = await service.import({ about, files: contents });
  return { name: manifest.name, version: manifest.version, seq: manifest.seq };
}

function bytesOf(name: string, content: unknown): Uint8Array {
  if (content instanceof Uint8Array) return content;
  if (typeof content === "string") return Buffer.from(content);
  if (typeof content === "object" && content !== null) return jsonBytes(name, content);
  throw new ModelError(`msg.payload.files.${name}: expected a Buffer, a text or an object, got ${describe(content)}`);
}

function jsonBytes(name: string, content: object): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(content));
  } catch {
    throw new ModelError(
      `msg.payload.files.${name}: an object that holds itself or is nested too deeply cannot be written as JSON`,
    );
  }
}
