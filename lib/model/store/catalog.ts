import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelError, type ModelFile, type SignedObject, type StoredModel } from "../contract";
import { Fields } from "../fields";
import { checkName, MAX_MANIFEST_BYTES, parseManifest } from "../manifest";
import { writeAtomically } from "./files";
import { checkSigned, type Trust, verify } from "./signed";

/** What is known of a name. Kept when its models are removed, so that an old version cannot come back as a new one. */
export interface NameState {
  /** Highest sequence number there ever was; 0 for none. */
  readonly highest: number;
  /** The version in use; 0 for none. */
  readonly current: number;
  /** The version that last loaded and gave its known answers here. */
  readonly ran?: number;
  /** How often it was asked that the version in use be loaded again: what other processes notice. */
  readonly asked?: number;
}

const NOTHING: NameState = { highest: 0, current: 0 };

/**
 * The signed manifests: `<folder>/<name>/<seq>.json`, and which one is in use: `<folder>/<name>/state.json`.
 * What is read was never trusted: signatures are verified at each reading.
 */
export class Catalog {
  constructor(
    private readonly folder: string,
    private readonly trust: () => Promise<Trust>,
  ) {}

  async names(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async state(name: string): Promise<NameState> {
    const text = await readFile(this.#path(name, "state"), "utf8").catch(missing);
    if (text === undefined) return NOTHING;
    const fields = new Fields(`state of ${name}`, parsed(text, `state of ${name}`));
    const highest = fields.integer("highest", 0, Number.MAX_SAFE_INTEGER);
    const current = fields.integer("current", 0, highest);
    const ran = fields.optional("ran", () => fields.integer("ran", 1, highest));
    const asked = fields.optional("asked", () => fields.integer("asked", 0, Number.MAX_SAFE_INTEGER));
    return { highest, current, ...(ran === undefined ? {} : { ran }), ...(asked === undefined ? {} : { asked }) };
  }

  setState(name: string, state: NameState): Promise<void> {
    return writeAtomically(this.#path(name, "state"), Buffer.from(JSON.stringify(state)));
  }

  /** Sequence numbers that have a manifest, rising. */
  async versions(name: string): Promise<number[]> {
    const files = await readdir(join(this.folder, name)).catch(() => []);
    const numbers = files.filter((file) => /^[1-9]\d*\.json$/.test(file)).map((file) => Number.parseInt(file, 10));
    return numbers.sort((a, b) => a - b);
  }

  /**
   * The version with its signature verified now.
   * @throws ModelError when it is missing, damaged, or not signed by who is trusted
   */
  async load(name: string, seq: number): Promise<StoredModel> {
    const model = await this.verified(await this.#read(name, seq)).catch((error: Error) => {
      throw new ModelError(`model ${name}: ${error.message}`);
    });
    if (model.manifest.name === name && model.manifest.seq === seq) return model;
    throw new ModelError(
      `model ${name}, version ${seq}: the file holds ${model.manifest.name}, version ${model.manifest.seq}: files were moved`,
    );
  }

  /** The files that a version names, whoever signed it: what they name is not for removal. @throws ModelError */
  async filesNamed(name: string, seq: number): Promise<readonly ModelFile[]> {
    const { payload } = await this.signed(name, seq);
    return parseManifest(Buffer.from(payload, "base64url")).files;
  }

  /** @throws ModelError when there is none */
  async signed(name: string, seq: number): Promise<SignedObject> {
    return checkSigned(await this.#read(name, seq));
  }

  async #read(name: string, seq: number): Promise<unknown> {
    const path = this.#path(name, String(seq));
    const size = (await stat(path).catch(missing))?.size;
    if (size === undefined) throw new ModelError(`model ${name}: there is no version ${seq}`);
    if (size > MAX_MANIFEST_BYTES * 2) throw new ModelError(`model ${name}: the manifest is larger than it may be`);
    return parsed(await readFile(path, "utf8"), `model ${name}`);
  }

  /** @throws ModelError when the object is not signed by who is trusted or holds no complete manifest */
  async verified(signed: unknown): Promise<StoredModel> {
    const { payload, signedBy } = verify(signed, await this.trust());
    return { manifest: parseManifest(payload), id: createHash("sha256").update(payload).digest("hex"), signedBy };
  }

  save({ name, seq }: { readonly name: string; readonly seq: number }, signed: SignedObject): Promise<void> {
    return writeAtomically(this.#path(name, String(seq)), Buffer.from(JSON.stringify(signed)));
  }

  async drop(name: string, seq: number): Promise<void> {
    await rm(this.#path(name, String(seq)), { force: true });
  }

  /** Removes what interrupted writes have left. */
  async sweep(name: string, olderThanMs: number): Promise<void> {
    for (const file of await readdir(join(this.folder, name)).catch(() => [])) {
      if (!file.endsWith(".tmp")) continue;
      const path = join(this.folder, name, file);
      const written = (await stat(path).catch(() => undefined))?.mtimeMs;
      if (written !== undefined && Date.now() - written >= olderThanMs) await rm(path, { force: true });
    }
  }

  #path(name: string, file: string): string {
    return join(this.folder, checkName("model name", name), `${file}.json`);
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelError(`${what}: damaged: no JSON`);
  }
}
