import { ModelError, type SignedObject } from "../model/contract";
import { Fields } from "../model/fields";
import { checkName } from "../model/manifest";
import { checkSigned } from "../model/store/signed";

/**
 * A model in one file, for uploads and for carrying it to another gateway: "GWM1", the length of the head (32 bits, little
 * endian), the head (JSON), then the files one after the other. The head lists the files, and either describes a model that is
 * to be imported or holds the signed manifest of one that was exported.
 */
export interface Bundle {
  readonly about?: unknown;
  readonly manifest?: SignedObject;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const MAGIC = "GWM1";
const HEAD_AT = 8;
const MAX_HEAD_BYTES = 8 * 1024 * 1024;
const MAX_FILES = 64;

export function packBundle({ about, manifest, files }: Bundle): Buffer {
  const listed = [...files].map(([name, data]) => ({ name, size: data.length }));
  const head = Buffer.from(JSON.stringify({ about, manifest, files: listed }));
  const start = Buffer.alloc(HEAD_AT);
  start.write(MAGIC, "latin1");
  start.writeUInt32LE(head.length, MAGIC.length);
  return Buffer.concat([start, head, ...files.values()]);
}

export function isBundle(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1") === MAGIC;
}

/** @throws ModelError when the bytes are no whole bundle */
export function unpackBundle(bytes: Uint8Array): Bundle {
  if (bytes.length < HEAD_AT || !isBundle(bytes)) throw new ModelError("this is no model bundle");
  const length = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUInt32LE(MAGIC.length);
  const filesAt = HEAD_AT + length;
  if (length > MAX_HEAD_BYTES || filesAt > bytes.length)
    throw new ModelError("the model bundle is damaged or truncated");
  const head = new Fields("bundle", parsed(bytes.subarray(HEAD_AT, filesAt)));
  const listed = head.list("files", 1, MAX_FILES, (value, path) => {
    const fields = new Fields(path, value);
    return { name: checkName(`${path}.name`, fields.any("name")), size: fields.integer("size", 0, bytes.length) };
  });
  const files = new Map<string, Uint8Array>();
  let at = filesAt;
  for (const { name, size } of listed) {
    if (at + size > bytes.length) throw new ModelError(`the model bundle is truncated in ${name}`);
    files.set(name, bytes.subarray(at, at + size));
    at += size;
  }
  if (at !== bytes.length) throw new ModelError("the model bundle is longer than its files");
  return { about: head.any("about"), manifest: head.optional("manifest", checkSigned), files };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new ModelError("the head of the model bundle is no JSON: damaged");
  }
}
