import { chmod, readFile, stat } from "node:fs/promises";
import { ModelError } from "../contract";
import { writeAtomically } from "./files";
import { newSigningKey, type SigningKey, signingKeyFrom, signingKeyText } from "./keys";

const NAME = "this gateway";
const OWNER_ONLY = 0o600;
const REMEDY = "put a copy in its place, or remove it for a new key: what it has signed must then be imported again";

/** The key that this gateway signs with what it trains or imports. Made at first use, readable by its owner only. */
export class OwnKey {
  #key: SigningKey | undefined;

  constructor(private readonly path: string) {}

  /** The key if there is one. @throws ModelError when the file is damaged or open to others */
  async load(): Promise<SigningKey | undefined> {
    if (this.#key) return this.#key;
    const text = await readFile(this.path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new ModelError(`${this.path}: ${error.message}`);
    });
    if (text === undefined) return undefined;
    await this.#closeToOthers();
    try {
      this.#key = signingKeyFrom(text, NAME);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ModelError(`${this.path}: ${reason}; ${REMEDY}`, { cause: error });
    }
    return this.#key;
  }

  /** Not to be called twice at a time. */
  async loadOrMake(): Promise<SigningKey> {
    const known = await this.load();
    if (known) return known;
    const key = newSigningKey(NAME);
    await writeAtomically(this.path, Buffer.from(signingKeyText(key)), OWNER_ONLY);
    this.#key = key;
    return key;
  }

  /** As ssh does: a key that others may read is not a secret any more. */
  async #closeToOthers(): Promise<void> {
    if (process.platform === "win32") return;
    if (isOwnersOnly((await stat(this.path)).mode)) return;
    await chmod(this.path, OWNER_ONLY).catch(() => undefined);
    if (isOwnersOnly((await stat(this.path)).mode)) return;
    throw new ModelError(`${this.path}: others may read this signing key; chmod 600 it, or remove it for a new one`);
  }
}

function isOwnersOnly(mode: number): boolean {
  return (mode & 0o077) === 0;
}
