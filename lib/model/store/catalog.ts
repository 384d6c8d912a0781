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

/**
 * The signed manifests: `<folder>/<name>/<seq>.json`, and which one is in use: `<folder>/<name>/state.json`.
 * What is read was never trusted: signatures are verified at each reading.
 */
export class Catalog {
  /** Names whose lost state was told. */
  readonly #told = new Set<string>();

  /** @param warn told, once a name, that its state was lost, and what took its place */
  constructor(
    private readonly folder: string,
    private readonly trust: () => Promise<Trust>,
    private readonly warn: (warning: string) => void,
  ) {}

  async names(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  /** As it was written; where that is damaged or lost, what the versions that are here say. */
  async state(name: string): Promise<NameState> {
    const text = await readFile(this.#path(name, "state"), "utf8").catch(missing);
    if (text !== undefined) {
      try {
        return stateOf(name, text);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
      }
    }
    const versions = await this.versions(name);
    const state = { highest: versions.at(-1) ?? 0, current: await this.#newestUsable(name, versions) };
    // One version alone without a state is the first one, which is being stored.
    if (text !== undefined || versions.length > 1) this.#tellLost(name, state);
    return state;
  }

  /** The newest version that is signed by who is trusted; the newest of all when none is, which then says why. */
  async #newestUsable(name: string, versions: readonly number[]): Promise<number> {
    for (const seq of versions.toReversed()) {
      const isUsable = await this.load(name, seq).then(
        () => true,
        () => false,
      );
      if (isUsable) return seq;
    }
    return versions.at(-1) ?? 0;
  }

  #tellLost(name: string, { highest, current }: NameState): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    const now =
      highest === 0
        ? "no version of it is here; numbers begin anew"
        : `of the versions that are here, the newest that can be used is in use: ${current}`;
    this.warn(`model ${name}: which version is in use was lost, its state.json is damaged or missing; ${now}`);
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

function stateOf(name: string, text: string): NameState {
  const fields = new Fields(`state of ${name}`, parsed(text, `state of ${name}`));
  const highest = fields.integer("highest", 0, Number.MAX_SAFE_INTEGER);
  const current = fields.integer("current", 0, highest);
  const ran = fields.optional("ran", () => fields.integer("ran", 1, highest));
  const asked = fields.optional("asked", () => fields.integer("asked", 0, Number.MAX_SAFE_INTEGER));
  return { highest, current, ...(ran === undefined ? {} : { ran }), ...(asked === undefined ? {} : { asked }) };
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
