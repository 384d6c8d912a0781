import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelError, type ModelFile, type ModelManifest } from "../contract";
import { type ExpectedFile, readVerified, sha256Of, writeAtomically } from "./files";

/** Files that nobody names are kept this long: a manifest that names them may be about to be written. */
export const UNUSED_FOR_MS = 3_600_000;

/** The models' files by their content: `<folder>/<sha256>`. The same weights in two versions lie there once. */
export class Blobs {
  constructor(private readonly folder: string) {}

  async write(name: string, data: Uint8Array): Promise<ModelFile> {
    const file = { name, size: data.length, sha256: await sha256Of(data) };
    // Written also when it is there: a damaged file is mended by storing the model again.
    const known = await readVerified(this.locate(file)).then(
      () => true,
      () => false,
    );
    if (!known) await writeAtomically(this.locate(file).path, data);
    return file;
  }

  locate(file: ModelFile): ExpectedFile {
    return { ...file, path: join(this.folder, file.sha256) };
  }

  /** Where a model's files lie and what they must be. */
  locateAll({ name, version, seq, files }: ModelManifest): ExpectedFile[] {
    return files.map((file) => ({ ...this.locate(file), of: `model ${name} ${version} (${seq})` }));
  }

  /** @throws ModelError when one is damaged or missing */
  async read(manifest: ModelManifest): Promise<Map<string, Uint8Array>> {
    const contents = new Map<string, Uint8Array>();
    for (const file of this.locateAll(manifest)) contents.set(file.name, await readVerified(file));
    return contents;
  }

  /** Writes those that are not there. For use under the lock, where nothing is collected: what is there then stays. */
  async ensure(files: readonly ModelFile[], contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const file of files) {
      const found = await stat(this.locate(file).path).catch(() => undefined);
      if (found?.size !== file.size) await this.write(file.name, contents.get(file.name) as Uint8Array);
    }
  }

  /** @throws ModelError when the data are not what the manifest says */
  async check(files: readonly ModelFile[], contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const { name, size, sha256 } of files) {
      const data = contents.get(name);
      if (!data) throw new ModelError(`${name}: the manifest names this file, but it did not come along`);
      if (data.length !== size) throw new ModelError(`${name}: expected ${size} bytes, got ${data.length}`);
      if ((await sha256Of(data)) !== sha256) throw new ModelError(`${name}: SHA-256 differs from the signed one`);
    }
  }

  /** Bytes on the disk. */
  async size(): Promise<number> {
    const stats = await Promise.all(
      (await this.#files()).map((file) => stat(join(this.folder, file)).catch(() => undefined)),
    );
    return stats.reduce((sum, entry) => sum + (entry?.size ?? 0), 0);
  }

  /** Removes what no manifest names, and what an interrupted write has left. */
  async collect(used: ReadonlySet<string>, now: number, unusedForMs = UNUSED_FOR_MS): Promise<number> {
    let removed = 0;
    for (const file of await this.#files()) {
      if (used.has(file)) continue;
      const path = join(this.folder, file);
      const age = now - ((await stat(path).catch(() => undefined))?.mtimeMs ?? now);
      if (age < unusedForMs) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    return removed;
  }

  async #files(): Promise<string[]> {
    return readdir(this.folder).catch(() => []);
  }
}
