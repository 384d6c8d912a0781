import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A package that is installed only where it is wanted is missing, or does not load. */
export class OptionalModuleError extends Error {
  override readonly name = "OptionalModuleError";
}

export interface OptionalModuleOptions {
  /** Node-RED's user directory: where its users install packages, and looked at when the pack itself does not find one. */
  readonly userDir?: string;
  /** What can be installed or done instead. */
  readonly alternative?: string;
}

/**
 * A package that is not among the hard dependencies, loaded at first use.
 * @throws OptionalModuleError saying what to install
 */
export async function optionalModule<M>(name: string, options: OptionalModuleOptions = {}): Promise<M> {
  const { userDir, alternative } = options;
  try {
    return await load<M>(name, userDir);
  } catch (error) {
    const other = alternative ? `; or ${alternative}` : "";
    if (isMissing(error, name)) {
      const advice = `run "npm install ${name}" in Node-RED's user directory (~/.node-red) and restart it`;
      throw new OptionalModuleError(`this needs the package ${name}: ${advice}${other}`, { cause: error });
    }
    const message = error instanceof Error ? error.message : String(error);
    throw new OptionalModuleError(
      `the package ${name} is installed but does not load; "npm rebuild ${name}" may help: ${message}${other}`,
      { cause: error },
    );
  }
}

async function load<M>(name: string, userDir: string | undefined): Promise<M> {
  try {
    return unwrapped<M>(await import(name));
  } catch (error) {
    if (userDir === undefined || !isMissing(error, name)) throw error;
    const resolved = createRequire(join(userDir, "package.json")).resolve(name);
    return unwrapped<M>(await import(pathToFileURL(resolved).href));
  }
}

function unwrapped<M>(module: M & { readonly default?: M }): M {
  return module.default ?? module;
}

/** Not found itself, as opposed to lacking something of its own. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const isNotFound = code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
  return isNotFound && error.message.includes(`'${name}'`);
}
