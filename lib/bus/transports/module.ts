import { BusError } from "../error";

/**
 * An optional package, loaded when a bus of its kind is first opened.
 * @param alternative what can be installed instead
 * @throws BusError, code module-missing, saying what to install
 */
export async function optionalModule<M>(name: string, alternative?: string): Promise<M> {
  try {
    const module: M & { readonly default?: M } = await import(name);
    return module.default ?? module;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isMissing(error, name)) {
      const advice = `run "npm install ${name}" in Node-RED's user directory (~/.node-red) and restart it`;
      const other = alternative ? `; or ${alternative}` : "";
      throw new BusError("module-missing", `this needs the package ${name}: ${advice}${other}`, { cause: error });
    }
    throw new BusError(
      "module-missing",
      `the package ${name} is installed but does not load; "npm rebuild ${name}" may help: ${message}`,
      { cause: error },
    );
  }
}

/** Not found itself, as opposed to lacking something of its own. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const isNotFound = code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
  return isNotFound && error.message.includes(`'${name}'`);
}
