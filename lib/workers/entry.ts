import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";

/**
 * The compiled file of a worker's module. When the pack runs from its sources, as in tests, it is the one in dist/: a thread
 * has no compiler.
 * @param entry path under lib without extension, "inference/worker"; or an absolute path, which is taken as it is
 * @throws Error when it was not built
 */
export function workerFile(entry: string): string {
  if (isAbsolute(entry)) return entry;
  const lib = resolve(__dirname, "..");
  const compiled = join(lib, `${entry}.js`);
  if (existsSync(compiled)) return compiled;
  const built = join(lib, "..", "dist", "lib", `${entry}.js`);
  if (existsSync(built)) return built;
  throw new Error(`worker ${entry}: ${compiled} does not exist; run npm run build`);
}
