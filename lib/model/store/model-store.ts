import { join } from "node:path";
import { makeFolder } from "../../files";
import { integerWithin } from "../../numeric/limits";
import {
  ModelError,
  type ModelManifest,
  type ModelStoreService,
  type NewModel,
  type SignedObject,
  type StoredModel,
} from "../contract";
import { checkManifest, checkName } from "../manifest";
import { Blobs, UNUSED_FOR_MS } from "./blobs";
import { Catalog, type NameState } from "./catalog";
import type { ExpectedFile } from "./files";
import type { PublicKey } from "./keys";
import { FolderLock } from "./lock";
import { OwnKey } from "./own-key";
import { sign, type Trust } from "./signed";

const MEGABYTE = 1024 * 1024;

export interface ModelStoreOptions {
  /** Made when it does not exist. */
  readonly folder: string;
  /** Whose models are taken besides this gateway's own. */
  readonly trusted?: readonly PublicKey[];
  /** How many of them must have signed; 1 by default. */
  readonly threshold?: number;
  /** Largest model, bytes; 512 MB by default. */
  readonly maxModelBytes?: number;
  /** Largest size of all models together, bytes; 4 GB by default. */
  readonly maxBytes?: number;
  /** Versions kept of each model, the one in use among them; 3 by default. */
  readonly keepVersions?: number;
  /** Told in one sentence of what was damaged and could be mended. */
  readonly onWarning?: (warning: string) => void;
}

export interface InstallOptions {
  /** Takes a version that is older than one that was here; refused otherwise. */
  readonly allowRollback?: boolean;
}

/** What of a name's state says that something is to be loaded. */
type Seen = Pick<NameState, "current" | "asked">;

/** A model that lies in the store and cannot be used. */
export interface StoreProblem {
  readonly name: string;
  readonly reason: string;
}

/**
 * The models of a gateway in one folder: files by their SHA-256, and signed manifests that name them. Nothing that is read
 * is trusted for being there: signatures and hashes are checked at each load. Several processes may use the folder.
 */
export class ModelStore implements ModelStoreService {
  readonly folder: string;
  readonly #options: Required<Omit<ModelStoreOptions, "folder" | "onWarning">>;
  readonly #key: OwnKey;
  readonly #blobs: Blobs;
  readonly #catalog: Catalog;
  readonly #lock: FolderLock;
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Of the names that are listened to, to notice what other processes do. */
  readonly #seen = new Map<string, Seen>();

  /** @throws RangeError naming the option */
  constructor({ folder, onWarning = () => undefined, ...options }: ModelStoreOptions) {
    this.folder = folder;
    this.#options = {
      trusted: options.trusted ?? [],
      threshold: integerWithin("threshold", options.threshold ?? 1, 1, 16),
      maxModelBytes: options.maxModelBytes ?? 512 * MEGABYTE,
      maxBytes: options.maxBytes ?? 4096 * MEGABYTE,
      keepVersions: integerWithin("keepVersions", options.keepVersions ?? 3, 1, 1000),
    };
    this.#key = new OwnKey(join(folder, "signing-key.pem"));
    this.#blobs = new Blobs(join(folder, "files"));
    this.#catalog = new Catalog(join(folder, "models"), () => this.#trust(), onWarning);
    this.#lock = new FolderLock(join(folder, "lock.sqlite"));
  }

  /** Largest model that is taken, bytes. */
  get maxModelBytes(): number {
    return this.#options.maxModelBytes;
  }

  async list(): Promise<readonly StoredModel[]> {
    return (await this.inspect()).models;
  }

  /** The models in use, and those that cannot be used with the reason. */
  async inspect(): Promise<{ readonly models: StoredModel[]; readonly problems: StoreProblem[] }> {
    const models: StoredModel[] = [];
    const problems: StoreProblem[] = [];
    for (const name of (await this.#catalog.names()).sort()) {
      try {
        const { current } = await this.#catalog.state(name);
        if (current > 0) models.push(await this.#catalog.load(name, current));
      } catch (error) {
        problems.push({ name, reason: messageOf(error) });
      }
    }
    return { models, problems };
  }

  async get(name: string): Promise<StoredModel> {
    const { current, asked } = await this.#catalog.state(name);
    if (this.#listeners.has(name) && !this.#seen.has(name)) this.#seen.set(name, { current, asked });
    if (current > 0) return this.#catalog.load(name, current);
    throw new ModelError(`model ${name}: there is none of this name in the model store ${this.folder}`);
  }

  /** Sequence numbers of the versions that are here, rising. */
  versions(name: string): Promise<readonly number[]> {
    return this.#catalog.versions(checkName("model name", name));
  }

  read({ manifest }: StoredModel): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#blobs.read(manifest);
  }

  /** The manifest as it was signed, for other gateways. */
  signed({ manifest: { name, seq } }: StoredModel): Promise<SignedObject> {
    return this.#catalog.signed(name, seq);
  }

  /** Where the files lie and what they must be, for who reads and checks them in a worker thread. */
  locate({ manifest }: StoredModel): readonly ExpectedFile[] {
    return this.#blobs.locateAll(manifest);
  }

  /** The public half of this gateway's key, made now if there is none: what other gateways trust to take its models. */
  async ownKey(): Promise<PublicKey> {
    const known = await this.#key.load();
    const { privateKey: _, ...key } = known ?? (await this.#locked(() => this.#key.loadOrMake()));
    return key;
  }

  /** For those who will add a model after hours of work. @throws ModelError when nothing can be written here */
  async mustBeWritable(): Promise<void> {
    await this.#locked(async () => undefined);
  }

  get trusted(): readonly PublicKey[] {
    return this.#options.trusted;
  }

  async add(model: NewModel): Promise<StoredModel> {
    const { files, ...about } = model;
    const contents = new Map(files.map(({ name, data }) => [checkName("file name", name), data]));
    const draft = { ...about, v: 1, kind: "model", seq: 1, created: new Date().toISOString() } as const;
    const described = [...contents].map(([name, data]) => ({ name, size: data.length, sha256: "0".repeat(64) }));
    // Judged before anything is written.
    checkManifest({ ...draft, files: described });
    await this.#makeRoom(described);
    const written: ModelManifest["files"] = await this.#write(contents);
    const next = (await this.#catalog.state(about.name)).highest + 1;
    await this.tryOut({ manifest: checkManifest({ ...draft, seq: next, files: written }), id: "", signedBy: [] });
    const stored = await this.#locked(async () => {
      const key = await this.#key.loadOrMake();
      // Another process may have collected, since they were written, those that had been here unused before.
      await this.#blobs.ensure(written, contents);
      const { highest } = await this.#catalog.state(about.name);
      const manifest = checkManifest({ ...draft, seq: highest + 1, files: written });
      const signed = sign(Buffer.from(JSON.stringify(manifest)), [key]);
      return this.#save(signed, await this.#catalog.verified(signed));
    });
    return this.#changed(stored);
  }

  async install(
    signed: SignedObject,
    contents: ReadonlyMap<string, Uint8Array>,
    { allowRollback = false }: InstallOptions = {},
  ): Promise<StoredModel> {
    const model = await this.#catalog.verified(signed);
    const { files } = model.manifest;
    await this.#refuseRollback(model, allowRollback);
    await this.#makeRoom(files);
    await this.#blobs.check(files, contents);
    await this.#write(new Map(files.map((file) => [file.name, contents.get(file.name) as Uint8Array])));
    await this.tryOut(model);
    await this.#locked(async () => {
      await this.#refuseRollback(model, allowRollback);
      await this.#blobs.ensure(files, contents);
      await this.#save(signed, model);
    });
    return this.#changed(model);
  }

  /**
   * Puts another stored version to use; has the same one loaded anew where it is not the one that runs.
   * @throws ModelError when it is not here, damaged, or older than the one in use and roll-back was not asked for
   */
  async activate(name: string, seq: number, { allowRollback = false }: InstallOptions = {}): Promise<StoredModel> {
    await this.tryOut(await this.#catalog.load(name, seq));
    const model = await this.#locked(async () => {
      const state = await this.#catalog.state(name);
      const found = await this.#catalog.load(name, seq);
      if (seq < state.current && !allowRollback) {
        throw new ModelError(`model ${name}: version ${seq} is older than ${state.current}, which is in use`);
      }
      await this.#blobs.read(found.manifest);
      await this.#catalog.setState(name, { ...(seq === state.current ? again(state) : state), current: seq });
      return found;
    });
    return this.#changed(model);
  }

  /** Has whoever uses the model try its current version again, in this process and in others. @throws ModelError when there is none */
  async askAgain(name: string): Promise<void> {
    await this.#locked(async () => {
      const state = await this.#catalog.state(name);
      if (state.current === 0) throw new ModelError(`model ${name}: there is none of this name`);
      await this.#catalog.setState(name, again(state));
    });
    await this.#see(name);
    this.#tell(name);
  }

  /**
   * Called with each model before it is put to use, its files already in place; here it does nothing.
   * @throws whatever speaks against the model, which then is not stored or put to use
   */
  protected async tryOut(_model: StoredModel): Promise<void> {}

  /** The version of that number. @throws ModelError when it is not here or cannot be trusted */
  version(name: string, seq: number): Promise<StoredModel> {
    return this.#catalog.load(name, seq);
  }

  /** Number of the version in use, also of one that cannot be loaded; 0 for none. */
  async currentOf(name: string): Promise<number> {
    return (await this.#catalog.state(name)).current;
  }

  /** The version that was last told to have run; undefined when none was, or it is not here any more. */
  async lastRun(name: string): Promise<number | undefined> {
    const { ran } = await this.#catalog.state(name);
    return ran !== undefined && (await this.#catalog.versions(name)).includes(ran) ? ran : undefined;
  }

  /** Remembers that this version loads and gives its known answers: it is kept, whatever comes, until another one does. */
  async hasRun({ manifest: { name, seq } }: StoredModel): Promise<void> {
    if ((await this.#catalog.state(name)).ran === seq) return;
    await this.#locked(async () => {
      const state = await this.#catalog.state(name);
      if (state.current > 0) await this.#catalog.setState(name, { ...state, ran: seq });
    });
  }

  /** Forgets every version of the name. Its sequence goes on: an old version cannot come back as a new one. */
  async remove(name: string): Promise<void> {
    await this.#locked(async () => {
      const state = await this.#catalog.state(name);
      if (state.current === 0) throw new ModelError(`model ${name}: there is none of this name`);
      await this.#catalog.setState(name, { highest: state.highest, current: 0 });
      for (const seq of await this.#catalog.versions(name)) await this.#catalog.drop(name, seq);
      await this.#collect();
    });
    await this.#see(name);
    this.#tell(name);
  }

  /** Drops versions beyond those that are kept, and files that no manifest names. Returns how many files went. */
  prune(unusedForMs?: number): Promise<number> {
    return this.#locked(async () => {
      for (const name of await this.#catalog.names()) {
        await this.#dropOld(name);
        await this.#catalog.sweep(name, unusedForMs ?? UNUSED_FOR_MS);
      }
      return this.#collect(unusedForMs);
    });
  }

  /** Bytes of all files. */
  size(): Promise<number> {
    return this.#blobs.size();
  }

  onChange(name: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) {
        this.#listeners.delete(name);
        this.#seen.delete(name);
      }
    };
  }

  /** Looks whether another process has changed a model that is listened to; to be called now and then. */
  async refresh(): Promise<void> {
    for (const name of [...this.#listeners.keys()]) {
      const before = this.#seen.get(name);
      const { current, asked } = await this.#see(name);
      if (before && (before.current !== current || before.asked !== asked)) this.#tell(name);
    }
  }

  async #see(name: string): Promise<Seen> {
    const { current, asked } = await this.#catalog.state(name);
    this.#seen.set(name, { current, asked });
    return { current, asked };
  }

  async #trust(): Promise<Trust> {
    return { own: await this.#key.load(), others: this.#options.trusted, threshold: this.#options.threshold };
  }

  async #refuseRollback({ manifest: { name, seq }, id }: StoredModel, allowed: boolean): Promise<void> {
    const { highest, current } = await this.#catalog.state(name);
    if (seq > highest || allowed) return;
    // The very same version again changes nothing.
    if (seq === current && (await this.#catalog.load(name, seq)).id === id) return;
    throw new ModelError(
      `model ${name}: sequence number ${seq} is not above ${highest}, which was here before: a roll-back must be asked for`,
    );
  }

  async #makeRoom(files: readonly { readonly size: number }[]): Promise<void> {
    const { maxModelBytes, maxBytes } = this.#options;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (size > maxModelBytes) {
      throw new ModelError(`the model has ${size} bytes, more than the ${maxModelBytes} that one may have`);
    }
    if ((await this.size()) + size <= maxBytes) return;
    await this.prune();
    if ((await this.size()) + size <= maxBytes) return;
    throw new ModelError(`the model store is full: ${maxBytes} bytes; remove models or allow more`);
  }

  async #write(contents: ReadonlyMap<string, Uint8Array>): Promise<ModelManifest["files"]> {
    const files: ModelManifest["files"][number][] = [];
    try {
      for (const [name, data] of contents) files.push(await this.#blobs.write(name, data));
    } catch (error) {
      throw new ModelError(`the model cannot be stored: ${messageOf(error)}`, { cause: error });
    }
    return files;
  }

  /** The state last: before it is written nothing of the new version counts. */
  async #save(signed: SignedObject, model: StoredModel): Promise<StoredModel> {
    const { name, seq } = model.manifest;
    const state = await this.#catalog.state(name);
    await this.#catalog.save(model.manifest, signed);
    await this.#catalog.setState(name, { ...state, highest: Math.max(state.highest, seq), current: seq });
    await this.#dropOld(name);
    await this.#collect();
    return model;
  }

  async #dropOld(name: string): Promise<void> {
    const { current, ran } = await this.#catalog.state(name);
    const versions = await this.#catalog.versions(name);
    // A gateway goes back to the one that ran when the current one does not.
    const others = versions.filter((seq) => seq !== current && seq !== ran);
    const surplus = others.length - Math.max(0, this.#options.keepVersions - (versions.length - others.length));
    for (const seq of others.slice(0, Math.max(0, surplus))) await this.#catalog.drop(name, seq);
  }

  async #collect(unusedForMs?: number): Promise<number> {
    const used = new Set<string>();
    for (const name of await this.#catalog.names()) {
      for (const seq of await this.#catalog.versions(name)) {
        // A manifest that cannot be read does not say which files are its own: then none is removed.
        const files = await this.#catalog.filesNamed(name, seq).catch(() => undefined);
        if (!files) return 0;
        for (const { sha256 } of files) used.add(sha256);
      }
    }
    return this.#blobs.collect(used, Date.now(), unusedForMs);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    try {
      await makeFolder(this.folder);
      return await this.#lock.run(work);
    } catch (error) {
      if (!isOfTheSystem(error)) throw error;
      throw new ModelError(`the model store ${this.folder} cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  async #changed(model: StoredModel): Promise<StoredModel> {
    const { name } = model.manifest;
    await this.#see(name);
    this.#tell(name);
    return model;
  }

  #tell(name: string): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener();
  }
}

function again(state: NameState): NameState {
  return { ...state, asked: (state.asked ?? 0) + 1 };
}

/** A full disk, a folder that may not be written. */
function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
