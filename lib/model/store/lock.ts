import { open, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { ModelError } from "../contract";

/** Work under the lock takes milliseconds: a lock this old was left by a process that was killed. */
const STALE_MS = 30_000;
const WAIT_MS = 10_000;
const RETRY_MS = 20;

/**
 * Work that must not run twice at a time, in this process or another: the command line may import a model while the gateway
 * runs. A lock whose process is gone is taken over.
 */
export class FolderLock {
  #last: Promise<unknown> = Promise.resolve();

  /** @param path of the lock file, in a folder that exists */
  constructor(private readonly path: string) {}

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#locked(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    await this.#take();
    try {
      return await work();
    } finally {
      await rm(this.path, { force: true });
    }
  }

  async #take(): Promise<void> {
    const end = Date.now() + WAIT_MS;
    while (!(await this.#tryToTake())) {
      if (await this.#isStale()) await rm(this.path, { force: true });
      else if (Date.now() > end)
        throw new ModelError(`${this.path}: another process has held it for ${WAIT_MS / 1000} s`);
      else await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #tryToTake(): Promise<boolean> {
    try {
      const file = await open(this.path, "wx");
      await file.writeFile(`${process.pid} ${hostname()}`);
      await file.close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  async #isStale(): Promise<boolean> {
    try {
      const [{ mtimeMs }, owner] = await Promise.all([stat(this.path), readFile(this.path, "utf8")]);
      if (Date.now() - mtimeMs > STALE_MS) return true;
      const [pid, host] = owner.split(" ");
      // Process ids mean nothing in another container that shares the folder.
      return host === hostname() && !isRunning(Number(pid));
    } catch {
      return false;
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
